"""What becomes of a story's team when one of it deletes his account."""

from apps.access.documents import Collaborator, StoryBan
from apps.collaboration.events import CollaboratorLeft
from apps.collaboration.seats import NOBODYS, withdraw_sent
from apps.stories.documents import Story
from apps.users.departures import STEP, departs
from storychain.documents import unit_of_work
from storychain.events import publish


@departs
@unit_of_work
def leave_teams(user_id: str) -> int:
    """End what somebody was to stories; of a team without its owner a co-author becomes owner.

    The one who has been there longest; without any the story has no owner, and the platform's
    moderators look after it.
    """
    rows = list(Collaborator.objects(user_id=user_id).limit(STEP))
    for row in rows:
        row.delete()
        if row.status in ("accepted", "pending"):
            Story.unseat(slug=row.story_slug)
        if row.status == "accepted":
            withdraw_sent(story_slug=row.story_slug, by=user_id, rank=NOBODYS)
            Story.let_out(slug=row.story_slug, user_id=user_id)
            _pass_on(row)
            publish(CollaboratorLeft(story_slug=row.story_slug, user_id=user_id, by=user_id))
    return len(rows)


@departs
@unit_of_work
def forget_bans(user_id: str) -> int:
    """Delete the bans of somebody who does not come back."""
    rows = list(StoryBan.objects(user_id=user_id).limit(STEP))
    for row in rows:
        row.delete()
    return len(rows)


def _pass_on(left: Collaborator) -> None:
    if left.role != "owner":
        return
    able = Collaborator.objects(story_slug=left.story_slug, status="accepted", role="co_author")
    if heir := able.order_by("accepted_at", "user_id").first():
        heir.change_role("owner")
