"""The seats of a story's team: its members and its open invitations hold one each.

They are counted in the story, so that two invitations at once see each other. One that has run out
holds its seat for whoever is asked anew, until another needs it.
"""

from datetime import datetime

from apps.access.documents import ROLES, Collaborator
from apps.access.rules import CO_AUTHOR
from apps.collaboration.errors import TeamFull
from apps.collaboration.limits import LARGEST_TEAM
from apps.stories.documents import Story
from storychain.documents import unit_of_work

NOBODYS = -1
"""The rank of who is not of the team."""


@unit_of_work
def take_seat(*, story_slug: str, now: datetime) -> None:
    """Hold a seat, if need be one of an invitation that has run out; raise TeamFull."""
    if Story.seat(slug=story_slug, most=LARGEST_TEAM):
        return
    _end(story_slug, expires_at__lte=now)
    if not Story.seat(slug=story_slug, most=LARGEST_TEAM):
        raise TeamFull(f"A team has at most {LARGEST_TEAM} people, with open invitations.")


@unit_of_work
def withdraw_sent(*, story_slug: str, by: str, rank: int) -> None:
    """End the open invitations of somebody that he could not send with this rank."""
    beyond = ROLES if rank < CO_AUTHOR else ROLES[rank + 1 :]
    _end(story_slug, invited_by=by, role__in=beyond)


def _end(story_slug: str, **found: object) -> None:
    if ended := Collaborator.end_invitations(story_slug=story_slug, **found):
        Story.unseat(slug=story_slug, seats=ended)
