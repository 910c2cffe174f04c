"""What somebody is to a story: cached for reads, from the database for writes."""

from apps.access import keys
from apps.access.documents import ROLES, Collaborator, StoryBan
from apps.access.invalidation import platform_role_tag, standing_tag
from apps.access.rules import Standing
from apps.users.queries import find_platform_role
from storychain.cache.region import Region

STANDINGS = Region(
    "access.standing",
    ttl="COLLABORATOR_ROLE",
    type=Standing,
    reads=("collaborators", "story_bans", "platform_roles"),
)
NOBODY = Standing()


def get_standing(*, story_slug: str, user_id: str | None) -> Standing:
    """Return what a caller is to a story, for reads; nobody signed in is `NOBODY`."""
    if user_id is None:
        return NOBODY
    return STANDINGS.get_or_load(
        keys.standing(story_slug, user_id),
        tags=[standing_tag(story_slug, user_id), platform_role_tag(user_id)],
        load=lambda: load_standing(story_slug=story_slug, user_id=user_id),
    ).value


def load_standing(*, story_slug: str, user_id: str | None) -> Standing:
    """Return what a caller is to a story by the database: a write decides on the truth."""
    if user_id is None:
        return NOBODY
    row = Collaborator.objects(story_slug=story_slug, user_id=user_id).first()
    return Standing(
        user_id=user_id,
        rank=ROLES.index(row.role) if row and row.status == "accepted" else -1,
        is_banned=StoryBan.objects(story_slug=story_slug, user_id=user_id).first() is not None,
        platform_role=find_platform_role(user_id=user_id),
    )
