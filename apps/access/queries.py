"""What somebody is to a story: cached for reads, from the database for writes."""

from collections.abc import Sequence

from apps.access import keys
from apps.access.documents import ROLES, Collaborator, StoryBan
from apps.access.invalidation import platform_role_tag, standing_tag
from apps.access.rules import MODERATOR, Standing
from apps.users.documents import PlatformBan
from apps.users.queries import find_platform_role, list_platform_roles
from storychain.cache.region import Region, depends_on

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


def list_standings(*, story_slugs: Sequence[str], user_id: str) -> dict[str, Standing]:
    """Return what somebody is to each of these stories, by the database.

    Inside a load it depends on that.
    """
    depends_on(platform_role_tag(user_id), *(standing_tag(slug, user_id) for slug in story_slugs))
    his = {"user_id": user_id, "story_slug__in": story_slugs}
    ranks = {
        row.story_slug: ROLES.index(row.role)
        for row in Collaborator.objects(**his, status="accepted")
    }
    banned = set(StoryBan.objects(**his).scalar("story_slug"))
    role = find_platform_role(user_id=user_id)
    return {
        slug: Standing(
            user_id=user_id,
            rank=ranks.get(slug, -1),
            is_banned=slug in banned,
            platform_role=role,
        )
        for slug in story_slugs
    }


def list_moderators(*, story_slug: str) -> list[str]:
    """Return who of a story's team decides in it, by the database; nobody banned from the platform.

    Also of a story that is deleted.
    """
    team = Collaborator.objects(
        story_slug=story_slug, status="accepted", role__in=ROLES[MODERATOR:]
    )
    ids = {row.user_id for row in team.only("user_id")}
    return sorted(ids.difference(PlatformBan.objects(user_id__in=sorted(ids)).scalar("user_id")))


def load_standing(*, story_slug: str, user_id: str | None) -> Standing:
    """Return what a caller is to a story by the database: a write decides on the truth."""
    if user_id is None:
        return NOBODY
    return load_standings(story_slug=story_slug, user_ids=[user_id])[user_id]


def load_standings(*, story_slug: str, user_ids: Sequence[str]) -> dict[str, Standing]:
    """Return what each of these people is to a story, by the database."""
    theirs = {"story_slug": story_slug, "user_id__in": user_ids}
    ranks = {
        row.user_id: ROLES.index(row.role)
        for row in Collaborator.objects(**theirs, status="accepted")
    }
    banned = set(StoryBan.objects(**theirs).scalar("user_id"))
    roles = list_platform_roles(user_ids)
    return {
        user_id: Standing(
            user_id=user_id,
            rank=ranks.get(user_id, -1),
            is_banned=user_id in banned,
            platform_role=roles.get(user_id),
        )
        for user_id in user_ids
    }
