"""What readers see of stories. Every read is cached; invalidation.py says until when."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from apps.access.documents import Collaborator
from apps.access.invalidation import team_tag
from apps.access.queries import get_standing, list_standings
from apps.access.rules import Action, Standing, StoryFacts, may
from apps.stories import keys
from apps.stories.documents import Story
from apps.stories.errors import StoryForbidden, StoryNotFound
from apps.stories.facts import facts_of
from apps.stories.invalidation import counts_tag, story_tag, tree_tag
from apps.stories.pages import (
    OverviewPage,
    SettingsPage,
    StoryPage,
    StoryRef,
    TeamMember,
)
from apps.stories.shapes import page_fields, settings_view
from apps.users.queries import list_authors
from storychain.cache.region import Cached, Region, depends_on
from storychain.errors import Unauthenticated

FACTS = Region("story.facts", ttl="STORY_DETAIL", type=StoryFacts, reads=("stories",))
DETAILS = Region(
    "story.detail", ttl="STORY_DETAIL", type=StoryPage, finds=("user",), reads=("stories", "users")
)
OVERVIEWS = Region(
    "story.overview",
    ttl="STORY_OVERVIEW",
    type=OverviewPage,
    finds=("user",),
    reads=("stories", "users", "collaborators"),
)
SETTINGS = Region("story.settings", ttl="STORY_SETTINGS", type=SettingsPage, reads=("stories",))


class Opened(NamedTuple):
    """A story that the caller may see: its facts, and what he is to it."""

    facts: StoryFacts
    standing: Standing

    @property
    def audience(self) -> Literal["public", "private"]:
        """Who may be given the same pages: everybody, or those who were let in."""
        return "public" if self.facts.is_open else "private"


def open_story(*, slug: str, user_id: str | None, action: Action = Action.READ) -> Opened:
    """Return a story's facts for a caller who may read it and do this with it.

    Raise StoryNotFound if he may not even see it, StoryForbidden if he sees it but may not, and
    Unauthenticated where he could if he said who he is.
    """
    facts = FACTS.get_or_load(
        keys.story_facts(slug), tags=[story_tag(slug)], load=lambda: facts_of(_get_story(slug))
    ).value
    standing = get_standing(story_slug=slug, user_id=user_id)
    if not may(Action.READ, standing=standing, facts=facts):
        raise StoryNotFound
    if not may(action, standing=standing, facts=facts):
        if user_id is None:
            raise Unauthenticated
        raise StoryForbidden(f"Your part in this story does not allow this: {action.value}.")
    return Opened(facts, standing)


def list_readable(slugs: Iterable[str], *, user_id: str) -> dict[str, StoryRef]:
    """Return those of these stories that somebody may read, by as many questions as for one.

    Inside a load it depends on them, and on what he is to each.
    """
    wanted = sorted(set(slugs))
    if not wanted:
        return {}
    depends_on(*map(story_tag, wanted))
    standings = list_standings(story_slugs=wanted, user_id=user_id)
    return {
        story.slug: StoryRef(story.slug, story.title, story.cover_image)
        for story in Story.objects(slug__in=wanted)
        if may(Action.READ, standing=standings[story.slug], facts=facts_of(story))
    }


def get_story_page(*, slug: str) -> Cached[StoryPage]:
    """Return a story as its readers see it; raise StoryNotFound if none has this slug."""
    return DETAILS.get_or_load(
        keys.story_detail(slug),
        tags=[story_tag(slug), tree_tag(slug), counts_tag(slug)],
        load=lambda: _load_page(slug),
    )


def get_overview(*, slug: str) -> Cached[OverviewPage]:
    """Return a story's page with its team."""
    return OVERVIEWS.get_or_load(
        keys.story_overview(slug),
        tags=[story_tag(slug), tree_tag(slug), counts_tag(slug), team_tag(slug)],
        load=lambda: _load_overview(slug),
    )


def get_settings(*, slug: str) -> Cached[SettingsPage]:
    """Return a story's settings."""
    return SETTINGS.get_or_load(
        keys.story_settings(slug),
        tags=[story_tag(slug)],
        load=lambda: _load_settings(slug),
    )


def _get_story(slug: str) -> Story:
    story = Story.objects(slug=slug, status__ne="deleted").first()
    if story is None:
        raise StoryNotFound
    return story


def _load_settings(slug: str) -> SettingsPage:
    story = _get_story(slug)
    return SettingsPage(slug, story.version, settings_view(story))


def _load_page(slug: str) -> StoryPage:
    story = _get_story(slug)
    authors = list_authors([story.creator_id])
    return StoryPage(**page_fields(story, authors[story.creator_id]))


def _load_overview(slug: str) -> OverviewPage:
    story = _get_story(slug)
    rows = list(Collaborator.objects(story_slug=slug, status="accepted").order_by("accepted_at"))
    people = list_authors([story.creator_id, *(row.user_id for row in rows)])
    return OverviewPage(
        **page_fields(story, people[story.creator_id]),
        team=[TeamMember(people[row.user_id], row.role) for row in rows],
    )
