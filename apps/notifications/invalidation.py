"""What goes stale when somebody is told something, reads it, or it is cleared away."""

from collections.abc import Iterator

from apps.notifications.documents import Notification
from storychain.cache.invalidation import invalidates
from storychain.cache.tags import Tag, tag
from storychain.documents import Change


def notification_tag(user_id: str) -> Tag:
    """Everything that shows or counts what this person was told."""
    return tag("notif", user_id)


@invalidates(Notification)
def notification_changed(change: Change[Notification]) -> Iterator[Tag]:
    """Every page of the list, read or unread, and the count: all variants carry one tag."""
    yield notification_tag(change.document.user_id)
