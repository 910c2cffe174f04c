"""Reports and what becomes of them.

One a reporter and thing. The story's moderators decide on its chapters, comments and pull requests;
whole stories, people, what they escalate and what none of them may decide on (`passing.py`) are the
platform's. Nobody decides on what is his own.
"""

from datetime import datetime
from typing import Any

from mongoengine.errors import NotUniqueError

from apps.access.queries import load_standing
from apps.access.rules import Action
from apps.chapters.documents import Chapter
from apps.chapters.errors import ChapterNotFound
from apps.chapters.flagging import count_report
from apps.moderation.documents import Act, Report
from apps.moderation.errors import (
    AlreadyThere,
    OutOfReach,
    PlatformForbidden,
    ReportClosed,
    ReportNotFound,
)
from apps.moderation.events import ReportDecided, ReportUpheld
from apps.moderation.limits import CLOSED, DECIDED_AT_ONCE
from apps.moderation.passing import choose_queue
from apps.moderation.platform import Duty, acts_for_platform, check_duty
from apps.moderation.subjects import Subject, find_subject
from apps.stories.errors import StoryForbidden, StoryNotFound
from apps.stories.services import open_for
from storychain.documents import unit_of_work
from storychain.events import publish

OUTCOMES = {"RESOLVED": "it was upheld", "DISMISSED": "nothing was found against it"}


def file_report(
    *,
    subject_type: str,
    subject_id: str,
    reporter_id: str,
    reason: str,
    now: datetime,
    note: str = "",
) -> str:
    """Report something that one sees; return the report's id. A chapter's fifth flags it.

    Raise SubjectNotFound, OutOfReach for what is one's own, AlreadyThere for a second report.
    """
    try:
        return _file(subject_type, subject_id, reporter_id, reason, note, now)
    except NotUniqueError as error:
        raise AlreadyThere("You have reported this before.") from error


@unit_of_work
def decide_report(
    *, report_id: str, caller_id: str, outcome: str, now: datetime, statement: str = ""
) -> None:
    """Take a report on, resolve, dismiss or escalate it, with all open ones of the same thing.

    Raise ReportNotFound if the caller has no part in it, OutOfReach for what is his own,
    ReportClosed. A chapter whose reports are dismissed is flagged no more.
    """
    report = hold_report(report_id=report_id, caller_id=caller_id)
    if not report.is_open or (outcome == "ESCALATED" and report.queue == "platform"):
        raise ReportClosed(f"This report is {report.status}.")
    seen = _seen_by_team(report, caller_id)
    made = {"outcome": outcome, "statement": statement, "for_platform": seen["for_platform"]}
    for alike in report.list_alike(most=DECIDED_AT_ONCE):
        alike.decide(**made, by=caller_id, now=now)
        if outcome in CLOSED and alike.reporter_id:
            _tell_reporter(alike)
    if outcome == "RESOLVED":
        publish(ReportUpheld(report_id=report_id, accused_id=report.accused_id))
    if outcome == "DISMISSED" and report.subject_type == "chapter":
        Chapter.clear(slug=report.subject_id)
    _note(report, f"report_{outcome.lower()}", caller_id, now, reason=statement, **seen)


def hold_report(*, report_id: str, caller_id: str) -> Report:
    """Return a report that is the caller's to decide; raise ReportNotFound, OutOfReach."""
    report = Report.objects(report_id=report_id).first()
    if report is None or not _is_judge(report, caller_id):
        raise ReportNotFound
    if caller_id == report.accused_id:
        raise OutOfReach("Somebody else has to decide on what concerns you.")
    return report


@unit_of_work
def clear_flag(*, story_slug: str, slug: str, caller_id: str, now: datetime) -> None:
    """Take a chapter's flag away, as there is nothing to it; raise ChapterNotFound, OutOfReach."""
    held = open_for(Action.MODERATE, slug=story_slug, caller_id=caller_id)
    chapter = Chapter.objects(slug=slug, story_slug=story_slug).only("author_id").first()
    if chapter is None:
        raise ChapterNotFound
    if chapter.author_id == caller_id:
        raise OutOfReach("Somebody else has to decide on what concerns you.")
    Chapter.clear(slug=slug)
    about = {"subject_type": "chapter", "subject_id": slug, "story_slug": story_slug}
    seen = {"is_shared": True, "for_platform": acts_for_platform(held.standing)}
    Act.note("flag_cleared", actor_id=caller_id, now=now, **about, **seen)


@unit_of_work
def _file(
    subject_type: str, subject_id: str, reporter_id: str, reason: str, note: str, now: datetime
) -> str:
    subject = find_subject(kind=subject_type, key=subject_id, reader_id=reporter_id)
    if subject.owner_id == reporter_id:
        raise OutOfReach("This is your own.")
    report = Report(
        subject_type=subject_type,
        subject_id=subject_id,
        story_slug=subject.story_slug,
        accused_id=subject.owner_id,
        reporter_id=reporter_id,
        reason=reason,
        note=note,
        queue=_queue_of(subject, subject_type),
        created_at=now,
    )
    report.save(force_insert=True)
    if subject_type == "chapter":
        count_report(slug=subject_id)
    return str(report.report_id)


def _queue_of(subject: Subject, subject_type: str) -> str:
    if subject_type in ("story", "user"):
        return "platform"
    return choose_queue(story_slug=str(subject.story_slug), accused_id=subject.owner_id)


def _is_judge(report: Report, caller_id: str) -> bool:
    try:
        if report.queue == "platform":
            check_duty(Duty.DECIDE, caller_id=caller_id)
        else:
            open_for(Action.MODERATE, slug=report.story_slug, caller_id=caller_id)
    except (PlatformForbidden, StoryForbidden, StoryNotFound):
        return False
    return True


def _tell_reporter(report: Report) -> None:
    publish(
        ReportDecided(
            report_id=report.report_id,
            reporter_id=report.reporter_id,
            outcome=OUTCOMES[report.status],
        )
    )


def _seen_by_team(report: Report, caller_id: str) -> dict[str, bool]:
    """Return what its story's moderators see of a decision: nothing of what is the platform's.

    So of a story or a person they never learn here that it was reported. What they escalate is
    still theirs at this moment.
    """
    if report.queue == "platform":
        return {"is_shared": False, "for_platform": True}
    standing = load_standing(story_slug=report.story_slug, user_id=caller_id)
    return {"is_shared": True, "for_platform": acts_for_platform(standing)}


def _note(report: Report, kind: str, actor_id: str, now: datetime, **more: Any) -> None:
    Act.note(
        kind,
        actor_id=actor_id,
        now=now,
        user_id=report.accused_id,
        subject_type=report.subject_type,
        subject_id=report.subject_id,
        story_slug=report.story_slug,
        **more,
    )
