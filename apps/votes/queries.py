"""What somebody voted, always from the database."""

import msgspec

from apps.votes.documents import Vote
from apps.votes.limits import MOST_SHOWN
from apps.votes.pages import VoteView


def list_votes(*, user_id: str, story_slug: str) -> list[VoteView]:
    """Return somebody's votes in a story, the newest MOST_SHOWN."""
    mine = Vote.objects(user_id=user_id, story_slug=story_slug)
    newest = mine.order_by("-voted_at", "-vote_id").limit(MOST_SHOWN)
    return [msgspec.convert(vote, VoteView, from_attributes=True) for vote in newest]
