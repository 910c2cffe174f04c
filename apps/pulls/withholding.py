"""What is taken from the readers of pull requests: a proposed text, or what was said about it.

A text that is removed from a chapter goes from every pull request that brought it there or would
have changed it: else it would be read on here. What others said about it stays, each word of theirs
to be deleted for itself.
"""

from collections.abc import Collection
from datetime import datetime

from apps.access.rules import Action
from apps.pulls.documents import PullRequest
from apps.pulls.errors import PullCommentNotFound, PullNotFound, ReviewNotFound
from apps.pulls.events import PullCommentRemoved, PullTakenAway, ReviewRemoved
from apps.pulls.holding import HeldPull, hold_pull
from apps.pulls.records import PullComment, Review
from storychain.api.preconditions import check_version
from storychain.documents import unit_of_work

AT_ONCE = 10


@unit_of_work
def withhold_pull(
    *, pull_id: str, caller_id: str, now: datetime, expected: Collection[int] | None = None
) -> None:
    """Take a pull request's words away, whatever has become of it: its author may, and moderators.

    What is undecided is closed; a chapter that has come of it stays. Raise PullWithheld,
    PreconditionFailed.
    """
    found = hold_pull(pull_id=pull_id, caller_id=caller_id)
    may = found.is_own or found.allows(Action.WITHHOLD_PULL)
    found.refuse_unless(may, "Its author takes it away, or a moderator of the story.")
    found.refuse_withheld()
    check_version(found.pull.version, expected=expected)
    number = found.pull.note("withheld", actor_id=found.signature, now=now)
    if not found.is_own:
        found.announce(PullTakenAway, number, taken_at=now)  # by the title that it still has
    found.pull.withhold(by=found.signature, now=now)
    found.pull.save()


@unit_of_work
def withhold_with_chapter(*, chapter_slug: str, now: datetime) -> bool:
    """Withhold up to AT_ONCE pull requests of a chapter that is removed; tell if there may be more.

    No more, as nobody's chapter may have been edited too often to be removed within a write's time.
    """
    saying_it = PullRequest.objects(chapter_slug=chapter_slug, is_withheld__ne=True)
    pull_ids = list(saying_it.limit(AT_ONCE).scalar("pull_id"))
    for pull_id in pull_ids:
        pull = PullRequest.hold(pull_id)
        pull.note("withheld", actor_id=None, now=now)
        pull.withhold(by=None, now=now)
        pull.save()
    return len(pull_ids) == AT_ONCE


@unit_of_work
def remove_comment(*, pull_id: str, comment_id: str, caller_id: str, now: datetime) -> None:
    """Delete what was said about a pull request: who said it may, and moderators.

    Its place in the thread stays. Raise PullCommentNotFound, also where he does not see the pull
    request.
    """
    comment = PullComment.find_standing(comment_id)
    if comment is None or comment.pull_id != pull_id:
        raise PullCommentNotFound
    said_by = comment.user_id
    try:
        found, by = _hold_what_was_said(pull_id, caller_id, said_by)
    except PullNotFound:
        raise PullCommentNotFound from None
    comment.empty()
    about = {"comment_id": comment_id}
    number = found.pull.note("comment_removed", actor_id=by, now=now, **about)
    found.pull.save()
    if said_by != caller_id:
        found.announce(PullCommentRemoved, number, user_id=said_by, removed_at=now, **about)


@unit_of_work
def remove_summary(*, pull_id: str, review_id: str, caller_id: str, now: datetime) -> None:
    """Take away what a review says: its reviewer may, and moderators. Its verdict stands.

    That is what it says now: a reviewer's next review takes the place of his last, and its id.
    Raise ReviewNotFound, also where it says nothing, or he does not see the pull request.
    """
    review = Review.find_saying(review_id)
    if review is None or review.pull_id != pull_id:
        raise ReviewNotFound
    said_by = review.reviewer_id
    try:
        found, by = _hold_what_was_said(pull_id, caller_id, said_by)
    except PullNotFound:
        raise ReviewNotFound from None
    review.withhold()
    number = found.pull.note("review_removed", actor_id=by, now=now)
    found.pull.save()
    if said_by != caller_id:
        found.announce(ReviewRemoved, number, user_id=said_by, removed_at=now)


def _hold_what_was_said(pull_id: str, caller_id: str, said_by: str) -> tuple[HeldPull, str | None]:
    """Hold a pull request for who may take away what was said of it; return who is named for that.

    For what he said himself he is named also if he has no part in the story.
    """
    found = hold_pull(pull_id=pull_id, caller_id=caller_id)
    is_his = said_by == caller_id
    may = is_his or found.allows(Action.MODERATE_COMMENTS)
    found.refuse_unless(may, "Who said it takes it away, or a moderator of the story.")
    return found, caller_id if is_his else found.signature
