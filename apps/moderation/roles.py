"""Platform roles given and taken: by the super admin, and himself by the command line alone."""

from datetime import datetime

from mongoengine.errors import NotUniqueError

from apps.moderation.documents import Act
from apps.moderation.errors import OutOfReach, SuperAdminStays
from apps.moderation.platform import SUPER_ADMIN, Duty, check_duty
from apps.users.documents import PlatformBan, PlatformRole
from apps.users.queries import check_user
from storychain.documents import unit_of_work

OPERATOR = "~operator"
"""Who acts on the command line; nobody can have this id."""


@unit_of_work
def assign_role(*, user_id: str, role: str, caller_id: str, now: datetime) -> None:
    """Give somebody a role on the platform, in the place of the one that he has.

    Raise PlatformForbidden, UserNotFound, OutOfReach for who is banned, SuperAdminStays for the
    super admin himself.
    """
    check_duty(Duty.RULE, caller_id=caller_id)
    check_user(user_id=user_id)
    _refuse_super_admin(user_id)
    if PlatformBan.find(user_id):
        raise OutOfReach("He is banned from the platform.")
    PlatformRole.assign(user_id=user_id, role=role, by=caller_id, now=now)
    Act.note("role_assigned", actor_id=caller_id, now=now, user_id=user_id, reason=role)


@unit_of_work
def take_role(*, user_id: str, caller_id: str, now: datetime) -> None:
    """Take somebody's role from him, if he has one.

    Raise PlatformForbidden, UserNotFound, SuperAdminStays.
    """
    check_duty(Duty.RULE, caller_id=caller_id)
    check_user(user_id=user_id)
    _refuse_super_admin(user_id)
    _take(user_id, by=caller_id, now=now)


def crown(*, user_id: str, now: datetime, replace: bool = False) -> None:
    """Make somebody the super admin; with `replace`, in the place of the one that there is.

    For the command line: nobody is asked who he is. Raise SuperAdminStays, UserNotFound.
    """
    try:
        _crown(user_id, now, replace=replace)
    except NotUniqueError as error:
        raise SuperAdminStays from error


@unit_of_work
def _crown(user_id: str, now: datetime, *, replace: bool) -> None:
    check_user(user_id=user_id)
    reigning = PlatformRole.objects(role=SUPER_ADMIN).first()
    if reigning is not None and replace and reigning.user_id != user_id:
        _take(reigning.user_id, by=OPERATOR, now=now)
    PlatformRole.assign(user_id=user_id, role=SUPER_ADMIN, by=OPERATOR, now=now)
    Act.note("role_assigned", actor_id=OPERATOR, now=now, user_id=user_id, reason=SUPER_ADMIN)


def _take(user_id: str, *, by: str, now: datetime) -> None:
    row = PlatformRole.objects(user_id=user_id).first()
    if row is not None:
        row.delete()
        Act.note("role_taken", actor_id=by, now=now, user_id=user_id, reason=row.role)


def _refuse_super_admin(user_id: str) -> None:
    if PlatformRole.objects(user_id=user_id, role=SUPER_ADMIN).first():
        raise SuperAdminStays("Name another on the command line: manage.py super_admin.")
