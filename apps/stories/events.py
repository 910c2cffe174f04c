"""What stories announce."""

from datetime import datetime

from storychain.events import Event


class StoryMilestone(Event, frozen=True, kw_only=True):
    """A story has come to a round number of something: `what` is "votes" or "reads"."""

    story_slug: str
    story_title: str
    creator_id: str
    what: str
    count: int


class StoryPublished(Event, frozen=True, kw_only=True):
    """A story has its first readers from now on."""

    story_slug: str
    story_title: str
    creator_id: str


class StoryDeleted(Event, frozen=True, kw_only=True):
    """Nobody has a story any more, its team neither."""

    story_slug: str


class TakedownTurned(Event, frozen=True, kw_only=True):
    """Who looks after the platform (`actor_id`) has taken a story down, or brought it back."""

    story_slug: str
    story_title: str
    creator_id: str
    actor_id: str
    is_down: bool
    turned_at: datetime
