"""What chapters count for those who wrote them, and the votes for them."""

from collections.abc import Mapping

from apps.chapters.documents import Chapter
from apps.users.tallies import tallies


@tallies
def count_chapters(user_id: str) -> Mapping[str, int]:
    """Count somebody's chapters that stand, those that he imported, own branches, and votes."""
    his = Chapter.objects(author_id=user_id, status="published")
    sums = {"up": {"$sum": "$votes.up"}, "down": {"$sum": "$votes.down"}}
    votes = next(iter(his.aggregate([{"$group": {"_id": None, **sums}}])), {"up": 0, "down": 0})
    return {
        "total_upvotes": votes["up"],
        "total_downvotes": votes["down"],
        "chapters_written": his.count(),
        "chapters_imported": his.filter(is_import=True).count(),
        "branches_created": his.filter(is_import__ne=True, branch_index__gt=0).count(),
    }
