"""Writes on a story's team and their rules.

Nobody invites above his own role, and what he could not send any more is withdrawn; the owner alone
takes people out and changes their parts; whoever has gone comes back by a new invitation only.
"""

from datetime import datetime, timedelta

from mongoengine.errors import NotUniqueError

from apps.access.documents import ROLES, Collaborator, StoryBan
from apps.access.rules import Action
from apps.collaboration.errors import (
    AlreadyThere,
    BannedFromStory,
    CollaboratorNotFound,
    InvitationExpired,
    InvitationNotFound,
    NotYours,
    OwnerStays,
)
from apps.collaboration.events import (
    CollaboratorInvited,
    CollaboratorLeft,
    InvitationAnswered,
    RoleChanged,
)
from apps.collaboration.limits import INVITATION_DAYS
from apps.collaboration.seats import NOBODYS, take_seat, withdraw_sent
from apps.pulls.judging import weigh_anew
from apps.stories.documents import Moment, Story
from apps.stories.services import Held, open_for
from apps.users.documents import User
from storychain.documents import unit_of_work
from storychain.errors import Invalid
from storychain.events import publish


def invite(
    *,
    story_slug: str,
    caller_id: str,
    role: str,
    now: datetime,
    user_id: str | None = None,
    username: str | None = None,
) -> str:
    """Ask somebody, by id or by name, into a story; return his id.

    Raise AlreadyThere, TeamFull, NotYours for a role above one's own, Invalid if nobody is called
    so. An invitation that ran out, was declined or withdrawn may be repeated.
    """
    try:
        return _invite(story_slug, caller_id, role, now, user_id, username)
    except NotUniqueError as error:  # two people press at once
        raise AlreadyThere from error


@unit_of_work
def accept(*, story_slug: str, caller_id: str, now: datetime) -> None:
    """Come into a story that one is invited to; raise InvitationExpired, InvitationNotFound."""
    _answer("accepted", story_slug=story_slug, caller_id=caller_id, now=now)


@unit_of_work
def decline(*, story_slug: str, caller_id: str, now: datetime) -> None:
    """Turn an invitation down; raise InvitationExpired, InvitationNotFound."""
    _answer("declined", story_slug=story_slug, caller_id=caller_id, now=now)


@unit_of_work
def change_role(*, story_slug: str, caller_id: str, user_id: str, role: str, now: datetime) -> None:
    """Give somebody another part, or another one in an open invitation; the owner may."""
    open_for(Action.RUN_TEAM, slug=story_slug, caller_id=caller_id)
    row = _find_part(story_slug, user_id)
    if row.role == "owner":
        raise OwnerStays("The owner's part cannot be changed.")
    row.change_role(role)
    withdraw_sent(story_slug=story_slug, by=user_id, rank=ROLES.index(role))
    weigh_anew(story_slug=story_slug, user_id=user_id, now=now)
    publish(RoleChanged(story_slug=story_slug, user_id=user_id))
    _note("role_changed", row, caller_id, now, role=role)


@unit_of_work
def remove(*, story_slug: str, caller_id: str, user_id: str, now: datetime) -> None:
    """Take somebody out of a story, leave it oneself, or withdraw an invitation.

    Raise OwnerStays for the owner, NotYours if the caller may not; an invitation that he may not
    withdraw is none to him: CollaboratorNotFound.
    """
    held = open_for(Action.READ, slug=story_slug, caller_id=caller_id)
    row = _find_part(story_slug, user_id)
    if row.role == "owner":
        raise OwnerStays("The owner cannot leave; archive or delete the story instead.")
    if not _may_end(held, row, caller_id=caller_id):
        raise NotYours if row.status == "accepted" else CollaboratorNotFound
    if end_part(row, by=caller_id, now=now):
        has_left = caller_id == user_id
        _note("member_left" if has_left else "member_removed", row, caller_id, now)


@unit_of_work
def end_part(row: Collaborator, *, by: str, now: datetime) -> bool:
    """End somebody's part in a story, or his invitation; tell whether he was of its team."""
    is_member = row.status == "accepted"
    row.end()
    Story.unseat(slug=row.story_slug)
    if is_member:
        withdraw_sent(story_slug=row.story_slug, by=row.user_id, rank=NOBODYS)
        Story.let_out(slug=row.story_slug, user_id=row.user_id)
        weigh_anew(story_slug=row.story_slug, user_id=row.user_id, now=now)
        publish(CollaboratorLeft(story_slug=row.story_slug, user_id=row.user_id, by=by))
    return is_member


@unit_of_work
def _invite(
    story_slug: str,
    caller_id: str,
    role: str,
    now: datetime,
    user_id: str | None,
    username: str | None,
) -> str:
    held = open_for(Action.INVITE, slug=story_slug, caller_id=caller_id)
    if ROLES.index(role) > held.standing.rank:
        raise NotYours(f"Your own role does not allow you to invite a {role}.")
    person = _find_person(user_id=user_id, username=username)
    invited = str(person.clerk_id)
    if StoryBan.objects(story_slug=story_slug, user_id=invited).first():
        raise BannedFromStory
    known = Collaborator.objects(story_slug=story_slug, user_id=invited).first()
    if known and (known.status == "accepted" or known.is_open(now=now)):
        raise AlreadyThere
    if not (known and known.status == "pending"):  # one that ran out holds its seat still
        take_seat(story_slug=story_slug, now=now)
    row = known or Collaborator(story_slug=story_slug, user_id=invited)
    until = now + timedelta(days=INVITATION_DAYS)
    row.invite(role=role, by=caller_id, now=now, until=until)
    _note("member_invited", row, caller_id, now, role=role)
    publish(
        CollaboratorInvited(
            story_slug=story_slug,
            story_title=held.story.title,
            user_id=invited,
            address=person.email,
            role=role,
            invited_by=caller_id,
            inviter=User.objects(clerk_id=caller_id).get().username,
            invited_at=now,
            expires_at=until,
        )
    )
    return invited


def _find_person(*, user_id: str | None, username: str | None) -> User:
    people = User.objects(is_active=True)
    named = people(clerk_id=user_id) if user_id else people(username=(username or "").lower())
    person = named.first()
    if person is None:
        field = "user_id" if user_id else "username"
        raise Invalid(fields={field: ["No member is called so; look the profile up first."]})
    return person


def _answer(status: str, *, story_slug: str, caller_id: str, now: datetime) -> None:
    """Answer an invitation; nobody reads a story that is private before he has come in."""
    row = Collaborator.objects(story_slug=story_slug, user_id=caller_id, status="pending").first()
    story = _find_inviting(story_slug, caller_id)
    if row is None or story is None:
        raise InvitationNotFound
    if not row.is_open(now=now):
        raise InvitationExpired("Ask for a new one.")
    row.answer(status=status, now=now)
    if status == "declined":
        Story.unseat(slug=story_slug)
    else:
        Story.let_in(slug=story_slug, user_id=caller_id)
        weigh_anew(story_slug=story_slug, user_id=caller_id, now=now)
    kind = "member_joined" if status == "accepted" else "member_declined"
    _note(kind, row, caller_id, now)
    publish(
        InvitationAnswered(
            story_slug=story_slug,
            story_title=story.title,
            user_id=caller_id,
            invited_by=row.invited_by,
            invited_at=row.invited_at,
            is_accepted=status == "accepted",
        )
    )


def _note(kind: str, row: Collaborator, actor_id: str, now: datetime, **details: str) -> None:
    Moment.note(
        kind,
        story_slug=row.story_slug,
        actor_id=actor_id,
        user_id=row.user_id,
        now=now,
        **details,
    )


def _find_inviting(story_slug: str, user_id: str) -> Story | None:
    if StoryBan.objects(story_slug=story_slug, user_id=user_id).only("id").first():
        return None
    found: Story | None = Story.objects(slug=story_slug, status__ne="deleted").first()
    return found


def _find_part(story_slug: str, user_id: str) -> Collaborator:
    row = Collaborator.objects(story_slug=story_slug, user_id=user_id).first()
    if row is None or row.status not in ("accepted", "pending"):
        raise CollaboratorNotFound
    return row


def _may_end(held: Held, row: Collaborator, *, caller_id: str) -> bool:
    """The owner ends anything, one's own part oneself, an invitation whoever could have sent it."""
    if caller_id == row.user_id or held.allows(Action.RUN_TEAM):
        return True
    return (
        row.status == "pending"
        and held.allows(Action.INVITE)
        and ROLES.index(row.role) <= held.standing.rank
    )
