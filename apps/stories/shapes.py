"""From a story as it is stored to the fields of its pages."""

from typing import Any

import msgspec

from apps.stories.documents import Story
from apps.stories.pages import MyStoryCard, SettingsView, StatsView, StoryCard
from apps.users.pages import AuthorRef


def my_card(story: Story, author: AuthorRef, *, role: str) -> MyStoryCard:
    """Return a story as it stands in the list of somebody who works on it."""
    return MyStoryCard(**_card_fields(story, author), role=role)


def card(story: Story, author: AuthorRef) -> StoryCard:
    """Return a story as it stands in a list."""
    return StoryCard(**_card_fields(story, author))


def page_fields(story: Story, author: AuthorRef) -> dict[str, Any]:
    """Return the fields that a story's own pages share."""
    return {
        **_card_fields(story, author),
        "version": story.version,
        "settings": settings_view(story),
        "is_featured": story.is_featured,
        "created_at": story.created_at,
        "updated_at": story.updated_at,
    }


def settings_view(story: Story) -> SettingsView:
    """Return what its owners decided about a story."""
    return msgspec.convert(story.settings, SettingsView, from_attributes=True)


def _card_fields(story: Story, author: AuthorRef) -> dict[str, Any]:
    return {
        "slug": story.slug,
        "title": story.title,
        "description": story.description,
        "cover_image": story.cover_image,
        "author": author,
        "genres": list(story.settings.genres),
        "content_rating": story.settings.content_rating,
        "tags": list(story.tags),
        "warnings": list(story.warnings),
        "status": story.status,
        "stats": msgspec.convert(story.stats, StatsView, from_attributes=True),
        "published_at": story.published_at,
        "last_activity_at": story.last_activity_at,
    }
