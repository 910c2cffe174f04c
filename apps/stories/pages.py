"""What readers get to see of stories."""

from datetime import datetime

import msgspec

from apps.users.pages import AuthorRef
from storychain.api.pagination import Page


class StatsView(msgspec.Struct, frozen=True):
    """A story's counts; `total_votes` are those for it and for its chapters, the others its own.

    Votes and followers lag by two seconds, in lists by as much as the list may be old. Reads are as
    old as the page or list may be, about an hour: a story that is read much keeps its pages.
    """

    total_chapters: int
    total_branches: int
    total_reads: int
    total_votes: int
    upvotes: int
    downvotes: int
    score: int
    unique_contributors: int
    followers: int


class SettingsView(msgspec.Struct, frozen=True):
    """What its owners decided about a story."""

    is_public: bool
    allow_branching: bool
    require_approval: bool
    allow_comments: bool
    allow_voting: bool
    max_depth: int
    genres: list[str]
    content_rating: str


class StoryRef(msgspec.Struct, frozen=True):
    """A story beside something of a reader's own."""

    slug: str
    title: str
    cover_image: str


class StoryCard(msgspec.Struct, frozen=True, kw_only=True):
    """A story in a list."""

    slug: str
    title: str
    description: str
    cover_image: str
    author: AuthorRef
    genres: list[str]
    content_rating: str
    tags: list[str]
    warnings: list[str]
    status: str
    stats: StatsView
    published_at: datetime | None
    last_activity_at: datetime


class MyStoryCard(StoryCard, frozen=True, kw_only=True):
    """A story in the list of somebody who works on it, as what."""

    role: str


class StoryPage(StoryCard, frozen=True, kw_only=True):
    """A story as its readers see it; `version` counts edits, of settings too, and steps."""

    version: int
    settings: SettingsView
    is_featured: bool
    created_at: datetime
    updated_at: datetime


class TeamMember(msgspec.Struct, frozen=True):
    """Somebody who works on a story."""

    user: AuthorRef
    role: str


class OverviewPage(StoryPage, frozen=True, kw_only=True):
    """A story's page with everybody who works on it."""

    team: list[TeamMember]


class SettingsPage(msgspec.Struct, frozen=True):
    """A story's settings, for those who work on it; `version` is the story's."""

    story_slug: str
    version: int
    settings: SettingsView


class StoryListPage(Page[StoryCard], frozen=True, kw_only=True):
    """One page of a list of stories; `next_cursor` asks for the following one."""


class MyStoriesPage(Page[MyStoryCard], frozen=True, kw_only=True):
    """One page of what the caller works on; `next_cursor` asks for the following one."""


class MomentView(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened in a story: who did it, to which chapter or person.

    An `actor` who is null looks after the platform.
    `details` are `title` of a chapter (as it was then), `version`, `to` of a rollback, `label` of a
    way and `target` of a link, `role` of a person, `fields` of an edited story.
    """

    id: str
    kind: str
    actor: AuthorRef | None
    chapter_slug: str | None
    user: AuthorRef | None
    details: dict[str, str | int | list[str]]
    at: datetime


class TimelinePage(Page[MomentView], frozen=True, kw_only=True):
    """One page of what happened in a story; `next_cursor` asks for what was before."""
