"""What pull requests count for those who proposed them."""

from collections.abc import Mapping

from apps.pulls.documents import PullRequest
from apps.users.tallies import tallies


@tallies
def count_merged(user_id: str) -> Mapping[str, int]:
    """Count somebody's pull requests that another has merged."""
    merged = PullRequest.objects(author_id=user_id, status="merged", merged_by__ne=user_id)
    return {"pulls_merged": merged.count()}
