"""What chapters announce."""

from datetime import datetime

from storychain.events import Event


class ChapterAdded(Event, frozen=True, kw_only=True):
    """Somebody wrote a chapter directly into a story; imports announce none.

    It carries what its subscribers need to decide whom it concerns: the first chapter of a story
    has no parent, `branch_index` 0 continues its parent, and any other branches off it.
    """

    story_slug: str
    story_title: str
    story_creator_id: str
    chapter_slug: str
    chapter_title: str
    author_id: str
    branch_index: int
    parent_slug: str | None = None
    parent_author_id: str | None = None


class ChapterLiked(Event, frozen=True, kw_only=True):
    """A chapter has `more` upvotes than a moment ago, `upvotes` in all at `counted_at`."""

    story_slug: str
    story_title: str
    chapter_slug: str
    chapter_title: str
    author_id: str
    upvotes: int
    more: int
    counted_at: datetime


class ChapterFlagged(Event, frozen=True, kw_only=True):
    """A chapter has so many reports, or so low a score, that its moderators are to look at it."""

    story_slug: str
    story_title: str
    chapter_slug: str
    chapter_title: str
    moderator_ids: list[str]
    reports: int
    score: int
    flagged_at: datetime


class ChapterTakenAway(Event, frozen=True, kw_only=True):
    """Somebody (`actor_id`) has removed a chapter that another wrote; it may leave its node."""

    story_slug: str
    story_title: str
    chapter_slug: str
    chapter_title: str
    author_id: str
    actor_id: str
    taken_at: datetime


class ChapterEmptied(Event, frozen=True, kw_only=True):
    """A chapter that readers had has lost its text; its place in the tree stays."""

    chapter_slug: str


class HuskLeft(Event, frozen=True, kw_only=True):
    """A removed chapter keeps its place for nothing any more: it is to go as well."""

    chapter_slug: str


class ChapterDropped(Event, frozen=True, kw_only=True):
    """A chapter that readers had is gone, with its place in the tree.

    It is told again, `after` naming which time, where something was written below it as it went.
    """

    chapter_slug: str
    after: str = ""

    @property
    def cause(self) -> str:
        """Return a name for what follows from this: each time that it is told, another."""
        return f"{self.chapter_slug}:{self.after}" if self.after else self.chapter_slug
