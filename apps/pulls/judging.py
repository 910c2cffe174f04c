"""Whose word counts on a pull request: theirs who may review and approve now, not when they spoke.

Who changes what somebody is to a story calls `weigh_anew` in the same transaction. What is left to
a job, or sent at that very moment, may be shown as it was for a while; a merge weighs for itself.
"""

from datetime import datetime

from apps.access.documents import Collaborator
from apps.access.queries import load_standings
from apps.access.rules import Action, may
from apps.pulls.documents import PullRequest, facet
from apps.pulls.events import JudgeTurned
from apps.pulls.holding import settle
from apps.pulls.limits import UNDECIDED
from apps.pulls.records import Review
from apps.stories.documents import Story
from apps.stories.facts import facts_of
from apps.users.documents import PlatformBan
from storychain.documents import unit_of_work
from storychain.events import publish

AT_ONCE = 10
FACETS = [facet(status=s, kind=None, is_draft=d) for s in UNDECIDED for d in (True, False)]


def weigh(pull: PullRequest) -> None:
    """Count its reviews by what their reviewers may do now; it is held before and saved after."""
    reviews = list(Review.objects(pull_id=pull.pull_id))
    said_by = [review.reviewer_id for review in reviews]
    reviewers, approvers = _find_judges(pull.story_slug, said_by)
    for review in reviews:
        review.bind(is_binding=review.reviewer_id in approvers)
    pull.tally(review for review in reviews if review.reviewer_id in reviewers)


@unit_of_work
def weigh_anew(*, story_slug: str, user_id: str, now: datetime) -> None:
    """Weigh what somebody has judged in a story and nobody has decided: his part has changed.

    Up to AT_ONCE here; of more a job takes care, or who has judged too much could not be removed.
    """
    judged = _list_judged(story_slug, user_id)
    for pull_id in judged[:AT_ONCE]:
        _weigh_one(pull_id, now=now)
    if len(judged) > AT_ONCE:
        publish(JudgeTurned(story_slug=story_slug, user_id=user_id))


@unit_of_work
def turn_everywhere(*, user_id: str) -> None:
    """Let a job do so in each story that he works on: what he may do anywhere has changed."""
    for part in Collaborator.objects(user_id=user_id, status="accepted").only("story_slug"):
        publish(JudgeTurned(story_slug=part.story_slug, user_id=user_id))


def weigh_all(*, story_slug: str, user_id: str, now: datetime) -> int:
    """Weigh all that he has judged there, each in a write of its own; return how many."""
    judged = _list_judged(story_slug, user_id)
    for pull_id in judged:
        _weigh_one(pull_id, now=now)
    return len(judged)


@unit_of_work
def _weigh_one(pull_id: str, *, now: datetime) -> None:
    pull = PullRequest.hold(pull_id)
    if pull is None or pull.status not in UNDECIDED:
        return
    was, story = pull.status, Story.objects(slug=pull.story_slug).first()
    weigh(pull)
    settle(pull, story=story, was=was, now=now)


def _find_judges(story_slug: str, user_ids: list[str]) -> tuple[set[str], set[str]]:
    """Return who of these may review in a story now, and who may approve."""
    story = Story.objects(slug=story_slug).first()
    if story is None or not user_ids:
        return set(), set()
    facts = facts_of(story)
    standings = load_standings(story_slug=story_slug, user_ids=user_ids)
    for banned in PlatformBan.objects(user_id__in=user_ids).scalar("user_id"):
        del standings[banned]
    reviewers, approvers = (
        {who for who, standing in standings.items() if may(action, standing=standing, facts=facts)}
        for action in (Action.REVIEW_PULL, Action.MERGE_PULL)
    )
    return reviewers, approvers


def _list_judged(story_slug: str, user_id: str) -> list[str]:
    """Return what he has judged there; sorted out here, as many ids in a filter are slow."""
    judged = list(Review.objects(reviewer_id=user_id).scalar("pull_id"))
    if not judged:
        return []
    undecided = PullRequest.objects(story_slug=story_slug, facets__in=FACETS).scalar("pull_id")
    return sorted(set(undecided).intersection(judged))
