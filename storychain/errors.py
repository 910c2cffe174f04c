"""The conditions that every layer may raise; `api/problems.py` turns them into answers, once.

A feature subclasses the one that fits (`class StoryNotFound(NotFound)`) and gives it a `code`.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

Fields = Mapping[str, Sequence[str]]


class StorychainError(Exception):
    """A condition with a meaning for the caller.

    `detail` says what, where and what would be right; `fields` maps a field's path to its reasons.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str = "", *, fields: Fields | None = None) -> None:
        """Keep the sentence for the caller and, where the input is at fault, its fields."""
        self.detail = detail or self.title
        self.fields: Fields = fields or {}
        super().__init__(self.detail)


class Invalid(StorychainError):
    """The input cannot be used as it is; nothing was changed."""

    status, code, title = 400, "invalid", "The request is not valid"


class Unauthenticated(StorychainError):
    """Nobody is signed in, or the credentials do not hold."""

    status, code, title = 401, "unauthenticated", "Sign in first"


class Forbidden(StorychainError):
    """The caller may see this, but may not do that with it."""

    status, code, title = 403, "forbidden", "You may not do this"


class NotFound(StorychainError):
    """It does not exist, or the caller may not know that it does."""

    status, code, title = 404, "not-found", "Not found"


class Conflict(StorychainError):
    """The state of things does not allow it now."""

    status, code, title = 409, "conflict", "This conflicts with what is there"


class PreconditionFailed(StorychainError):
    """The caller's `If-Match` names a version that is no longer the current one."""

    status, code, title = 412, "precondition-failed", "It has changed since you read it"


class TooMany(StorychainError):
    """A limit on how often or how many has been reached."""

    status, code, title = 429, "too-many", "Too many"


class Unavailable(StorychainError):
    """A part that this needs does not answer; the same request may succeed later."""

    status, code, title = 503, "unavailable", "Not available right now"
