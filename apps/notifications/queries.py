"""What somebody sees of what he was told. Every read is cached; invalidation.py says until when."""

from collections.abc import Sequence
from typing import Any

from apps.notifications import keys
from apps.notifications.documents import Notification
from apps.notifications.errors import NotificationNotFound
from apps.notifications.invalidation import notification_tag
from apps.notifications.kinds import KINDS, PERSON
from apps.notifications.pages import NotificationListPage, NotificationPage, UnreadCount
from apps.users.limits import ORPHAN_ID
from apps.users.pages import AuthorRef
from apps.users.queries import list_authors
from storychain.api.keyset import read_latest
from storychain.api.pagination import decode_cursor
from storychain.cache.region import Cached, Region

LISTS = Region(
    "notification.list",
    ttl="NOTIFICATION_LIST",
    type=NotificationListPage,
    finds=("user",),
    reads=("notifications", "users"),
)
COUNTS = Region(
    "notification.count", ttl="NOTIFICATION_COUNT", type=UnreadCount, reads=("notifications",)
)


def list_notifications(
    *, user_id: str, is_unread: bool, limit: int, cursor: str | None
) -> Cached[NotificationListPage]:
    """Return one page of somebody's notifications, newest first; on demand only the unread."""
    scope = keys.notification_list(user_id, unread=is_unread)
    after = decode_cursor(scope, cursor)
    mine = {"user_id": user_id} | ({"is_read": False} if is_unread else {})
    found = Notification.objects(**mine)
    return LISTS.get_or_load(
        keys.notification_list(user_id, unread=is_unread, limit=limit, after=after),
        tags=[notification_tag(user_id)],
        load=lambda: _load_list(found, scope=scope, limit=limit, after=after),
    )


def count_unread(*, user_id: str) -> Cached[UnreadCount]:
    """Return how much somebody has not read yet."""
    return COUNTS.get_or_load(
        keys.notification_count(user_id),
        tags=[notification_tag(user_id)],
        load=lambda: UnreadCount(Notification.objects(user_id=user_id, is_read=False).count()),
    )


def get_notification(*, notification_id: str, user_id: str) -> NotificationPage:
    """Return one of somebody's notifications, never from a cache; raise NotificationNotFound."""
    found = Notification.objects(notification_id=notification_id, user_id=user_id).first()
    if found is None:
        raise NotificationNotFound
    return _show(found, list_authors(_actors([found])))


def _load_list(
    found: Any, *, scope: str, limit: int, after: list[Any] | None
) -> NotificationListPage:
    page = read_latest(found, order="created_at", limit=limit, scope=scope, after=after)
    people = list_authors(_actors(page.rows))
    return NotificationListPage(
        items=[_show(row, people) for row in page.rows],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


def _actors(rows: Sequence[Notification]) -> list[str]:
    return [row.related["actor_id"] for row in rows if row.related.get("actor_id")]


def _show(row: Notification, people: dict[str, AuthorRef]) -> NotificationPage:
    """Show a notification; whoever caused it and is gone is nowhere in it."""
    actor = people.get(row.related.get("actor_id"))
    is_gone = actor is not None and actor.user_id == ORPHAN_ID
    leads_to_him = KINDS[row.type].action_url == PERSON
    return NotificationPage(
        id=row.notification_id,
        type=row.type,
        title=row.title,
        message=row.message,
        action_url=None if is_gone and leads_to_him else row.action_url,
        actor=actor,
        related={**row.related, "actor_id": ORPHAN_ID} if is_gone else dict(row.related),
        is_read=row.is_read,
        read_at=row.read_at,
        created_at=row.created_at,
    )
