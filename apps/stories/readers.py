"""Which of many people may read a story, by the database: for what is told to many."""

from collections.abc import Sequence

from apps.access.queries import load_standings
from apps.access.rules import Action, may
from apps.stories.documents import Story
from apps.stories.facts import facts_of


def list_insiders(*, slug: str) -> list[str] | None:
    """Return those who alone may read a story; None if everybody may, nobody if it is not there.

    Whoever looks after the platform reads it as well, without being one of them.
    """
    story = Story.objects(slug=slug).only("slug", "is_listed", "team").first()
    if story is None:
        return []
    return None if story.is_listed else list(story.team)


def sift_readers(*, slug: str, user_ids: Sequence[str]) -> set[str]:
    """Return those of these people who may read a story now."""
    story = Story.objects(slug=slug).first()
    if story is None:
        return set()
    facts = facts_of(story)
    standings = load_standings(story_slug=slug, user_ids=user_ids)
    return {
        user_id
        for user_id, standing in standings.items()
        if may(Action.READ, standing=standing, facts=facts)
    }
