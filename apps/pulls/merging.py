"""A pull request is taken over: once, whoever presses at the same time, and whatever dies.

It becomes a chapter or a version in the transaction that marks it as merged, which holds it against
any other. A chapter's unique `pull_id` and a version's number would refuse a second.
"""

from datetime import datetime
from typing import Any

from apps.access.rules import Action
from apps.chapters.appearing import note_moment
from apps.chapters.documents import Chapter
from apps.chapters.errors import ChapterRemoved, VersionMoved
from apps.chapters.growing import add_to_tree
from apps.pulls.documents import PullRequest
from apps.pulls.errors import NotMergeable
from apps.pulls.events import PullMerged
from apps.pulls.holding import HeldPull, hold_pull
from apps.pulls.judging import weigh
from apps.pulls.policy import can_merge, find_blockers
from apps.users.services import count_work
from storychain.documents import unit_of_work


@unit_of_work
def merge_pull(*, pull_id: str, caller_id: str, now: datetime, is_forced: bool = False) -> None:
    """Make a pull request a chapter, or a chapter's new version, in its author's name.

    Moderators may where `can_merge`, co-authors by force without approvals and against reviews.
    Nothing merges a draft, or an edit of a version that has moved on. Raise PullOver, NotMergeable,
    VersionMoved, ChapterRemoved, and what add_to_tree raises.
    """
    action = Action.FORCE_MERGE if is_forced else Action.MERGE_PULL
    found = hold_pull(pull_id=pull_id, caller_id=caller_id, action=action)
    found.refuse_over()
    pull, base = found.pull, found.find_base()
    weigh(pull)
    _refuse_lost_base(pull, base)
    if pull.is_draft or not (is_forced or can_merge(pull, base=base)):
        raise NotMergeable(fields=_list_missing(pull, base))
    chapter_slug = _take_over(found, base, now=now)
    pull.merge(chapter_slug=chapter_slug, by=caller_id, now=now)
    number = pull.note("merged", actor_id=caller_id, now=now, is_forced=is_forced)
    pull.save()
    if caller_id != pull.author_id:
        count_work(user_id=pull.author_id, merged=1)
    found.announce(PullMerged, number, kind=pull.kind, chapter_slug=chapter_slug)


def _refuse_lost_base(pull: PullRequest, base: Chapter | None) -> None:
    if base is None or base.status == "removed":
        raise ChapterRemoved("The chapter that it is made on is gone.")
    if pull.kind == "edit" and base.version != pull.base_version:
        raise VersionMoved(
            f"It was made on version {pull.base_version}, and the chapter is at {base.version}."
        )


def _list_missing(pull: PullRequest, base: Chapter | None) -> dict[str, list[str]]:
    missing = {"blockers": [found.code for found in find_blockers(pull, base=base)]}
    if not pull.is_endorsed:
        counts = pull.approvals
        missing["approvals"] = [f"{counts.received} of {counts.required}."]
    return {name: reasons for name, reasons in missing.items() if reasons}


def _take_over(found: HeldPull, base: Chapter, *, now: datetime) -> str:
    if found.pull.kind == "edit":
        _revise(found.pull, base, now=now)
        return str(base.slug)
    pull = found.pull
    text = {
        "title": pull.chapter_title,
        "content": pull.content,
        "choice_text": pull.choice_text,
        "is_ending": bool(pull.is_ending),
    }
    origin = {"edit_type": "pr_merge", "pull_id": pull.pull_id}
    chapter = add_to_tree(
        held=found.held,
        parent_slug=pull.parent_slug,
        author_id=pull.author_id,
        text=text,
        now=now,
        **origin,
    )
    return str(chapter.slug)


def _revise(pull: PullRequest, base: Chapter, *, now: datetime) -> None:
    proposed = {"title": pull.chapter_title, "is_ending": pull.is_ending}
    changes: dict[str, Any] = {name: v for name, v in proposed.items() if v is not None}
    is_revised = base.revise(
        changes={**changes, "content": pull.content, "word_count": pull.word_count},
        editor_id=pull.author_id,
        reason=f"Pull request: {pull.title}",
        edit_type="pr_merge",
        now=now,
    )
    if is_revised:
        note_moment("chapter_edited", base, actor_id=pull.author_id, now=now, version=base.version)
