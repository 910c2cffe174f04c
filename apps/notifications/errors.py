"""What can be wrong with a notification."""

from storychain.errors import NotFound


class NotificationNotFound(NotFound):
    """The caller was told nothing of this id."""

    code, title = "notification-not-found", "There is no such notification"
