"""What becomes of comments when whoever wrote them deletes his account: they stay, the orphan's."""

from apps.comments.documents import Comment
from apps.users.departures import STEP, departs
from storychain.documents import unit_of_work


@departs
@unit_of_work
def leave_comments(user_id: str) -> int:
    """Leave what somebody said to the orphan."""
    return Comment.orphan(user_id, most=STEP)
