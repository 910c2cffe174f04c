"""What stories count for the one who started them."""

from collections.abc import Mapping

from apps.stories.documents import Story
from apps.users.tallies import tallies


@tallies
def count_stories(user_id: str) -> Mapping[str, int]:
    """Count the stories that somebody has started, and those of them that were published."""
    his = Story.objects(creator_id=user_id, status__ne="deleted")
    return {
        "stories_created": his.count(),
        "stories_published": his.filter(published_at__ne=None).count(),
    }
