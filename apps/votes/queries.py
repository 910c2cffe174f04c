"""What somebody voted, always from the database."""

from collections.abc import Iterable

import msgspec

from apps.votes.documents import Vote
from apps.votes.limits import MOST_SHOWN
from apps.votes.pages import VoteView


def list_votes(*, user_id: str, story_slug: str) -> tuple[list[VoteView], bool]:
    """Return somebody's votes in a story, the newest MOST_SHOWN, and whether there are more."""
    mine = Vote.objects(user_id=user_id, story_slug=story_slug)
    newest = list(mine.order_by("-voted_at", "-vote_id").limit(MOST_SHOWN + 1))
    return _show(newest[:MOST_SHOWN]), len(newest) > MOST_SHOWN


def list_votes_on(
    *, user_id: str, story_slug: str, chapters: Iterable[str], comments: Iterable[str]
) -> list[VoteView]:
    """Return all that somebody voted on a story, and on these of its chapters and comments."""
    named = {"story": [story_slug], "chapter": chapters, "comment": comments}
    his = {"user_id": user_id, "story_slug": story_slug}
    found = (Vote.list_on(kind=kind, keys=keys, **his) for kind, keys in named.items())
    return _show(vote for votes in found for vote in votes)


def _show(votes: Iterable[Vote]) -> list[VoteView]:
    return [msgspec.convert(vote, VoteView, from_attributes=True) for vote in votes]
