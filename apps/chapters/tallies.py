"""What chapters count for those who wrote them."""

from collections.abc import Mapping

from apps.chapters.documents import Chapter
from apps.users.tallies import tallies


@tallies
def count_chapters(user_id: str) -> Mapping[str, int]:
    """Count somebody's chapters that stand, those of them that he imported, and own branches."""
    his = Chapter.objects(author_id=user_id, status__in=("published", "pending_review"))
    return {
        "chapters_written": his.count(),
        "chapters_imported": his.filter(is_import=True).count(),
        "branches_created": his.filter(is_import__ne=True, branch_index__gt=0).count(),
    }
