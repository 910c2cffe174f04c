"""What Clerk says of people and their sessions, taken over: each webhook once, in any order.

1. The webhook's id is kept in the transaction of what it changes, so that the same one again finds
   it and changes nothing, and one whose transaction failed is carried out when it is sent again.
2. Of two that tell of one person the later counts, by Clerk's `updated_at`. A session that has
   ended stays ended, and who is deleted stays deleted, whatever comes after.
3. A name or picture is followed when it has changed at Clerk, so that one chosen here stays. The
   address is Clerk's alone: who has proved it there has it here.
"""

from datetime import datetime, timedelta

from mongoengine.errors import NotUniqueError

from apps.users.clerk import PersonGone, PersonSaid, Said, SessionSaid
from apps.users.documents import ClerkSaid, PlatformRole, Session, User, Webhook
from apps.users.errors import UsernameTaken
from apps.users.events import AddressLearned, UserDeleted
from apps.users.naming import find_free_name, shape_name
from storychain.documents import unit_of_work
from storychain.events import publish

TRIES = 5
KEPT = timedelta(days=30)  # far beyond the 28 hours in which Svix tries again


def take_over(*, webhook_id: str, said: Said, now: datetime) -> None:
    """Carry out what a webhook says, once; raise UsernameTaken if no name was free in the end."""
    for _ in range(TRIES):
        try:
            return _take_over_once(webhook_id, said, now)
        except NotUniqueError:  # this webhook at the same moment, or a name or address
            continue
    raise UsernameTaken


@unit_of_work
def _take_over_once(webhook_id: str, said: Said, now: datetime) -> None:
    if Webhook.objects(webhook_id=webhook_id).only("webhook_id").first():
        return
    Webhook(webhook_id=webhook_id, expire_at=now + KEPT).save(force_insert=True)
    user_id = said.user_id
    user = User.objects(clerk_id=user_id).first()
    if user and user.deleted_at:
        return
    match said:
        case PersonGone():
            _bury(user or User(clerk_id=user_id), now)
        case PersonSaid():
            _follow(user, said)
        case SessionSaid():
            Session.tell(**{name: getattr(said, name) for name in said.__struct_fields__})


def _follow(user: User | None, said: PersonSaid) -> None:
    if user is None:
        name = find_free_name(said.username or said.user_id, is_chosen=said.username is not None)
        user = User(clerk_id=said.user_id, username=name, created_at=said.created_at)
        user.avatar_url = said.avatar_url
    elif user.clerk is None:
        user.avatar_url = user.avatar_url or said.avatar_url
        _follow_name(user, said, before=None)
    elif user.clerk.updated_at > said.updated_at:
        return
    else:
        if said.avatar_url != user.clerk.avatar_url:
            user.avatar_url = said.avatar_url
        _follow_name(user, said, before=user.clerk.username)
    user.clerk = ClerkSaid(
        username=said.username, avatar_url=said.avatar_url, updated_at=said.updated_at
    )
    _follow_address(user, said)
    user.save()


def _follow_name(user: User, said: PersonSaid, *, before: str | None) -> None:
    """Take the name that somebody has given himself at Clerk, if it is free here."""
    if said.username and said.username != before:
        name = shape_name(said.username)
        if name and not User.objects(username=name).only("clerk_id").first():
            user.username = name


def _follow_address(user: User, said: PersonSaid) -> None:
    email = said.email
    other = User.objects(email=email, clerk_id__ne=said.user_id).first() if email else None
    if other and said.email_verified:  # it is his now, and of the other we shall hear
        other.lose_address()
    elif other:
        email = None
    if email and not user.email:
        publish(AddressLearned(user_id=said.user_id, username=user.username, email=email))
    user.email, user.email_verified = email, bool(email and said.email_verified)


def _bury(user: User, now: datetime) -> None:
    user.bury(now=now)
    PlatformRole.objects(user_id=user.clerk_id).delete()
    publish(UserDeleted(user_id=user.clerk_id, deleted_at=now))
