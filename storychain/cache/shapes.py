"""What a page is made of, as part of its key: a deploy that changes it finds nothing of the old.

Processes of the old and the new version so keep a page each while they run side by side.
"""

import hashlib
from typing import Any

import msgspec

from storychain.cache.absence import Absent

MARK = "@"  # stands in no key that was built

_known: set[str] = {""}


def shape_of(kind: Any) -> str:
    """Return what is put behind the keys of pages of this msgspec type; "" for Any.

    It changes with fields, their types and defaults, at any depth, and with what docstrings say.
    """
    if kind is Any:
        return ""
    described = msgspec.json.encode(
        [msgspec.json.schema(one) for one in (kind, Absent)], order="deterministic"
    )
    shape = MARK + hashlib.blake2b(described, digest_size=6).hexdigest()
    _known.add(shape)
    return shape


def known_shapes() -> list[str]:
    """Return the shapes of all pages that this process knows of."""
    return sorted(_known)
