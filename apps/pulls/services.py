"""Pull requests opened, edited, labelled, closed and opened again."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal, NamedTuple

from apps.access.documents import ROLES, Collaborator
from apps.access.rules import REVIEWER, Action
from apps.chapters.documents import Chapter
from apps.chapters.errors import ApprovalRequired, ChapterNotFound, ChapterRemoved, VersionMoved
from apps.chapters.limits import READABLE
from apps.chapters.services import add_child
from apps.chapters.text import count_words
from apps.pulls.documents import AutoApprove, PullRequest
from apps.pulls.errors import NotClosed
from apps.pulls.events import PullOpened, PullRejected
from apps.pulls.holding import HeldPull, hold_pull, settle
from apps.pulls.judging import weigh
from apps.stories.services import open_for
from storychain.api.preconditions import check_version
from storychain.documents import unit_of_work
from storychain.errors import Invalid

POLICY = {"required_approvals", "auto_approve"}
NEW_ONLY, EDIT_ONLY = {"choice_text"}, {"base_version"}


class Arrival(NamedTuple):
    """What has become of a text that somebody sent for the tree, and its slug or id."""

    kind: Literal["chapter", "pull"]
    name: str


@unit_of_work
def bring_in(
    *, story_slug: str, parent_slug: str, author_id: str, text: dict[str, Any], now: datetime
) -> Arrival:
    """Continue or branch from a chapter, by a pull request where the story wants one.

    Raise what add_child and open_pull raise.
    """
    place = {"story_slug": story_slug, "author_id": author_id, "parent_slug": parent_slug}
    try:
        return Arrival("chapter", add_child(**place, text=text, now=now).slug)
    except ApprovalRequired:
        parent = Chapter.objects(slug=parent_slug, story_slug=story_slug).first()
    if parent is None or parent.status not in READABLE:
        raise ChapterNotFound
    if "publish_at" in text:
        raise Invalid(fields={"publish_at": ["A pull request appears when it is merged."]})
    kind = "new_branch" if parent.next_branch else "continuation"
    return Arrival("pull", open_pull(**place, now=now, kind=kind, **text))


@unit_of_work
def open_pull(*, story_slug: str, author_id: str, now: datetime, **content: Any) -> str:
    """Propose a chapter, or a chapter's new text; return the pull request's id.

    `content` are fields of PullRequest. Raise Invalid where the story has no such chapter,
    ChapterRemoved, VersionMoved for an edit of an earlier version.
    """
    held = open_for(Action.OPEN_PULL, slug=story_slug, caller_id=author_id)
    pull = PullRequest(
        **content,
        story_slug=story_slug,
        author_id=author_id,
        word_count=count_words(content["content"]),
        created_at=now,
        updated_at=now,
    )
    opened = HeldPull(pull, held, author_id)
    _check_base(opened)
    if pull.kind == "edit":
        Chapter.hold(slug=pull.chapter_slug)  # a removal finds it, or it finds the removal
    elif not pull.chapter_title:
        pull.chapter_title = pull.title
    number = pull.note("opened", actor_id=author_id, now=now)
    pull.become_ready(now=now)
    pull.save(force_insert=True)
    if pull.ready_at:
        opened.announce(PullOpened, number, reviewer_ids=_list_reviewers(story_slug))
    return str(pull.pull_id)


@unit_of_work
def edit_pull(
    *,
    pull_id: str,
    caller_id: str,
    changes: dict[str, Any],
    now: datetime,
    expected: Collection[int] | None = None,
) -> None:
    """Change what is proposed, which its author may, or what it takes, which moderators may.

    Raise PullOver, PreconditionFailed if it is at none of the `expected` versions.
    """
    found = hold_pull(pull_id=pull_id, caller_id=caller_id)
    _refuse_unless_yours(found, changes)
    found.refuse_over()
    pull, was, was_draft = found.pull, found.pull.status, found.pull.is_draft
    check_version(pull.version, expected=expected)
    _take_policy(pull, changes)
    pull.revise(_text_changes(pull, changes), now=now)
    if "base_version" in changes:
        _check_base(found)
    number = _note_edit(pull, changes, was_draft=was_draft, caller_id=caller_id, now=now)
    pull.grant(now=now)
    settle(pull, story=found.held.story, was=was, now=now)
    if was_draft and pull.ready_at == now:
        found.announce(PullOpened, number, reviewer_ids=_list_reviewers(pull.story_slug))


@unit_of_work
def set_labels(*, pull_id: str, caller_id: str, labels: list[str], now: datetime) -> None:
    """Give a pull request these labels in the place of those that it had; reviewers may."""
    found = hold_pull(pull_id=pull_id, caller_id=caller_id, action=Action.REVIEW_PULL)
    wanted = list(dict.fromkeys(labels))
    if wanted != found.pull.labels:
        found.pull.labels = wanted
        found.pull.note("labelled", actor_id=caller_id, now=now, labels=wanted)
        found.pull.save()


@unit_of_work
def close_pull(*, pull_id: str, caller_id: str, now: datetime) -> None:
    """End a pull request without taking it over; its author and moderators may."""
    found = hold_pull(pull_id=pull_id, caller_id=caller_id)
    may = found.is_own or found.allows(Action.MERGE_PULL)
    found.refuse_unless(may, "Its author closes it, or a moderator of the story.")
    found.refuse_over()
    found.pull.close(by=caller_id, now=now)
    number = found.pull.note("closed", actor_id=caller_id, now=now)
    found.pull.save()
    found.announce(PullRejected, number)


@unit_of_work
def reopen_pull(*, pull_id: str, caller_id: str, now: datetime) -> None:
    """Take a closed pull request up again: moderators may, and its author if he closed it.

    Raise NotClosed, PullWithheld.
    """
    found = hold_pull(pull_id=pull_id, caller_id=caller_id)
    pull = found.pull
    is_his = found.is_own and pull.closed_by in (caller_id, None)
    found.refuse_unless(
        is_his or found.allows(Action.MERGE_PULL), "A moderator of the story may open it again."
    )
    if pull.status != "closed":
        raise NotClosed(f"It is {pull.status}.")
    found.refuse_withheld()
    pull.reopen()
    weigh(pull)
    pull.note("reopened", actor_id=caller_id, now=now)
    pull.save()


def _refuse_unless_yours(found: HeldPull, changes: dict[str, Any]) -> None:
    if changes.keys() & POLICY:
        is_judge = found.allows(Action.MERGE_PULL)
        found.refuse_unless(is_judge, "A moderator decides what it takes to merge it.")
        found.refuse_own()
    if changes.keys() - POLICY or not changes:
        found.refuse_unless(found.is_own, "Only its author changes what it proposes.")


def _text_changes(pull: PullRequest, changes: dict[str, Any]) -> dict[str, Any]:
    """Return what its author changes; raise Invalid for what its kind does not have."""
    odd = changes.keys() & (NEW_ONLY if pull.kind == "edit" else EDIT_ONLY)
    if odd:
        reason = [f"A pull request of the kind {pull.kind} has none."]
        raise Invalid(fields=dict.fromkeys(sorted(odd), reason))
    text = {name: value for name, value in changes.items() if name not in POLICY}
    if "content" in text:
        text["word_count"] = count_words(text["content"])
    return text


def _take_policy(pull: PullRequest, changes: dict[str, Any]) -> None:
    pull.approvals.required = changes.get("required_approvals", pull.approvals.required)
    rule: AutoApprove = pull.auto_approve
    for name, value in changes.get("auto_approve", {}).items():
        setattr(rule, name, value)


def _note_edit(
    pull: PullRequest, changes: dict[str, Any], *, was_draft: bool, caller_id: str, now: datetime
) -> int:
    number, others = pull.events, sorted(changes.keys() - {"is_draft"})
    if others:
        number = pull.note("edited", actor_id=caller_id, now=now, fields=others)
    if pull.is_draft != was_draft:
        kind = "drafted" if pull.is_draft else "made_ready"
        number = pull.note(kind, actor_id=caller_id, now=now)
    return int(number)


def _check_base(found: HeldPull) -> None:
    """Raise what is wrong with the chapter that it is made on."""
    pull, base = found.pull, found.find_base()
    if base is None or base.status not in READABLE:
        field = "chapter_slug" if pull.kind == "edit" else "parent_slug"
        raise Invalid(fields={field: ["The story has no such chapter."]})
    if base.status == "removed":
        raise ChapterRemoved
    if pull.kind == "edit" and pull.base_version != base.version:
        raise VersionMoved(f"It is at version {base.version}; read it again and redo the edit.")


def _list_reviewers(story_slug: str) -> list[str]:
    team = Collaborator.objects(story_slug=story_slug, status="accepted")
    return [row.user_id for row in team if ROLES.index(row.role) >= REVIEWER]
