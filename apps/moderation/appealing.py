"""Appeals against bans: one at a time, APPEALS_PER_BAN in all, each with something new to say.

They are judged by somebody else than who has banned, as long as there is anybody: those against a
story's ban by its moderators; those against the platform's, also from a story, by the appeal
moderators.
"""

import re
from datetime import datetime

from django.conf import settings
from mongoengine.errors import NotUniqueError

from apps.access.documents import StoryBan
from apps.access.queries import list_moderators
from apps.access.rules import Action
from apps.moderation.banning import lift_platform_ban, lift_story_ban
from apps.moderation.documents import Act, Appeal
from apps.moderation.errors import (
    AlreadyThere,
    AppealNotFound,
    AppealsSpent,
    BanNotFound,
    NothingNew,
    OutOfReach,
    PlatformForbidden,
    ReportClosed,
)
from apps.moderation.events import AppealDecided
from apps.moderation.platform import Duty, acts_for_platform, check_duty, may
from apps.stories.documents import Story, fold
from apps.stories.errors import StoryForbidden, StoryNotFound
from apps.stories.services import open_for
from apps.users.documents import PlatformBan, PlatformRole
from storychain.documents import unit_of_work
from storychain.events import publish

WAITING = "Your appeal is waiting to be read."


def file_appeal(*, user_id: str, text: str, now: datetime, story_slug: str | None = None) -> str:
    """Appeal against one's ban from a story, or without one from the platform; return its id.

    Raise BanNotFound without such a ban, AlreadyThere while another appeal against it is open,
    AppealsSpent after as many as there may be, NothingNew for what has been said and decided.
    """
    try:
        return _file(user_id, text, story_slug, now)
    except NotUniqueError as error:
        raise AlreadyThere(WAITING) from error


@unit_of_work
def decide_appeal(
    *, appeal_id: str, caller_id: str, is_granted: bool, statement: str, now: datetime
) -> None:
    """Grant an appeal, which lifts the ban, or reject it.

    Raise AppealNotFound if it is not the caller's to see, OutOfReach for who has banned unless
    nobody else could judge, ReportClosed when it has been decided. A ban that is lifted already is
    no obstacle.
    """
    appeal = Appeal.objects(appeal_id=appeal_id).first()
    seen = _seen_as_judge(appeal, caller_id) if appeal else None
    if appeal is None or seen is None:
        raise AppealNotFound
    has_banned = appeal.banned_by == caller_id and _has_other_judge(appeal, caller_id)
    if appeal.user_id == caller_id or has_banned:
        raise OutOfReach("Somebody else than who has banned is to judge.")
    if not appeal.is_open:
        raise ReportClosed("This appeal has been decided.")
    outcome = "RESOLVED" if is_granted else "DISMISSED"
    made = {"outcome": outcome, "statement": statement, "for_platform": seen["for_platform"]}
    appeal.decide(**made, by=caller_id, now=now)
    kind = "appeal_granted" if is_granted else "appeal_rejected"
    about = {"user_id": appeal.user_id, "story_slug": appeal.story_slug, "reason": statement}
    Act.note(kind, actor_id=caller_id, now=now, **about, **seen)
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
    if story_slug:
        Story.hold(slug=story_slug)  # the platform may be about to take the ban over
    ban = (
        StoryBan.find(story_slug=story_slug, user_id=user_id)
        if story_slug
        else PlatformBan.find(user_id)
    )
    if ban is None:
        raise BanNotFound
    _refuse_repetition(user_id, story_slug, text, since=ban.banned_at)
    appeal = Appeal(
        user_id=user_id,
        story_slug=story_slug,
        queue="story" if story_slug and not ban.for_platform else "platform",
        text=text,
        ban_reason=ban.reason,
        banned_by=ban.banned_by,
        created_at=now,
    )
    appeal.save(force_insert=True)
    return str(appeal.appeal_id)


def _refuse_repetition(user_id: str, story_slug: str | None, text: str, *, since: datetime) -> None:
    """Refuse an appeal that must not be, by those that were filed since the ban."""
    filed = {"user_id": user_id, "story_slug": story_slug, "created_at__gte": since}
    earlier = list(Appeal.objects(**filed))
    if any(appeal.is_open for appeal in earlier):
        raise AlreadyThere(WAITING)
    if len(earlier) >= settings.APPEALS_PER_BAN:
        raise AppealsSpent(f"There were {len(earlier)} appeals against this ban.")
    if _words_of(text) in [_words_of(appeal.text) for appeal in earlier]:
        raise NothingNew("Say what was not known when your last appeal was decided.")


def _words_of(text: str) -> list[str]:
    """Return what a text says, however it is set; of one without words, the text."""
    return re.findall(r"\w+", fold(text)) or [text]


def _seen_as_judge(appeal: Appeal, caller_id: str) -> dict[str, bool] | None:
    """Return what its story's moderators see of the caller's verdict, None if he has none here."""
    try:
        if appeal.queue == "story":
            held = open_for(Action.LIFT_BAN, slug=appeal.story_slug, caller_id=caller_id)
            return {"is_shared": True, "for_platform": acts_for_platform(held.standing)}
        check_duty(Duty.UNBAN, caller_id=caller_id)
    except (PlatformForbidden, StoryForbidden, StoryNotFound):
        return None
    return {"is_shared": appeal.story_slug is not None, "for_platform": True}


def _has_other_judge(appeal: Appeal, caller_id: str) -> bool:
    """Tell whether anybody else of its story's team, or who looks after the platform, may judge."""
    if appeal.queue == "platform":
        roles = PlatformRole.list_all()
        return any(may(Duty.UNBAN, row.role) for row in roles if row.user_id != caller_id)
    return bool(set(list_moderators(story_slug=appeal.story_slug)) - {caller_id})


def _lift(appeal: Appeal, *, caller_id: str, now: datetime) -> None:
    who = {"user_id": appeal.user_id, "caller_id": caller_id, "now": now}
    if not appeal.story_slug:
        if PlatformBan.find(appeal.user_id):
            lift_platform_ban(**who)
    elif StoryBan.find(story_slug=appeal.story_slug, user_id=appeal.user_id):
        lift_story_ban(story_slug=appeal.story_slug, **who)
