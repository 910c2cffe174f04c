"""Values as bytes and back, each as the type that went in, without pickle.

MessagePack knows the plain types and aware datetimes, which come back in UTC. Everything else
travels as an extension: other times, decimals, UUIDs and ObjectIds as text; members of enums, and
the dataclasses and msgspec Structs of modules that this process has imported, by their names.
Nothing is imported to read one, so bytes from Redis cannot run other code than that of a type
that we use. A subclass of any of these is none of them, and cannot travel.

A record carries the shape that it had: one whose fields have changed since is Unreadable.
"""

import hashlib
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from bson import ObjectId

TEXT, RECORD, COLLECTION, MEMBER, PAIRS = 1, 2, 3, 4, 5
PLAIN = frozenset({type(None), bool, int, float, str, bytes})
TEXTS: dict[str, Any] = {
    kind.__name__: kind for kind in (datetime, date, time, timedelta, Decimal, UUID)
}
COLLECTIONS = {kind.__name__: kind for kind in (tuple, set, frozenset)}


class Unreadable(ValueError):
    """The bytes hold a type that this process does not know, or knows otherwise."""


class Untransferable(TypeError):
    """The value is, or holds, what cannot travel."""


def encode(value: Any) -> bytes:
    """Return a value as bytes; raise Untransferable for a type that cannot travel."""
    try:
        return _encoder.encode(_wrap(value))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise Untransferable(str(error)) from error


def decode(stored: bytes) -> Any:
    """Return the value; raise Unreadable."""
    try:
        return _decoder.decode(stored)
    except (msgspec.MsgspecError, LookupError, TypeError, ValueError) as error:
        raise Unreadable(str(error)) from error


def _wrap(value: Any) -> Any:
    """Return a value of what MessagePack tells apart, however deep it stands."""
    kind = type(value)
    if kind in PLAIN or (kind is datetime and value.tzinfo is not None):
        return value
    if kind is dict and PLAIN.issuperset(map(type, value)):
        return {key: _wrap(item) for key, item in value.items()}
    if kind is list:
        return [_wrap(item) for item in value]
    return msgspec.msgpack.Ext(*_extend(kind, value))


def _extend(kind: type, value: Any) -> tuple[int, bytes]:
    if kind in COLLECTIONS.values():
        return COLLECTION, _encoder.encode([kind.__name__, [_wrap(item) for item in value]])
    if kind in TEXTS.values():
        return TEXT, _encoder.encode([kind.__name__, msgspec.to_builtins(value)])
    if kind is dict:
        return PAIRS, _encoder.encode([[_wrap(one) for one in pair] for pair in value.items()])
    if kind is ObjectId:
        return TEXT, _encoder.encode(["ObjectId", str(value)])
    if isinstance(value, Enum):
        return MEMBER, _encoder.encode([kind.__module__, kind.__qualname__, value.name])
    if issubclass(kind, msgspec.Struct) or is_dataclass(kind):
        parts = {name: _wrap(getattr(value, name)) for name in _fields_of(kind)}
        return RECORD, _encoder.encode([kind.__module__, kind.__qualname__, _shape(kind), parts])
    raise TypeError(f"a {kind.__name__} cannot be cached: make it a dict or a dataclass")


@cache
def _fields_of(kind: Any) -> dict[str, str]:
    """Return a record's fields and what is said of their types."""
    if issubclass(kind, msgspec.Struct):
        return {field.name: str(field.type) for field in msgspec.structs.fields(kind)}
    if not all(field.init for field in fields(kind)):
        raise TypeError(f"a {kind.__name__} cannot be cached: it cannot be made from its fields")
    return {field.name: str(field.type) for field in fields(kind)}


@cache
def _shape(kind: Any) -> bytes:
    said = msgspec.json.encode(_fields_of(kind), order="deterministic")
    return hashlib.blake2b(said, digest_size=6).digest()


def _read_extension(code: int, data: memoryview) -> Any:
    return _READERS[code](*_decoder.decode(data))


def _read_text(name: str, text: str) -> Any:
    return ObjectId(text) if name == "ObjectId" else msgspec.convert(text, TEXTS[name])


def _read_collection(name: str, items: list[Any]) -> Any:
    return COLLECTIONS[name](items)


def _read_pairs(*pairs: list[Any]) -> dict[Any, Any]:
    return {key: item for key, item in pairs}  # noqa: C416 - they come as lists


def _read_member(module: str, name: str, member: str) -> Any:
    found = _find(module, name)
    if isinstance(found, type) and issubclass(found, Enum):
        return found[member]
    raise Unreadable(f"{module}.{name}")


def _read_record(module: str, name: str, shape: bytes, parts: dict[str, Any]) -> Any:
    found = _find(module, name)
    is_record = isinstance(found, type) and (
        issubclass(found, msgspec.Struct) or is_dataclass(found)
    )
    if not is_record or _shape(found) != shape:
        raise Unreadable(f"{module}.{name}, as it was then")
    return found(**parts)


def _find(module: str, name: str) -> Any:
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


_READERS: dict[int, Callable[..., Any]] = {
    TEXT: _read_text,
    COLLECTION: _read_collection,
    MEMBER: _read_member,
    RECORD: _read_record,
    PAIRS: _read_pairs,
}
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(ext_hook=_read_extension)
