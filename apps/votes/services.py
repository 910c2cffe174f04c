"""Votes on stories and chapters and their rules; how any vote is cast."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from apps.access.rules import Action
from apps.chapters.errors import ChapterRemoved
from apps.chapters.growing import find_seen
from apps.stories.services import open_for
from apps.votes.documents import Vote
from apps.votes.errors import NotPublished, OwnWork
from storychain import counters
from storychain.documents import unit_of_work

STEP = 100
NAMES = MappingProxyType({"up": "votes__up", "down": "votes__down", "score": "votes__score"})
OF_STORY = {"up": "upvotes", "down": "downvotes", "score": "score", "all": "total_votes"}


@unit_of_work
def vote_on_story(*, slug: str, caller_id: str, value: int, now: datetime) -> int:
    """Vote for (1) or against (-1) a story; the same again takes it back.

    Return the caller's vote as it is then, 0 for none. Raise OwnWork, NotPublished.
    """
    story = open_for(Action.VOTE, slug=slug, caller_id=caller_id).story
    if story.creator_id == caller_id:
        raise OwnWork
    if story.status != "published":
        raise NotPublished
    return cast_vote(
        kind="story",
        key=slug,
        story_slug=slug,
        user_id=caller_id,
        value=value,
        now=now,
        names=OF_STORY,
    )


@unit_of_work
def vote_on_chapter(
    *, story_slug: str, slug: str, caller_id: str, value: int, now: datetime
) -> int:
    """Vote for or against a chapter, as for a story; raise ChapterRemoved where nothing is left."""
    held = open_for(Action.READ, slug=story_slug, caller_id=caller_id)
    chapter = find_seen(held, slug=slug)
    held.refuse_unless(Action.VOTE)
    if chapter.author_id == caller_id:
        raise OwnWork
    if chapter.status == "removed":
        raise ChapterRemoved
    if chapter.status != "published" or held.story.status != "published":
        raise NotPublished
    return cast_vote(
        kind="chapter",
        key=slug,
        story_slug=story_slug,
        user_id=caller_id,
        value=value,
        now=now,
    )


@unit_of_work
def cast_vote(
    *,
    kind: str,
    key: str,
    story_slug: str,
    user_id: str,
    value: int,
    now: datetime,
    names: Mapping[str, str] = NAMES,
) -> int:
    """Keep somebody's vote and have the difference counted; return his vote as it is then.

    Whether he may is asked before. `names` are what its kind's settler calls votes up, down,
    their score and, where it counts them, all of them.
    """
    before, after = Vote.turn(
        kind=kind, key=key, story_slug=story_slug, user_id=user_id, value=value, now=now
    )
    more = {
        "up": (after > 0) - (before > 0),
        "down": (after < 0) - (before < 0),
        "score": after - before,
        "all": abs(after) - abs(before),
    }
    counters.add(kind=kind, key=key, counts={name: more[what] for what, name in names.items()})
    return after


def forget_votes(*, kind: str, key: str) -> int:
    """Delete the votes on something that is gone, in steps; return how many there were."""
    forgotten = 0
    while step := Vote.forget(kind=kind, key=key, most=STEP):
        forgotten += step
    return forgotten
