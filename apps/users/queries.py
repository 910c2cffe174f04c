"""What readers see of people. Every public read is cached; invalidation.py says until when."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from apps.users import keys
from apps.users.documents import PlatformRole, User
from apps.users.errors import UserNotFound
from apps.users.invalidation import profile_tag, user_tag
from apps.users.limits import ORPHAN_ID, ORPHAN_NAME
from apps.users.pages import (
    Address,
    AuthorRef,
    MailWish,
    MePage,
    PreferencesPage,
    ProfilePage,
    ProfileStats,
)
from storychain.api.authentication import USER_ID
from storychain.cache.region import Cached, Region, depends_on

T = TypeVar("T", bound=msgspec.Struct)

PROFILES = Region("user.profile", ttl="USER_PROFILE", type=ProfilePage, reads=("users",))


def get_profile(*, user_id: str) -> Cached[ProfilePage]:
    """Return a person's public page; raise UserNotFound if nobody has this id."""
    refuse_impossible(user_id)
    return PROFILES.get_or_load(
        keys.user_profile(user_id),
        tags=[profile_tag(user_id), user_tag(user_id)],
        load=lambda: ProfilePage(**_profile_fields(_get_user(user_id))),
    )


def check_user(*, user_id: str) -> None:
    """Raise UserNotFound if nobody has this id; inside a load the page depends on that."""
    depends_on(user_tag(user_id))
    if User.objects(clerk_id=user_id, is_active=True).only("clerk_id").first() is None:
        raise UserNotFound


def get_me(*, user_id: str) -> MePage:
    """Return a person's own page, never from a cache."""
    user = _get_user(user_id)
    return MePage(
        **_profile_fields(user),
        email=user.email,
        email_verified=user.email_verified,
        preferences=_from_document(user.preferences, PreferencesPage),
    )


def refuse_impossible(user_id: str) -> None:
    """Raise UserNotFound for what nobody's id can be, before it makes an entry in the cache."""
    if not USER_ID.fullmatch(user_id):
        raise UserNotFound


def list_authors(user_ids: Iterable[str]) -> dict[str, AuthorRef]:
    """Return how these people show beside works, by id; inside a load the page depends on them.

    Whoever has deleted his account shows as the orphan, by whose id nobody is told from another.
    """
    wanted = sorted(set(user_ids))
    depends_on(*(user_tag(user_id) for user_id in wanted))
    people = User.objects(clerk_id__in=wanted)
    shown = people.only("username", "avatar_url", "is_active", "deleted_at")
    found = {user.clerk_id: _author(user) for user in shown}
    return {i: found.get(i, AuthorRef(i, ORPHAN_NAME)) for i in wanted}


def _author(user: User) -> AuthorRef:
    if user.deleted_at:
        return AuthorRef(ORPHAN_ID, ORPHAN_NAME)
    name, picture = (user.username, user.avatar_url) if user.is_active else (ORPHAN_NAME, "")
    return AuthorRef(user.clerk_id, name, picture)


def find_mail_wish(*, email: str) -> MailWish | None:
    """Return what the member with this address wants, as it is now; None if it is nobody's."""
    user = User.objects(email=email).only("is_active", "preferences").first()
    if user is None:
        return None
    wishes = user.preferences
    return MailWish(user.clerk_id, user.is_active, wishes.email_notifications, wishes.digest)


def find_preferences(*, user_id: str) -> PreferencesPage | None:
    """Return what somebody chose for mail and pushes, from the database; None if he is gone."""
    user = User.objects(clerk_id=user_id, is_active=True).only("preferences").first()
    return _from_document(user.preferences, PreferencesPage) if user else None


def find_address(*, user_id: str) -> Address | None:
    """Return where somebody's mail goes; None if he is gone, wants none, or has proved no address.

    Whatever is asked for, such as a reset of a password, does not go by this.
    """
    found = User.objects(clerk_id=user_id, is_active=True).only(
        "username", "email", "email_verified", "preferences"
    )
    user = found.first()
    if user is None or not (user.email and user.email_verified):
        return None
    return Address(user.username, user.email) if user.preferences.email_notifications else None


def list_wanting(user_ids: Sequence[str]) -> set[str]:
    """Return those of these people who are there and want to be told things."""
    wanting = User.objects(
        clerk_id__in=user_ids, is_active=True, preferences__push_notifications=True
    )
    return set(wanting.scalar("clerk_id"))


def list_digest_readers(*, digest: str, after: str, limit: int) -> list[str]:
    """Return who wants a digest this often, by id, behind the one named; "" is before all."""
    wanting = User.objects(preferences__digest=digest, clerk_id__gt=after, is_active=True)
    return [user.clerk_id for user in wanting.order_by("clerk_id").only("clerk_id").limit(limit)]


def list_members() -> Iterator[str]:
    """Yield everybody's id."""
    for user in User.objects(clerk_id__gt="").order_by("clerk_id").only("clerk_id").no_cache():
        yield user.clerk_id


def find_members(usernames: list[str]) -> list[str]:
    """Return the ids of those who are called so, in small letters; names of nobody are left out."""
    found = User.objects(username__in=usernames, is_active=True) if usernames else []
    return [user.clerk_id for user in found]


def find_platform_role(*, user_id: str) -> str | None:
    """Return the platform role that this person holds, if any."""
    return list_platform_roles([user_id]).get(user_id)


def list_platform_roles(user_ids: Sequence[str]) -> dict[str, str]:
    """Return the platform roles that these people hold, for those who hold one."""
    return {row.user_id: row.role for row in PlatformRole.objects(user_id__in=user_ids)}


def _get_user(user_id: str) -> User:
    user = User.objects(clerk_id=user_id, is_active=True).first()
    if user is None:
        raise UserNotFound
    return user


def _profile_fields(user: User) -> dict[str, Any]:
    return {
        "user_id": user.clerk_id,
        "username": user.username,
        "bio": user.bio,
        "avatar_url": user.avatar_url,
        "xp": user.xp,
        "level": user.level,
        "badges": list(user.badges),
        "stats": _from_document(user.stats, ProfileStats),
        "created_at": user.created_at,
    }


def _from_document(document: Any, shape: type[T]) -> T:
    return shape(**{name: getattr(document, name) for name in shape.__struct_fields__})
