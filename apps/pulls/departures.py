"""What becomes of pull requests when somebody in them deletes his account.

What was said stays, the orphan's. Nobody answers for what he had proposed, so it is closed; and he
cannot lift an objection any more, so it goes where it would stand in the way.
"""

from uuid import uuid4

from django.utils import timezone

from apps.pulls.documents import PullRequest
from apps.pulls.judging import weigh
from apps.pulls.limits import UNDECIDED
from apps.pulls.records import PullComment, PullEvent, PullVote, Review
from apps.users.departures import STEP, departs
from apps.users.limits import ORPHAN_ID
from storychain.documents import unit_of_work


@departs
@unit_of_work
def leave_pulls(user_id: str) -> int:
    """Leave what he has proposed to the orphan, closed if nobody has decided on it."""
    found = PullRequest.objects(author_id=user_id).only("pull_id").limit(STEP)
    ids = [row.pull_id for row in found]
    for pull_id in ids:
        pull, now = PullRequest.hold(pull_id), timezone.now()
        if pull.status in UNDECIDED:
            pull.close(by=ORPHAN_ID, now=now)
            pull.note("closed", actor_id=ORPHAN_ID, now=now)
        pull.author_id = ORPHAN_ID
        pull.save()
    return len(ids)


@departs
@unit_of_work
def leave_decisions(user_id: str) -> int:
    """Leave to the orphan what he has merged and closed, and what he objected to until then."""
    return PullRequest.forget_decider(user_id, most=STEP)


@departs
@unit_of_work
def leave_reviews(user_id: str) -> int:
    """Take his reviews from what is undecided, and leave the others to the orphan."""
    reviews = list(Review.objects(reviewer_id=user_id).limit(STEP))
    for review in reviews:
        review.delete()
        pull = PullRequest.hold(review.pull_id)
        if pull and pull.status in UNDECIDED:
            weigh(pull)
            pull.save()
        else:
            _leave(review)
    return len(reviews)


@departs
@unit_of_work
def leave_words(user_id: str) -> int:
    """Leave what he has said and done to the orphan; votes count on without one."""
    votes = int(PullVote.objects(user_id=user_id).at_most(STEP).delete())
    return votes + PullComment.orphan(user_id, most=STEP) + PullEvent.orphan(user_id, most=STEP)


def _leave(review: Review) -> None:
    """Store a review anew: its key held who wrote it."""
    said = {name: review[name] for name in Review._fields if name != "review_id"}
    said["reviewer_id"] = ORPHAN_ID
    Review(review_id=f"{review.pull_id}:{uuid4().hex}", **said).save(force_insert=True)
