"""Who works on a story, who is invited, and what the caller may do with it."""

from collections.abc import Sequence
from datetime import datetime

from apps.access.documents import ROLES, Collaborator
from apps.access.invalidation import platform_role_tag, standing_tag, team_tag
from apps.access.rules import Action, may
from apps.collaboration import keys
from apps.collaboration.limits import LARGEST_TEAM
from apps.collaboration.pages import (
    CollaboratorView,
    InvitationsPage,
    InvitationView,
    MyRolePage,
    TeamPage,
)
from apps.stories.documents import Story
from apps.stories.invalidation import story_tag
from apps.stories.queries import Opened, open_story
from apps.users.queries import list_authors
from storychain.api.keyset import Slice, cut_page
from storychain.api.pagination import decode_cursor
from storychain.cache.region import Cached, Region

TEAMS = Region(
    "story.collaborators",
    ttl="COLLABORATOR_LIST",
    type=TeamPage,
    finds=("user",),
    reads=("collaborators", "users"),
)
MY_ROLES = Region("story.my-role", ttl="COLLABORATOR_ROLE", type=MyRolePage)


def get_team(*, story_slug: str) -> Cached[TeamPage]:
    """Return everybody who works on a story."""
    return TEAMS.get_or_load(
        keys.collaborator_list(story_slug),
        tags=[story_tag(story_slug), team_tag(story_slug)],
        load=lambda: _load_team(story_slug),
    )


def get_my_role(*, slug: str, user_id: str) -> Cached[MyRolePage]:
    """Return what somebody is to a story, and what he may do; raise StoryNotFound.

    The load asks itself: what was read before it is older than the tokens that it is stored with.
    """
    return MY_ROLES.get_or_load(
        keys.my_role(slug, user_id),
        tags=[story_tag(slug), standing_tag(slug, user_id), platform_role_tag(user_id)],
        load=lambda: _show_role(open_story(slug=slug, user_id=user_id)),
    )


def list_sent(
    *, story_slug: str, now: datetime, limit: int = LARGEST_TEAM, cursor: str | None = None
) -> InvitationsPage:
    """Return one page of a story's open invitations, by the ids of those who are invited.

    For those who may send some; never from a cache.
    """
    scope = f"sent:{story_slug}"
    after = decode_cursor(scope, cursor)
    pending = Collaborator.objects(story_slug=story_slug, status="pending").order_by("user_id")
    rows = list(pending(user_id__gt=after[0] if after else "").limit(limit + 1))
    page = cut_page(rows, limit=limit, scope=scope, place=lambda row: [row.user_id])
    return _show_page(page, now=now)


def list_received(
    *, user_id: str, limit: int, cursor: str | None, now: datetime
) -> InvitationsPage:
    """Return one page of a person's own open invitations, by their stories' slugs."""
    scope = f"invitations:{user_id}"
    after = decode_cursor(scope, cursor)
    pending = Collaborator.objects(user_id=user_id, status="pending").order_by("story_slug")
    rows = list(pending(story_slug__gt=after[0] if after else "").limit(limit + 1))
    page = cut_page(rows, limit=limit, scope=scope, place=lambda row: [row.story_slug])
    return _show_page(page, now=now)


def _show_page(page: Slice[Collaborator], *, now: datetime) -> InvitationsPage:
    return InvitationsPage(
        items=_views([row for row in page.rows if row.is_open(now=now)]),
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


def _load_team(story_slug: str) -> TeamPage:
    rows = Collaborator.objects(story_slug=story_slug, status="accepted").limit(LARGEST_TEAM)
    members = sorted(rows, key=lambda row: (-ROLES.index(row.role), row.accepted_at, row.user_id))
    people = list_authors(row.user_id for row in members)
    return TeamPage(
        story_slug,
        [CollaboratorView(people[row.user_id], row.role, row.accepted_at) for row in members],
    )


def _show_role(opened: Opened) -> MyRolePage:
    facts, standing = opened
    return MyRolePage(
        story_slug=facts.slug,
        role=ROLES[standing.rank] if standing.rank >= 0 else None,
        platform_role=standing.platform_role,
        actions=[a.value for a in Action if may(a, standing=standing, facts=facts)],
    )


def _views(rows: Sequence[Collaborator]) -> list[InvitationView]:
    """Show invitations; a story that has been deleted meanwhile invites nobody."""
    slugs = [row.story_slug for row in rows]
    stories = Story.objects(slug__in=slugs, status__ne="deleted").only("slug", "title")
    titles = {story.slug: story.title for story in stories}
    people = list_authors({row.user_id for row in rows} | {row.invited_by for row in rows} - {None})
    return [
        InvitationView(
            story_slug=row.story_slug,
            story_title=titles[row.story_slug],
            user=people[row.user_id],
            role=row.role,
            invited_by=people.get(row.invited_by),
            invited_at=row.invited_at,
            expires_at=row.expires_at,
        )
        for row in rows
        if row.story_slug in titles
    ]
