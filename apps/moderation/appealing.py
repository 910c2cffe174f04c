"""Appeals against bans: one at a time a ban, judged by somebody else than who has banned.

Those against a story's ban are its moderators', of which the owner may judge his own; those against
the platform's are the appeal moderators'.
"""

from datetime import datetime

from mongoengine.errors import NotUniqueError

from apps.access.documents import StoryBan
from apps.access.rules import OWNER, Action
from apps.moderation.banning import lift_platform_ban, lift_story_ban
from apps.moderation.documents import Act, Appeal
from apps.moderation.errors import (
    AlreadyThere,
    AppealNotFound,
    BanNotFound,
    OutOfReach,
    PlatformForbidden,
    ReportClosed,
)
from apps.moderation.events import AppealDecided
from apps.moderation.platform import SUPER_ADMIN, Duty, check_duty
from apps.stories.errors import StoryForbidden, StoryNotFound
from apps.stories.services import open_for
from apps.users.documents import PlatformBan
from storychain.documents import unit_of_work
from storychain.events import publish


def file_appeal(*, user_id: str, text: str, now: datetime, story_slug: str | None = None) -> str:
    """Appeal against one's ban from a story, or without one from the platform; return its id.

    Raise BanNotFound without such a ban, AlreadyThere while another appeal against it is open.
    """
    try:
        return _file(user_id, text, story_slug, now)
    except NotUniqueError as error:
        raise AlreadyThere("Your appeal is waiting to be read.") from error


@unit_of_work
def decide_appeal(
    *, appeal_id: str, caller_id: str, is_granted: bool, statement: str, now: datetime
) -> None:
    """Grant an appeal, which lifts the ban, or reject it.

    Raise AppealNotFound if it is not the caller's to see, OutOfReach for who has banned,
    ReportClosed when it has been decided. A ban that is lifted already is no obstacle.
    """
    appeal = Appeal.objects(appeal_id=appeal_id).first()
    rank = _rank_as_judge(appeal, caller_id) if appeal else None
    if appeal is None or rank is None:
        raise AppealNotFound
    is_highest = rank in {SUPER_ADMIN, OWNER}
    if appeal.user_id == caller_id or (appeal.banned_by == caller_id and not is_highest):
        raise OutOfReach("Somebody else than who has banned is to judge.")
    if not appeal.is_open:
        raise ReportClosed("This appeal has been decided.")
    outcome = "RESOLVED" if is_granted else "DISMISSED"
    appeal.decide(outcome=outcome, statement=statement, by=caller_id, now=now)
    kind = "appeal_granted" if is_granted else "appeal_rejected"
    about = {"user_id": appeal.user_id, "story_slug": appeal.story_slug, "reason": statement}
    Act.note(kind, actor_id=caller_id, now=now, **about)
    if is_granted:
        _lift(appeal, caller_id=caller_id, now=now)
    publish(
        AppealDecided(
            appeal_id=appeal_id,
            user_id=appeal.user_id,
            outcome="granted" if is_granted else "rejected",
        )
    )


@unit_of_work
def _file(user_id: str, text: str, story_slug: str | None, now: datetime) -> str:
    ban = (
        StoryBan.find(story_slug=story_slug, user_id=user_id)
        if story_slug
        else PlatformBan.find(user_id)
    )
    if ban is None:
        raise BanNotFound
    appeal = Appeal(
        user_id=user_id,
        story_slug=story_slug,
        queue="story" if story_slug else "platform",
        text=text,
        ban_reason=ban.reason,
        banned_by=ban.banned_by,
        created_at=now,
    )
    appeal.save(force_insert=True)
    return str(appeal.appeal_id)


def _rank_as_judge(appeal: Appeal, caller_id: str) -> int | str | None:
    """Return by what the caller may judge this, None if he may not."""
    try:
        if appeal.story_slug:
            held = open_for(Action.LIFT_BAN, slug=appeal.story_slug, caller_id=caller_id)
            return held.standing.rank
        return check_duty(Duty.UNBAN, caller_id=caller_id)
    except (PlatformForbidden, StoryForbidden, StoryNotFound):
        return None


def _lift(appeal: Appeal, *, caller_id: str, now: datetime) -> None:
    who = {"user_id": appeal.user_id, "caller_id": caller_id, "now": now}
    if not appeal.story_slug:
        if PlatformBan.find(appeal.user_id):
            lift_platform_ban(**who)
    elif StoryBan.find(story_slug=appeal.story_slug, user_id=appeal.user_id):
        lift_story_ban(story_slug=appeal.story_slug, **who)
