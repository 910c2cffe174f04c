"""Where people are signed in: whether a session is over, cached; and the list of one's own."""

import msgspec

from apps.users import keys
from apps.users.documents import PlatformBan, Session, User
from apps.users.invalidation import platform_ban_tag, session_tag, user_tag
from apps.users.pages import SessionListPage, SessionView
from storychain.api.keyset import read_latest
from storychain.api.pagination import decode_cursor
from storychain.cache.region import Region


class SessionStanding(msgspec.Struct, frozen=True):
    """Whether a session's tokens hold, and why its account is banned, if it is."""

    is_over: bool
    banned_for: str | None = None


STANDINGS = Region(
    "user.session",
    ttl="SESSION",
    type=SessionStanding,
    reads=("users", "sessions", "platform_bans"),
)


def get_standing(*, session_id: str, user_id: str) -> SessionStanding:
    """Tell whether this session is over, or its account deleted; and whether that is banned.

    A session of which nothing is known yet holds: a token may come before Clerk's webhook.
    """
    return STANDINGS.get_or_load(
        keys.session(session_id, user_id),
        tags=[session_tag(session_id), user_tag(user_id), platform_ban_tag(user_id)],
        load=lambda: _load_standing(session_id, user_id),
    ).value


def list_sessions(
    *, user_id: str, current_id: str, limit: int, cursor: str | None
) -> SessionListPage:
    """Return one page of somebody's sessions, the latest first; never from a cache."""
    scope = f"sessions:{user_id}"
    page = read_latest(
        Session.objects(user_id=user_id),
        order="created_at",
        limit=limit,
        scope=scope,
        after=decode_cursor(scope, cursor),
    )
    return SessionListPage(
        items=[_show(row, current_id=current_id) for row in page.rows],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


def _load_standing(session_id: str, user_id: str) -> SessionStanding:
    ban = PlatformBan.find(user_id)
    return SessionStanding(_load_is_over(session_id, user_id), ban.reason if ban else None)


def _load_is_over(session_id: str, user_id: str) -> bool:
    if User.objects(clerk_id=user_id, deleted_at__ne=None).only("clerk_id").first():
        return True
    row = Session.objects(session_id=session_id).only("status").first()
    return row is not None and row.status != "active"


def _show(row: Session, *, current_id: str) -> SessionView:
    shown = [name for name in SessionView.__struct_fields__ if name != "is_current"]
    return SessionView(
        is_current=row.session_id == current_id, **{name: getattr(row, name) for name in shown}
    )
