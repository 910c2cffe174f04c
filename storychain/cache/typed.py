"""Values as bytes and back, each as the type that went in, without pickle.

MessagePack knows the plain types and datetimes. ObjectIds, and the dataclasses and msgspec Structs
of modules that this process has imported, travel as extensions; nothing is imported or called to
read one, so bytes from Redis cannot run code.
"""

import sys
from dataclasses import fields, is_dataclass
from typing import Any

import msgspec
from bson import ObjectId

OBJECT_ID, RECORD, COLLECTION = 1, 2, 3
COLLECTIONS = {kind.__name__: kind for kind in (tuple, set, frozenset)}


class Unreadable(ValueError):
    """The bytes hold a type that this process does not know."""


class Untransferable(TypeError):
    """The value is, or holds, what cannot travel."""


def encode(value: Any) -> bytes:
    """Return a value as bytes; raise Untransferable for a type that cannot travel."""
    try:
        return _encoder.encode(_wrap(value))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise Untransferable(str(error)) from error


def decode(stored: bytes) -> Any:
    """Return the value; raise Unreadable or msgspec.DecodeError."""
    return _decoder.decode(stored)


def _wrap(value: Any) -> Any:
    """Mark records before msgspec turns them into plain maps, however deep they stand."""
    if isinstance(value, msgspec.Struct) or (is_dataclass(value) and not isinstance(value, type)):
        kind = type(value)
        parts = {name: _wrap(getattr(value, name)) for name in _field_names(kind)}
        record = [kind.__module__, kind.__qualname__, parts]
        return msgspec.msgpack.Ext(RECORD, _encoder.encode(record))
    if isinstance(value, dict):
        return {key: _wrap(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_wrap(item) for item in value]
    if isinstance(value, tuple | set | frozenset):
        items = [_wrap(item) for item in value]
        return msgspec.msgpack.Ext(COLLECTION, _encoder.encode([type(value).__name__, items]))
    return value


def _field_names(kind: Any) -> list[str]:
    if issubclass(kind, msgspec.Struct):
        return list(kind.__struct_fields__)
    return [field.name for field in fields(kind)]


def _pack_extension(value: Any) -> Any:
    if isinstance(value, ObjectId):
        return msgspec.msgpack.Ext(OBJECT_ID, value.binary)
    raise TypeError(f"a {type(value).__name__} cannot be cached: make it a dict or a dataclass")


def _read_extension(code: int, data: memoryview) -> Any:
    if code == OBJECT_ID:
        return ObjectId(bytes(data))
    if code == COLLECTION:
        name, items = _decoder.decode(data)
        return COLLECTIONS[name](items)
    if code == RECORD:
        module, name, parts = _decoder.decode(data)
        return _find_record(module, name)(**parts)
    raise Unreadable(f"extension {code}")


def _find_record(module: str, name: str) -> Any:
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    is_struct = isinstance(found, type) and issubclass(found, msgspec.Struct)
    if is_struct or is_dataclass(found):
        return found
    raise Unreadable(f"{module}.{name}")


_encoder = msgspec.msgpack.Encoder(enc_hook=_pack_extension)
_decoder = msgspec.msgpack.Decoder(ext_hook=_read_extension)
