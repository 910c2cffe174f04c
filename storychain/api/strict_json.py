"""JSON as one would send it on purpose (RFC 8259, I-JSON of RFC 7493): anything else is refused.

Every fault is named with its place, as in `settings.genres.0`; the whole body is BODY.
"""

import json
import math
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from storychain.errors import Fields, Invalid

BODY = "body"
DEEPEST = 32
MOST_FAULTS = 20
MOST_VALUES = 10_000  # each costs its checks; what is asked for needs far fewer
LARGEST_INTEGER = 2**63 - 1
# Control characters but tab, line feed and carriage return; halves of surrogate pairs; what no
# XML, and so no EPUB, may hold.
UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")

Fault = tuple[str, str]


class BadJson(Invalid):
    """The body is not JSON, or JSON that could be read in more than one way."""

    code, title = "bad-json", "The body is not usable JSON"


def parse_json(raw: bytes) -> Any:
    """Return what the body says; raise BadJson that names the places of its faults."""
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_Pairs,
            parse_int=_parse_int,
            parse_constant=float,
        )
    except UnicodeDecodeError as error:
        raise _bad(f"Not UTF-8 at byte {error.start}.") from None
    except json.JSONDecodeError as error:
        raise _bad(f"{error.msg}: line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise _bad(f"Nested more than {DEEPEST} deep.") from None
    if _holds_too_many(value):
        raise _bad(f"It holds more than {MOST_VALUES:,} values.")
    faults = find_faults(value)
    if faults:
        place, reasons = next(iter(faults.items()))
        raise BadJson(f"{place}: {reasons[0]}", fields=faults)
    return _plain(value)


def find_faults(value: Any) -> Fields:
    """Return where a value holds a text or number that no field may hold, however deep, and why."""
    return {place: [why] for place, why in islice(_faults_of(value, "", 0), MOST_FAULTS)}


def join_path(path: str, step: object) -> str:
    """Return the place below a place: "settings" and "genres" make "settings.genres"."""
    return f"{path}.{step}" if path else str(step)


def _bad(reason: str) -> BadJson:
    return BadJson(reason, fields={BODY: [reason]})


class _Pairs(list[tuple[str, Any]]):
    """An object as it was sent, before it is known that no name comes twice."""


def _parse_int(digits: str) -> int | float:
    """Read what is too long for any field as infinite, before Python refuses to read it."""
    return int(digits) if len(digits) <= len(str(-LARGEST_INTEGER)) else math.inf


def _plain(value: Any) -> Any:
    if isinstance(value, _Pairs):
        return {name: _plain(item) for name, item in value}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _holds_too_many(value: Any) -> bool:
    waiting, seen = [value], 0
    while waiting:
        inner = waiting.pop()
        seen += len(inner) if isinstance(inner, list) else 0
        if seen > MOST_VALUES:
            return True
        if isinstance(inner, _Pairs):
            waiting.extend(item for _, item in inner)
        elif isinstance(inner, list):
            waiting.extend(inner)
    return False


def _faults_of(value: Any, path: str, depth: int) -> Iterator[Fault]:
    if depth > DEEPEST:
        yield path, f"Nested more than {DEEPEST} deep."
    elif isinstance(value, _Pairs):
        yield from _faults_of_object(value, path, depth)
    elif isinstance(value, dict):
        yield from _faults_of_object(_Pairs(value.items()), path, depth)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _faults_of(item, join_path(path, index), depth + 1)
    elif isinstance(value, str):
        yield from _faults_of_text(value, path)
    elif isinstance(value, int | float) and not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
        yield path or BODY, "The number is too large, or none."


def _faults_of_object(pairs: _Pairs, path: str, depth: int) -> Iterator[Fault]:
    seen: set[str] = set()
    for name, item in pairs:
        place = join_path(path, name)
        if UNWANTED.search(name):
            yield path or BODY, "A name in it has a control character or half a surrogate pair."
        elif name in seen:
            yield place, "Given twice."
        else:
            yield from _faults_of(item, place, depth + 1)
        seen.add(name)


def _faults_of_text(text: str, path: str) -> Iterator[Fault]:
    found = UNWANTED.search(text)
    if found:
        sign = f"U+{ord(found.group()):04X}"
        yield path or BODY, f"{sign} at character {found.start()} is not allowed in a text."
