"""Who is banned from a story or from the platform, by whom, and how it ends.

From a story its moderators ban, but nobody of their own rank or above it; who looks after the
platform is above all of its team but the owner, and what he has set they do not lift. From the
platform its moderators ban and cannot lift; the appeal moderators lift, also what those set in
stories, and cannot ban; a super admin does both.
"""

from datetime import datetime

from mongoengine.errors import NotUniqueError

from apps.access.documents import Collaborator, StoryBan
from apps.access.queries import load_standing
from apps.access.rules import LOOKS_AFTER_ALL, OWNER, Action, Standing
from apps.collaboration.services import end_part
from apps.moderation.documents import Act, Appeal
from apps.moderation.errors import AlreadyThere, BanNotFound, OutOfReach, PlatformsBan
from apps.moderation.events import StoryBanTurned
from apps.moderation.platform import SUPER_ADMIN, Duty, acts_for_platform, check_duty, may
from apps.pulls.judging import turn_everywhere
from apps.stories.documents import Moment, Story
from apps.stories.errors import StoryNotFound
from apps.stories.services import open_for
from apps.users.documents import PlatformBan
from apps.users.queries import check_user, find_platform_role
from storychain.documents import unit_of_work
from storychain.events import publish


def ban_from_story(
    *, story_slug: str, user_id: str, caller_id: str, reason: str, now: datetime
) -> None:
    """Keep somebody out of a story: he reads it no more, and his part in it ends.

    A ban that its team has set is the platform's from then on, if that bans him as well. Raise
    UserNotFound, AlreadyThere, OutOfReach for oneself, for who has one's own rank or a higher one,
    and for who looks after the platform.
    """
    try:
        _ban_from_story(story_slug, user_id, caller_id, reason, now)
    except NotUniqueError as error:
        raise AlreadyThere("He is banned from this story.") from error


@unit_of_work
def lift_story_ban(
    *, story_slug: str, user_id: str, caller_id: str, now: datetime, reason: str = ""
) -> None:
    """Let somebody read a story again; his part in it does not come back.

    Raise BanNotFound, PlatformsBan for who is no judge of what the platform has set.
    """
    ban = StoryBan.find(story_slug=story_slug, user_id=user_id)
    story, for_platform = _open_to_lift(ban, story_slug, caller_id)
    if ban is None:
        raise BanNotFound
    ban.delete()
    _close_appeal(user_id, story_slug, caller_id, now, for_platform=for_platform)
    about = {"user_id": user_id, "caller_id": caller_id, "reason": reason, "now": now}
    _note_story(story, "story_unbanned", for_platform=for_platform, **about)


def ban_from_platform(*, user_id: str, caller_id: str, reason: str, now: datetime) -> None:
    """Keep somebody from everything but an appeal; raise PlatformForbidden.

    Raise OutOfReach for oneself, for a super admin, and for who has a role if one is none;
    UserNotFound, AlreadyThere.
    """
    try:
        _ban_from_platform(user_id, caller_id, reason, now)
    except NotUniqueError as error:
        raise AlreadyThere("He is banned from the platform.") from error


@unit_of_work
def lift_platform_ban(*, user_id: str, caller_id: str, now: datetime, reason: str = "") -> None:
    """Let somebody back in; raise PlatformForbidden, BanNotFound."""
    check_duty(Duty.UNBAN, caller_id=caller_id)
    ban = PlatformBan.find(user_id)
    if ban is None:
        raise BanNotFound
    ban.delete()
    _close_appeal(user_id, None, caller_id, now, for_platform=True)
    turn_everywhere(user_id=user_id)
    Act.note("platform_unbanned", actor_id=caller_id, now=now, user_id=user_id, reason=reason)


def _close_appeal(
    user_id: str, story_slug: str | None, by: str, now: datetime, *, for_platform: bool
) -> None:
    """An appeal that waits has come to its end with the ban; it is not one against the next."""
    waiting = Appeal.objects(user_id=user_id, story_slug=story_slug, is_open=True).first()
    if waiting is not None:
        made = {"outcome": "RESOLVED", "statement": "The ban was lifted."}
        waiting.decide(**made, by=by, now=now, for_platform=for_platform)


@unit_of_work
def _ban_from_story(
    story_slug: str, user_id: str, caller_id: str, reason: str, now: datetime
) -> None:
    held = open_for(Action.MODERATE, slug=story_slug, caller_id=caller_id)
    for_platform = acts_for_platform(held.standing)
    check_user(user_id=user_id)
    theirs = load_standing(story_slug=story_slug, user_id=user_id)
    is_above = theirs.rank >= _reach(held.standing) or theirs.platform_role is not None
    if user_id == caller_id or is_above:
        raise OutOfReach
    about = {"user_id": user_id, "reason": reason, "now": now, "for_platform": for_platform}
    if for_platform:
        Story.hold(slug=story_slug)  # who appeals at this moment sees whose the ban is
    StoryBan.impose(story_slug=story_slug, by=caller_id, **about)
    if for_platform:
        Appeal.pass_up(story_slug=story_slug, user_id=user_id, by=caller_id, reason=reason)
    part = Collaborator.objects(story_slug=story_slug, user_id=user_id).first()
    if part is not None and part.status in ("accepted", "pending"):
        end_part(part, by=caller_id, now=now)
    _note_story(held.story, "story_banned", caller_id=caller_id, **about)


def _reach(standing: Standing) -> int:
    """Return the rank below which somebody bans from a story; its owner is never banned."""
    return OWNER if standing.platform_role in LOOKS_AFTER_ALL else standing.rank


def _open_to_lift(ban: StoryBan | None, slug: str, caller_id: str) -> tuple[Story, bool]:
    """Return a story that the caller lifts this ban from, and whether he does so for the platform.

    Who judges the platform's bans reads not every story, but knows of these, also when it is gone.
    """
    is_platforms = ban is not None and ban.for_platform and ban.user_id != caller_id
    if is_platforms and may(Duty.UNBAN, find_platform_role(user_id=caller_id)):
        story = Story.objects(slug=slug).first()
        if story is None:
            raise StoryNotFound
        return story, True
    held = open_for(Action.LIFT_BAN, slug=slug, caller_id=caller_id)
    if is_platforms:
        raise PlatformsBan("Those who judge the platform's bans lift it; he may appeal to them.")
    return held.story, acts_for_platform(held.standing)


def _note_story(
    story: Story,
    kind: str,
    *,
    user_id: str,
    caller_id: str,
    reason: str,
    now: datetime,
    for_platform: bool,
) -> None:
    is_banned = kind == "story_banned"
    about = {"story_slug": story.slug, "user_id": user_id}
    seen = {"is_shared": True, "for_platform": for_platform}
    Act.note(kind, actor_id=caller_id, now=now, reason=reason, **about, **seen)
    if story.status == "deleted":
        return  # nobody is to read it again
    moment = "member_banned" if is_banned else "ban_lifted"
    Moment.note(moment, actor_id=None if for_platform else caller_id, now=now, **about)
    publish(
        StoryBanTurned(
            **about,
            story_title=story.title,
            reason=reason,
            is_banned=is_banned,
            turned_at=now.timestamp(),
        )
    )


@unit_of_work
def _ban_from_platform(user_id: str, caller_id: str, reason: str, now: datetime) -> None:
    ours = check_duty(Duty.BAN, caller_id=caller_id)
    check_user(user_id=user_id)
    theirs = find_platform_role(user_id=user_id)
    is_above = theirs == SUPER_ADMIN or (theirs is not None and ours != SUPER_ADMIN)
    if user_id == caller_id or is_above:
        raise OutOfReach
    PlatformBan.impose(user_id=user_id, reason=reason, by=caller_id, now=now)
    turn_everywhere(user_id=user_id)
    Act.note("platform_banned", actor_id=caller_id, now=now, user_id=user_id, reason=reason)
