"""What can be wrong with a person's account."""

from storychain.errors import Conflict, NotFound


class UserNotFound(NotFound):
    """Nobody has this id."""

    code, title = "user-not-found", "There is no such user"


class UsernameTaken(Conflict):
    """Another member has this name already."""

    code, title = "username-taken", "This username is taken"
