"""What somebody sees of what he was told. Every read is cached; invalidation.py says until when."""

from collections.abc import Sequence
from typing import Any

from apps.notifications import keys
from apps.notifications.documents import Notification
from apps.notifications.errors import NotificationNotFound
from apps.notifications.invalidation import notification_tag
from apps.notifications.kinds import KINDS, PERSON
from apps.notifications.pages import NotificationListPage, NotificationPage, UnreadCount
from apps.notifications.showing import Reading, read_today
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
    finds=("user", "story", "chapter", "pr", "standing", "platform-role"),
    reads=(
        "notifications",
        "users",
        "stories",
        "chapters",
        "pull_requests",
        "collaborators",
        "story_bans",
        "platform_roles",
    ),
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
        load=lambda: _load_list(found, user_id=user_id, scope=scope, limit=limit, after=after),
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
    return _show_all([found], user_id)[0]


def _load_list(
    found: Any, *, user_id: str, scope: str, limit: int, after: list[Any] | None
) -> NotificationListPage:
    page = read_latest(found, order="created_at", limit=limit, scope=scope, after=after)
    return NotificationListPage(
        items=_show_all(page.rows, user_id), next_cursor=page.next_cursor, has_more=page.has_more
    )


def _show_all(rows: Sequence[Notification], user_id: str) -> list[NotificationPage]:
    readings = read_today(rows, user_id=user_id)
    people = list_authors({_actor_of(one) for one in readings} - {""})
    return [_show(row, reading, people) for row, reading in zip(rows, readings, strict=True)]


def _show(row: Notification, reading: Reading, people: dict[str, AuthorRef]) -> NotificationPage:
    """Show a notification; whoever caused it and is gone is nowhere in it."""
    actor = people.get(_actor_of(reading))
    is_gone = actor is not None and actor.user_id == ORPHAN_ID
    leads_to_him = KINDS[row.type].action_url == PERSON
    return NotificationPage(
        id=row.notification_id,
        type=row.type,
        title=reading.title,
        message=reading.message,
        action_url=None if is_gone and leads_to_him else reading.action_url,
        actor=actor,
        related={**reading.related, **({"actor_id": ORPHAN_ID} if is_gone else {})},
        is_read=row.is_read,
        read_at=row.read_at,
        created_at=row.created_at,
    )


def _actor_of(reading: Reading) -> str:
    return str(reading.related.get("actor_id") or "")
