"""What permissions depend on, taken from a story as it is stored."""

from apps.access.rules import StoryFacts
from apps.stories.documents import Story


def facts_of(story: Story) -> StoryFacts:
    """Return the facts that apps/access/rules.py decides on."""
    s = story.settings
    return StoryFacts(
        slug=story.slug,
        creator_id=story.creator_id,
        status=story.status,
        is_public=s.is_public,
        allow_branching=s.allow_branching,
        require_approval=s.require_approval,
        allow_comments=s.allow_comments,
        allow_voting=s.allow_voting,
    )
