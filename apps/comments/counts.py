"""What is counted of a comment in sums: the votes for and against it, as those of a chapter are."""

from apps.comments.documents import Comment
from storychain.counters import settles


@settles("comment")
def count_comment(comment_id: str, counts: dict[str, int]) -> None:
    """Add to a comment's counts."""
    Comment.count(comment_id, counts=counts)
