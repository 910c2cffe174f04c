"""Who hears of a story's news: those who follow it, and those who follow whose news it is.

They may be hundreds of thousands, so they are taken in steps: each a job of low priority, which
names the next one, so that whatever else is to be told goes between two of them.
"""

from typing import Literal, NamedTuple

from apps.follows.queries import list_to_tell
from apps.stories.readers import list_insiders
from storychain.steps import in_steps

STEP = 25_000  # the stand-in reads all followers for each list of them, however short
TOGETHER = 100  # are told in one write
Audience = Literal["story", "user"]


class Place(NamedTuple):
    """How far the telling is: the followers of the story or of the person, behind this one."""

    audience: Audience = "story"
    after: str = ""


class Step(NamedTuple):
    """Whom to tell now, in groups of TOGETHER; and where to go on, None at the end."""

    groups: list[list[str]]
    following: Place | None


def take_step(*, story_slug: str, person_id: str, place: Place) -> Step:
    """Return the next STEP followers; of a story that is closed, only those who work on it."""
    ids = list_to_tell(
        kind=place.audience,
        following_id=story_slug if place.audience == "story" else person_id,
        after=place.after,
        limit=STEP,
        among=list_insiders(slug=story_slug),
    )
    groups = list(in_steps(ids, TOGETHER))
    if len(ids) == STEP:
        return Step(groups, Place(place.audience, ids[-1]))
    return Step(groups, Place("user") if place.audience == "story" else None)
