"""Which letters there are, what each must be told, and to whom it may go.

What makes links that only the receiver may see is no part of a context: they are made when the mail
is sent (links.py), so that nobody finds them in a queue.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from storychain.queues.jobs import Priority

ONE_LINE = r"\A[^\x00-\x1f\x7f\x85\u2028\u2029]*\Z"
WEB_ADDRESS = r"\Ahttps?://[^\s<>\"'\x00-\x1f]+\Z"
NO_NUL = r"\A[^\x00]*\Z"
WORDS = {
    ONE_LINE: "one line of text without control characters",
    WEB_ADDRESS: "a web address (https://...)",
    NO_NUL: "text without NUL",
}

Line = Annotated[str, Meta(min_length=1, max_length=300, pattern=ONE_LINE)]
Text = Annotated[str, Meta(max_length=2000, pattern=NO_NUL)]
Link = Annotated[str, Meta(max_length=2000, pattern=WEB_ADDRESS)]
Moment = Annotated[datetime, Meta(tz=True)]


class Context(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a letter is told; the names are those of its templates."""


class Welcome(Context, frozen=True, kw_only=True):
    """To a new member."""

    username: Line
    start_url: Link


class PasswordReset(Context, frozen=True, kw_only=True):
    """To somebody of the staff; `staff_id` is his key in SQL."""

    username: Line
    staff_id: int


class CollaborationInvite(Context, frozen=True, kw_only=True):
    """To somebody who is asked to write with others."""

    inviter: Line
    story_title: Line
    role: Line
    invitation_url: Link
    message: Text = ""
    expires_at: Moment | None = None


class DigestItem(Context, frozen=True, kw_only=True):
    """One notice of a digest."""

    title: Line
    message: Text = ""
    url: Link | None = None


class NotificationDigest(Context, frozen=True, kw_only=True):
    """To a member: what happened; `more` counts what is not shown."""

    username: Line
    period: Literal["daily", "weekly"]
    items: Annotated[list[DigestItem], Meta(min_length=1, max_length=50)]
    more: Annotated[int, Meta(ge=0)] = 0


class Wanted(StrEnum):
    """By whom a letter is wanted."""

    ALWAYS = "whoever it is for"
    UNLESS_OFF = "a member who has not switched mails off"
    SUBSCRIBED = "a member who has neither switched mails nor digests off"


@dataclass(frozen=True)
class Letter:
    """One kind of mail.

    `is_repeated`: where nobody knows whether the server took it, it is sent again, as it is worse
    to miss it than to get it twice.
    """

    name: str
    context: type[Context]
    wanted: Wanted
    is_repeated: bool
    priority: Priority = Priority.NORMAL


LETTERS: Mapping[str, Letter] = {
    letter.name: letter
    for letter in (
        Letter("welcome", Welcome, Wanted.ALWAYS, is_repeated=False),
        Letter(
            "password-reset",
            PasswordReset,
            Wanted.ALWAYS,
            is_repeated=True,
            priority=Priority.URGENT,
        ),
        Letter(
            "collaboration-invite",
            CollaborationInvite,
            Wanted.UNLESS_OFF,
            is_repeated=True,
            priority=Priority.HIGH,
        ),
        Letter(
            "notification-digest",
            NotificationDigest,
            Wanted.SUBSCRIBED,
            is_repeated=False,
            priority=Priority.LOW,
        ),
    )
}


def get_letter(name: str) -> Letter:
    """Return a letter; raise ValueError with those that there are."""
    if name not in LETTERS:
        raise ValueError(f"template: {name!r} is none of {', '.join(LETTERS)}")
    return LETTERS[name]


def read_context(letter: Letter, context: Mapping[str, Any]) -> Context:
    """Return a context with its types; raise ValueError that names what is wrong or missing."""
    try:
        return msgspec.convert(dict(context), letter.context)
    except msgspec.ValidationError as error:
        said = str(error)
    for pattern, words in WORDS.items():
        said = said.replace(f"`str` matching regex {pattern!r}", words)
    raise ValueError(f"context of {letter.name}: {said.replace('`$', '`context')}")
