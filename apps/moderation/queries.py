"""What members and moderators see of reports and bans, of roles and what was done."""

from collections.abc import Callable
from typing import Any

from apps.access.documents import StoryBan
from apps.moderation.documents import Act, Report
from apps.moderation.errors import OutOfReach, ReportNotFound
from apps.moderation.pages import (
    ActListPage,
    ActView,
    BanListPage,
    BanView,
    ReportListPage,
    ReportView,
    RolesPage,
    RoleView,
)
from apps.moderation.reporting import hold_report
from apps.moderation.showing import (
    OF_PLATFORM,
    OF_STORY,
    People,
    people_in,
    read_page,
    show_decision,
)
from apps.users.documents import PlatformBan, PlatformRole
from apps.users.limits import ORPHAN_ID
from apps.users.queries import list_authors
from storychain.api.keyset import Slice, cut_page
from storychain.api.pagination import decode_cursor


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
    *,
    caller_id: str,
    is_open: bool,
    limit: int,
    cursor: str | None,
    story_slug: str | None = None,
    is_judge: bool = True,
) -> ReportListPage:
    """Return one page of a story's queue, or without one of the platform's.

    Who has reported it learns only who may decide on it: not an onlooker, nor the accused.
    """
    where = {"story_slug": story_slug, "queue": OF_STORY} if story_slug else {"queue": OF_PLATFORM}
    page = read_page(Report, "created_at", {**where, "is_open": is_open}, limit, cursor)
    people = people_in(
        (row.reporter_id, row.accused_id, row.decision and row.decision.decided_by)
        for row in page.rows
    )
    items = [
        _report_view(row, people, for_judge=is_judge and row.accused_id != caller_id)
        for row in page.rows
    ]
    return ReportListPage(items=items, next_cursor=page.next_cursor, has_more=page.has_more)


def list_story_bans(*, story_slug: str, limit: int, cursor: str | None) -> BanListPage:
    """Return one page of who is banned from a story, by their ids."""
    scope = f"bans:{story_slug}"
    after = decode_cursor(scope, cursor)
    found = StoryBan.objects(story_slug=story_slug, user_id__gt=after[0] if after else "")
    rows = list(found.order_by("user_id").limit(limit + 1))
    page = cut_page(rows, limit=limit, scope=scope, place=lambda row: [row.user_id])
    return _bans(page, of_story=True)


def list_platform_bans(*, limit: int, cursor: str | None) -> BanListPage:
    """Return one page of who is banned from the platform, the latest first."""
    page = read_page(PlatformBan, "banned_at", {"user_id__gt": ""}, limit, cursor)
    return _bans(page, of_story=False)


def _bans(page: Slice[Any], *, of_story: bool) -> BanListPage:
    people = people_in((row.user_id, row.banned_by) for row in page.rows)
    return BanListPage(
        items=[
            BanView(
                user=people[row.user_id],
                reason=row.reason,
                banned_by=None if of_story and row.for_platform else people[row.banned_by],
                by_platform=not of_story or row.for_platform,
                banned_at=row.banned_at,
            )
            for row in page.rows
        ],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


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
    return _acts(read_page(Act, "at", where, limit, cursor), lambda _: True)


def list_story_acts(
    *, story_slug: str, caller_id: str, limit: int, cursor: str | None
) -> ActListPage:
    """Return one page of what was done in a story, for its moderators.

    Nothing of what the platform decides for itself, or is told alone; and nobody by name who has
    done it for the platform, or has decided about the caller.
    """
    where = {"story_slug": story_slug, "is_shared": True}
    page = read_page(Act, "at", where, limit, cursor)
    return _acts(page, lambda act: not (act.for_platform or _judges(act, caller_id)))


def _acts(page: Slice[Act], names_actor: Callable[[Act], bool]) -> ActListPage:
    people = people_in((row.actor_id, row.user_id) for row in page.rows)
    return ActListPage(
        items=[_act_view(row, people, names_actor=names_actor(row)) for row in page.rows],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


def _judges(act: Act, user_id: str) -> bool:
    return act.user_id == user_id and str(act.kind).startswith("report_")


def _concerns(report: Report, user_id: str) -> bool:
    return user_id == report.reporter_id or (user_id == report.accused_id and not report.is_open)


def _show_report(report: Report, *, for_judge: bool) -> ReportView:
    decider = report.decision and report.decision.decided_by
    people = people_in([(report.reporter_id, report.accused_id, decider)])
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
        decision=show_decision(report.decision, people, for_judge=for_judge, queue=report.queue),
        note=report.note if for_judge else None,
        reporter=people.get(report.reporter_id) if for_judge else None,
        accused=people.get(report.accused_id) if for_judge else None,
    )


def _act_view(act: Act, people: People, *, names_actor: bool) -> ActView:
    plain = ("kind", "subject_type", "subject_id", "story_slug", "reason", "at")
    is_members = not act.actor_id.startswith("~") or act.actor_id == ORPHAN_ID
    return ActView(
        id=act.act_id,
        actor=people[act.actor_id] if is_members and names_actor else None,
        user=people.get(act.user_id),
        **{name: getattr(act, name) for name in plain},
    )
