"""Marks what the platform did in stories before bans and decisions told so, by what was noted.

An act has the moment of what it did, by which that is found; what was done anew since is not.
Acts of before their own mark tell nothing.
"""

from collections.abc import Callable
from typing import Any

from apps.access.documents import StoryBan
from apps.moderation.documents import Act, Appeal, Report
from apps.moderation.limits import DECISIONS
from storychain.documents import unit_of_work

STEP = 25  # acts in one transaction


def backfill() -> int:
    """Mark it all, safe at any time, and twice; return how many bans, decisions and appeals."""
    marked, after = 0, ""
    while some := _read_behind(after):
        marked += _mark(some)
        after = some[-1].act_id
    return marked


def _read_behind(after: str) -> list[Act]:
    """What is done meanwhile is marked as it is done."""
    return list(Act.objects(act_id__gt=after).order_by("act_id").limit(STEP))


@unit_of_work
def _mark(acts: list[Act]) -> int:
    marks = [_MARKS.get(act.kind) for act in acts]
    done = zip(marks, acts, strict=True)
    return sum(mark(act) for mark, act in done if mark and act.for_platform)


def _mark_ban(act: Act) -> int:
    """The appeal that waits against it is the platform's as well."""
    where = {"story_slug": act.story_slug, "user_id": act.user_id}
    ban = StoryBan.objects(**where, banned_at=act.at, for_platform__ne=True)
    if not ban.update(set__for_platform=True):
        return 0
    waiting = Appeal.objects(**where, is_open=True, queue="story")
    return 1 + int(waiting.update(set__queue="platform"))


def _mark_reports(act: Act) -> int:
    subject = {"subject_id": act.subject_id, "subject_type": act.subject_type}
    return _mark_decided(Report.objects(**subject), act)


def _mark_appeal(act: Act) -> int:
    return _mark_decided(Appeal.objects(user_id=act.user_id, story_slug=act.story_slug), act)


def _mark_decided(found: Any, act: Act) -> int:
    unmarked = found.filter(decision__decided_at=act.at, decision__for_platform__ne=True)
    return int(unmarked.update(set__decision__for_platform=True))


_MARKS: dict[str, Callable[[Act], int]] = {
    "story_banned": _mark_ban,
    "story_unbanned": _mark_appeal,
    **dict.fromkeys(("appeal_granted", "appeal_rejected"), _mark_appeal),
    **dict.fromkeys((f"report_{status.lower()}" for status in DECISIONS), _mark_reports),
}
