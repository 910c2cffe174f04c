"""The one builder of cache keys. A feature's own keys stand in its `keys.py`; nowhere else."""

import hashlib
import json
import re
from urllib.parse import quote

LONGEST = 200
# What a value of another type could be written as.
JSON = re.compile(
    r"""-?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?|true|false|null|NaN|-?Infinity|[\[{"].*""", re.DOTALL
)


def build_key(entity: str, operation: str, **parameters: object) -> str:
    """Return `entity:operation:name=value:...`, sorted by name; None is left out.

    Text is escaped, so that no input can forge another key or a glob; two normal forms of one text
    are two, as they are for the database. A key beyond 200 characters keeps its beginning and ends
    in a hash of all of it.
    """
    parts = (
        f"{name}={_write(value)}" for name, value in sorted(parameters.items()) if value is not None
    )
    return shorten(":".join((entity, operation, *parts)))


def shorten(name: str) -> str:
    """Return an escaped name, or what is too long as its beginning and a hash of all of it."""
    if len(name) <= LONGEST:
        return name
    return f"{name[:120]}~{hashlib.sha256(name.encode()).hexdigest()}"


def escape(text: str) -> str:
    """Return text as a part of a name: letters, digits, `-`, `_`, `.` and percent signs."""
    return quote(text, safe="-_.", errors="surrogatepass").replace("~", "%7E")


def _write(value: object) -> str:
    """Return a value's part of a key; text that reads like another type's is marked by a tilde."""
    if not isinstance(value, str):
        return escape(json.dumps(value, sort_keys=True, default=str))
    return escape(value) + ("~" if JSON.fullmatch(value) else "")
