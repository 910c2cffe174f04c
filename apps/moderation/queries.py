"""What members and moderators see of reports, bans and appeals; never from a cache."""

from collections.abc import Iterable
from typing import Any

from apps.access.documents import StoryBan
from apps.moderation.documents import Act, Appeal, Decision, Report
from apps.moderation.errors import AppealNotFound, OutOfReach, ReportNotFound
from apps.moderation.pages import (
    ActListPage,
    ActView,
    AppealListPage,
    AppealView,
    BanListPage,
    BanView,
    DecisionView,
    ReportListPage,
    ReportView,
    RolesPage,
    RoleView,
)
from apps.moderation.reporting import hold_report
from apps.users.documents import PlatformBan, PlatformRole
from apps.users.limits import ORPHAN_ID
from apps.users.pages import AuthorRef
from apps.users.queries import list_authors
from storychain.api.keyset import Slice, cut_page, read_latest
from storychain.api.pagination import decode_cursor

OF_STORY, OF_PLATFORM = "story", "platform"
People = dict[str, AuthorRef]


def get_report(*, report_id: str, user_id: str) -> ReportView:
    """Return a report to those who decide, to its reporter and, once decided, to the accused.

    Raise ReportNotFound.
    """
    try:
        return _show_report(hold_report(report_id=report_id, caller_id=user_id), for_judge=True)
    except (ReportNotFound, OutOfReach):
        report = Report.objects(report_id=report_id).first()
        if report is None or not _concerns(report, user_id):
            raise ReportNotFound from None
        return _show_report(report, for_judge=False)


def list_reports(
    *, is_open: bool, limit: int, cursor: str | None, story_slug: str | None = None
) -> ReportListPage:
    """Return one page of a story's queue, or without one of the platform's."""
    where = {"story_slug": story_slug, "queue": OF_STORY} if story_slug else {"queue": OF_PLATFORM}
    page = _read(Report, "created_at", {**where, "is_open": is_open}, limit, cursor)
    people = _people(
        (row.reporter_id, row.accused_id, row.decision and row.decision.decided_by)
        for row in page.rows
    )
    items = [_report_view(row, people, for_judge=True) for row in page.rows]
    return ReportListPage(items=items, next_cursor=page.next_cursor, has_more=page.has_more)


def list_story_bans(*, story_slug: str, limit: int, cursor: str | None) -> BanListPage:
    """Return one page of who is banned from a story, by their ids."""
    scope = f"bans:{story_slug}"
    after = decode_cursor(scope, cursor)
    found = StoryBan.objects(story_slug=story_slug, user_id__gt=after[0] if after else "")
    rows = list(found.order_by("user_id").limit(limit + 1))
    return _bans(cut_page(rows, limit=limit, scope=scope, place=lambda row: [row.user_id]))


def list_platform_bans(*, limit: int, cursor: str | None) -> BanListPage:
    """Return one page of who is banned from the platform, the latest first."""
    return _bans(_read(PlatformBan, "banned_at", {"user_id__gt": ""}, limit, cursor))


def _bans(page: Slice[Any]) -> BanListPage:
    people = _people((row.user_id, row.banned_by) for row in page.rows)
    return BanListPage(
        items=[
            BanView(
                user=people[row.user_id],
                reason=row.reason,
                banned_by=people[row.banned_by],
                banned_at=row.banned_at,
            )
            for row in page.rows
        ],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


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
    """Return one page of the appeals against a story's bans, or against the platform's."""
    where = {"story_slug": story_slug} if story_slug else {"queue": OF_PLATFORM}
    return _list_appeals({**where, "is_open": is_open}, limit, cursor, for_judge=True)


def list_roles() -> RolesPage:
    """Return all who look after the platform."""
    rows = PlatformRole.list_all()
    people = list_authors(row.user_id for row in rows)
    return RolesPage(
        items=[
            RoleView(user=people[row.user_id], role=row.role, assigned_at=row.assigned_at)
            for row in rows
        ]
    )


def list_acts(
    *, limit: int, cursor: str | None, user_id: str | None = None, story_slug: str | None = None
) -> ActListPage:
    """Return one page of what moderators did: all of it, or what concerns a person or story."""
    named = {"user_id": user_id, "story_slug": story_slug}
    where = {name: value for name, value in named.items() if value} or {"act_id__gt": ""}
    page = _read(Act, "at", where, limit, cursor)
    people = _people((row.actor_id, row.user_id) for row in page.rows)
    return ActListPage(
        items=[_act_view(row, people) for row in page.rows],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


def _concerns(report: Report, user_id: str) -> bool:
    return user_id == report.reporter_id or (user_id == report.accused_id and not report.is_open)


def _read(
    model: Any, order: str, where: dict[str, Any], limit: int, cursor: str | None
) -> Slice[Any]:
    scope = f"{model.__name__}:{sorted(where.items())}"
    after = decode_cursor(scope, cursor)
    return read_latest(model.objects(**where), order=order, limit=limit, scope=scope, after=after)


def _people(named: Iterable[Iterable[str | None]]) -> People:
    return list_authors({one for row in named for one in row if one})


def _show_report(report: Report, *, for_judge: bool) -> ReportView:
    decider = report.decision and report.decision.decided_by
    people = _people([(report.reporter_id, report.accused_id, decider)])
    return _report_view(report, people, for_judge=for_judge)


def _report_view(report: Report, people: People, *, for_judge: bool) -> ReportView:
    return ReportView(
        id=report.report_id,
        subject_type=report.subject_type,
        subject_id=report.subject_id,
        story_slug=report.story_slug,
        reason=report.reason,
        status=report.status,
        created_at=report.created_at,
        decision=_decision_view(report.decision, people, for_judge=for_judge),
        note=report.note if for_judge else None,
        reporter=people.get(report.reporter_id) if for_judge else None,
        accused=people.get(report.accused_id) if for_judge else None,
    )


def _decision_view(
    decision: Decision | None, people: People, *, for_judge: bool
) -> DecisionView | None:
    if decision is None:
        return None
    return DecisionView(
        outcome=decision.outcome,
        statement=decision.statement,
        decided_at=decision.decided_at,
        decided_by=people.get(decision.decided_by) if for_judge else None,
    )


def _list_appeals(
    where: dict[str, Any], limit: int, cursor: str | None, *, for_judge: bool
) -> AppealListPage:
    page = _read(Appeal, "created_at", where, limit, cursor)
    people = _people((row.user_id, row.decision and row.decision.decided_by) for row in page.rows)
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
        decision=_decision_view(appeal.decision, people, for_judge=for_judge),
    )


def _act_view(act: Act, people: People) -> ActView:
    plain = ("kind", "subject_type", "subject_id", "story_slug", "reason", "at")
    is_members = not act.actor_id.startswith("~") or act.actor_id == ORPHAN_ID
    return ActView(
        id=act.act_id,
        actor=people[act.actor_id] if is_members else None,
        user=people.get(act.user_id),
        **{name: getattr(act, name) for name in plain},
    )
