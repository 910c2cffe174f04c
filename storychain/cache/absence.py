"""Why there is nothing, as it is stored in the place of a page."""

import msgspec

from storychain.errors import NotFound


class Absent(msgspec.Struct, frozen=True):
    """What a reader can tell of the condition that a load raised."""

    code: str
    title: str
    detail: str


def write_absence(condition: NotFound) -> bytes:
    """Return the body to store."""
    kind = type(condition)
    return msgspec.json.encode(Absent(kind.code, kind.title, condition.detail))


def read_absence(body: bytes) -> NotFound:
    """Return the condition that the load raised, as far as its reader can tell."""
    absent = msgspec.json.decode(body, type=Absent)
    kind = type("Absence", (NotFound,), {"code": absent.code, "title": absent.title})
    condition: NotFound = kind(absent.detail)
    return condition
