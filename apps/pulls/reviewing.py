"""What others say about a pull request, and what follows from it: approval, or none."""

from datetime import datetime

from apps.access.rules import Action
from apps.pulls.errors import TooNested
from apps.pulls.events import PullCommented
from apps.pulls.holding import HeldPull, hold_pull, settle
from apps.pulls.judging import weigh
from apps.pulls.limits import NESTING
from apps.pulls.records import PullComment, PullVote, Review
from storychain.documents import unit_of_work
from storychain.errors import Invalid


@unit_of_work
def review_pull(
    *, pull_id: str, caller_id: str, verdict: str, now: datetime, summary: str = ""
) -> None:
    """Review a pull request, in the place of one's earlier review; reviewers may.

    An approval counts if its reviewer is a moderator; whoever asks for changes blocks the merge.
    Raise OwnPull, PullOver.
    """
    found = hold_pull(pull_id=pull_id, caller_id=caller_id, action=Action.REVIEW_PULL)
    found.refuse_own()
    found.refuse_over()
    pull, was = found.pull, found.pull.status
    Review.put(
        pull_id=pull_id,
        reviewer_id=caller_id,
        verdict=verdict,
        summary=summary,
        is_binding=found.allows(Action.MERGE_PULL),
        text_version=pull.text_version,
        reviewed_at=now,
    )
    weigh(pull)
    number = pull.note("reviewed", actor_id=caller_id, now=now, verdict=verdict)
    settle(pull, story=found.held.story, was=was, now=now)
    if verdict != "approve":
        found.announce(PullCommented, number, comment_id=f"review-{number}")


@unit_of_work
def comment_on_pull(
    *, pull_id: str, caller_id: str, content: str, now: datetime, parent_id: str | None = None
) -> str:
    """Say something about a pull request, also one that is over; return the comment's id.

    Raise Invalid if there is no such `parent_id` here, TooNested below the last level, or
    PullWithheld.
    """
    found = hold_pull(pull_id=pull_id, caller_id=caller_id)
    may = found.is_own or found.allows(Action.COMMENT_ON_PULL)
    found.refuse_unless(may, "This story takes comments from those who work on it.")
    found.refuse_withheld()
    parent = _find_parent(pull_id, parent_id) if parent_id else None
    found.pull.comments += 1
    comment = PullComment(
        pull_id=pull_id,
        number=found.pull.comments,
        user_id=caller_id,
        parent_id=parent_id,
        depth=parent.depth + 1 if parent else 0,
        content=content,
        created_at=now,
    ).save(force_insert=True)
    _announce_comment(found, comment, parent, now=now)
    return str(comment.comment_id)


@unit_of_work
def vote_on_pull(*, pull_id: str, caller_id: str, value: int, now: datetime) -> int:
    """Vote for (1) or against (-1) a pull request; the same again takes it back.

    Return the caller's vote as it is then, 0 for none. Raise OwnPull, PullOver.
    """
    found = hold_pull(pull_id=pull_id, caller_id=caller_id)
    may = found.allows(Action.VOTE_ON_PULL)
    found.refuse_unless(may, "This story takes votes from those who work on it.")
    found.refuse_own()
    found.refuse_over()
    pull, was = found.pull, found.pull.status
    before, after = PullVote.turn(
        pull_id=pull_id, text_version=pull.text_version, user_id=caller_id, value=value
    )
    pull.count_vote(before=before, after=after)
    pull.grant(now=now)
    settle(pull, story=found.held.story, was=was, now=now)
    return after


def _find_parent(pull_id: str, parent_id: str) -> PullComment:
    parent = PullComment.find_standing(parent_id)
    if parent is None or parent.pull_id != pull_id:
        raise Invalid(fields={"parent_id": ["This pull request has no such comment."]})
    if parent.depth >= NESTING - 1:
        raise TooNested(f"A thread has at most {NESTING} levels; answer further up.")
    return parent


def _announce_comment(
    found: HeldPull, comment: PullComment, parent: PullComment | None, *, now: datetime
) -> None:
    said, above = comment.comment_id, parent.user_id if parent else None
    number = found.pull.note("commented", actor_id=found.caller_id, now=now, comment_id=said)
    found.pull.save()
    found.announce(PullCommented, number, comment_id=said, parent_author_id=above)
