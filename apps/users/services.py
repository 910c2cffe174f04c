"""Writes on people's accounts."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from mongoengine.errors import NotUniqueError

from apps.users.documents import Session, User
from apps.users.errors import UsernameTaken, UserNotFound
from apps.users.events import AddressLearned, BadgeEarned
from apps.users.growth import Badge
from apps.users.limits import EMAIL_LENGTH
from apps.users.naming import find_free_name
from storychain.documents import unit_of_work
from storychain.events import publish

NAME_TRIES = 5
QUIET = timedelta(minutes=5)
SESSION_LIFE = timedelta(days=7)  # Clerk's own default, until its webhook says what holds


def ensure_user(
    *, user_id: str, username: str | None = None, email: str | None = None, now: datetime
) -> bool:
    """Make the account of somebody who signs in for the first time; tell whether it was made.

    An account without an address learns this one. Clerk's webhook usually comes first and knows
    more; this covers the race between the two.
    """
    email = _free_address(email)
    if known := User.objects(clerk_id=user_id).only("email").first():
        if email and not known.email:
            with suppress(NotUniqueError):  # somebody else was given it a moment ago
                _learn_address(user_id, email)
        return False
    for _ in range(NAME_TRIES):
        name = find_free_name(username or user_id, is_chosen=username is not None)
        try:
            _arrive(user_id, name, email, now)
        except NotUniqueError:
            if User.objects(clerk_id=user_id).only("clerk_id").first():
                return False
            email = _free_address(email)
        else:
            return True
    raise UsernameTaken


@unit_of_work
def _arrive(user_id: str, username: str, email: str | None, now: datetime) -> None:
    user = User(clerk_id=user_id, username=username, email=email, created_at=now)
    user.save(force_insert=True)
    if email:
        publish(AddressLearned(user_id=user_id, username=username, email=email))


@unit_of_work
def _learn_address(user_id: str, email: str) -> None:
    user = User.objects(clerk_id=user_id, email=None, deleted_at=None).modify(
        set__email=email, new=True
    )
    if user:
        publish(AddressLearned(user_id=user_id, username=user.username, email=email))


def _free_address(email: str | None) -> str | None:
    """Return an address that no other account has; None if it has, or if it is no address."""
    if not email or len(email) > EMAIL_LENGTH or User.objects(email=email).only("email").first():
        return None
    return email


@unit_of_work
def count_work(
    *,
    user_id: str,
    stories: int = 0,
    published: int = 0,
    chapters: int = 0,
    imported: int = 0,
    branches: int = 0,
    merged: int = 0,
    upvotes: int = 0,
    downvotes: int = 0,
) -> None:
    """Count what somebody has done, or what of it is gone, with points, level and badges.

    To be called in the unit of work of the thing itself: so each cause counts once. `imported` are
    those of `chapters` that came from a file.
    """
    counted = {
        "stories_created": stories,
        "stories_published": published,
        "chapters_written": chapters,
        "chapters_imported": imported,
        "branches_created": branches,
        "pulls_merged": merged,
        "total_upvotes": upvotes,
        "total_downvotes": downvotes,
    }
    changed = {name: n for name, n in counted.items() if n}
    announce_badges(user_id, User.count_work(user_id=user_id, counted=changed))


def announce_badges(user_id: str, badges: Iterable[Badge]) -> None:
    """Tell that somebody has earned these."""
    for badge in badges:
        publish(BadgeEarned(user_id=user_id, badge=badge.name, title=badge.title))


def set_preferences(*, user_id: str, preferences: Mapping[str, object]) -> bool:
    """Set the named preferences of a member; tell whether there is such a member.

    Not a sign of life, as `edit_me` is: he need not be signed in for it.
    """
    return User.prefer(user_id=user_id, preferences=preferences)


def edit_me(*, user_id: str, changes: dict[str, Any], now: datetime) -> None:
    """Change one's own profile; raise UsernameTaken, or UserNotFound if the account is gone."""
    try:
        _edit(user_id=user_id, changes=changes, now=now)
    except NotUniqueError as error:
        raise UsernameTaken(
            fields={"username": ["Another member has this name; choose a different one."]}
        ) from error


@unit_of_work
def _edit(*, user_id: str, changes: dict[str, Any], now: datetime) -> None:
    user = User.objects(clerk_id=user_id, is_active=True).first()
    if user is None:
        raise UserNotFound
    user.revise(changes=dict(changes), now=now)


def note_use(*, session_id: str, user_id: str, now: datetime) -> None:
    """Note that somebody is here: once in QUIET, however often he calls."""
    known = Session.objects(session_id=session_id).only("last_active_at").first()
    if known is None:
        with suppress(NotUniqueError):  # Clerk's webhook, or another request of his
            Session.begin(
                session_id=session_id, user_id=user_id, now=now, expire_at=now + SESSION_LIFE
            )
    elif known.last_active_at < now - QUIET:
        _note_use(session_id, user_id, now)


@unit_of_work
def _note_use(session_id: str, user_id: str, now: datetime) -> None:
    if Session.touch(session_id=session_id, before=now - QUIET, now=now):
        User.objects(clerk_id=user_id).update_one(set__last_active_at=now)
