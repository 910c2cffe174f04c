"""What stories count for the one who started them."""

from collections.abc import Mapping

from apps.stories.documents import Story
from apps.users.tallies import tallies


@tallies
def count_stories(user_id: str) -> Mapping[str, int]:
    """Count the stories that somebody has started, those that were published, and their votes."""
    his = Story.objects(creator_id=user_id, status__ne="deleted")
    sums = {"up": {"$sum": "$stats.upvotes"}, "down": {"$sum": "$stats.downvotes"}}
    votes = next(iter(his.aggregate([{"$group": {"_id": None, **sums}}])), {"up": 0, "down": 0})
    return {
        "total_upvotes": votes["up"],
        "total_downvotes": votes["down"],
        "stories_created": his.count(),
        "stories_published": his.filter(published_at__ne=None).count(),
    }
