"""What banned people see of their appeals, and moderators of those that wait."""

from typing import Any

from apps.moderation.documents import Appeal
from apps.moderation.errors import AppealNotFound
from apps.moderation.pages import AppealListPage, AppealView
from apps.moderation.showing import (
    OF_PLATFORM,
    OF_STORY,
    People,
    people_in,
    read_page,
    show_decision,
)
from apps.users.queries import list_authors


def get_appeal(*, appeal_id: str, user_id: str) -> AppealView:
    """Return one of somebody's own appeals; raise AppealNotFound."""
    appeal = Appeal.objects(appeal_id=appeal_id, user_id=user_id).first()
    if appeal is None:
        raise AppealNotFound
    return _appeal_view(appeal, list_authors([user_id]), for_judge=False)


def list_my_appeals(*, user_id: str, limit: int, cursor: str | None) -> AppealListPage:
    """Return one page of somebody's own appeals."""
    return _list_appeals({"user_id": user_id}, limit, cursor, for_judge=False)


def list_appeals(
    *, is_open: bool, limit: int, cursor: str | None, story_slug: str | None = None
) -> AppealListPage:
    """Return one page of the appeals that a story's moderators judge, or the platform's."""
    where = {"story_slug": story_slug, "queue": OF_STORY} if story_slug else {"queue": OF_PLATFORM}
    return _list_appeals({**where, "is_open": is_open}, limit, cursor, for_judge=True)


def _list_appeals(
    where: dict[str, Any], limit: int, cursor: str | None, *, for_judge: bool
) -> AppealListPage:
    page = read_page(Appeal, "created_at", where, limit, cursor)
    people = people_in((row.user_id, row.decision and row.decision.decided_by) for row in page.rows)
    return AppealListPage(
        items=[_appeal_view(row, people, for_judge=for_judge) for row in page.rows],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


def _appeal_view(appeal: Appeal, people: People, *, for_judge: bool) -> AppealView:
    return AppealView(
        id=appeal.appeal_id,
        user=people[appeal.user_id],
        story_slug=appeal.story_slug,
        ban_reason=appeal.ban_reason,
        text=appeal.text,
        status=appeal.status,
        created_at=appeal.created_at,
        decision=show_decision(appeal.decision, people, for_judge=for_judge, queue=appeal.queue),
    )
