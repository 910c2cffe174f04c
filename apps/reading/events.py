"""What reading announces."""

from datetime import date, datetime

from storychain.events import Event


class StoryRead(Event, frozen=True, kw_only=True):
    """Somebody has read a chapter of a story, for the first time on this UTC day."""

    user_id: str
    story_slug: str
    chapter_slug: str
    day: date
    read_at: datetime


class HistoryForgotten(Event, frozen=True, kw_only=True):
    """Somebody wants what he read of a story to be forgotten; its chapters still are to be."""

    history_id: str
