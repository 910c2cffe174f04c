"""Who looks after the whole platform, and what each of these roles may do."""

from enum import StrEnum

from apps.access.rules import MODERATOR as OF_STORY
from apps.access.rules import Standing
from apps.moderation.errors import PlatformForbidden
from apps.users.queries import find_platform_role

SUPER_ADMIN, MODERATOR, APPEALS = "SUPER_ADMIN", "PLATFORM_MODERATOR", "APPEAL_MODERATOR"


class Duty(StrEnum):
    """What somebody may want to do on the whole platform."""

    LOOK = "see what is reported, banned and done"
    DECIDE = "decide on reports"
    BAN = "ban"
    UNBAN = "lift bans and decide on appeals"
    RULE = "give and take roles"


MAY = {
    Duty.LOOK: (SUPER_ADMIN, MODERATOR, APPEALS),
    Duty.DECIDE: (SUPER_ADMIN, MODERATOR),
    Duty.BAN: (SUPER_ADMIN, MODERATOR),
    Duty.UNBAN: (SUPER_ADMIN, APPEALS),
    Duty.RULE: (SUPER_ADMIN,),
}


def check_duty(duty: Duty, *, caller_id: str) -> str:
    """Return the caller's platform role; raise PlatformForbidden if it does not allow this."""
    role = find_platform_role(user_id=caller_id)
    if role is None or not may(duty, role):
        raise PlatformForbidden(f"Your role on the platform does not allow this: {duty}.")
    return role


def may(duty: Duty, role: str | None) -> bool:
    """Tell whether who has this platform role, if any, may do this."""
    return role in MAY[duty]


def acts_for_platform(standing: Standing) -> bool:
    """Tell whether somebody moderates a story by his platform role, not as one of its team."""
    return standing.rank < OF_STORY
