"""What is shown of who follows whom or what."""

from datetime import datetime

import msgspec

from apps.stories.pages import StoryRef
from apps.users.pages import AuthorRef
from storychain.api.pagination import Page


class PersonRow(msgspec.Struct, frozen=True):
    """Somebody who follows or is followed, and since when."""

    user: AuthorRef
    followed_at: datetime


class StoryRow(msgspec.Struct, frozen=True):
    """A story that the caller follows, and since when."""

    story: StoryRef
    followed_at: datetime


class PersonListPage(Page[PersonRow], frozen=True, kw_only=True):
    """One page of people, the latest follow first; `next_cursor` asks for the following one."""


class FollowedStoriesPage(Page[StoryRow], frozen=True, kw_only=True):
    """One page of the stories that the caller follows, the latest follow first.

    What he may not read now is left out, so a page may be shorter than its limit.
    """
