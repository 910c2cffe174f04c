"""What is stored of a page: a small header, and behind it the body, ready to send.

4 bytes   length of the header, big endian
header    MessagePack array, the fields of `Header` in their order
body      JSON
"""

import hashlib
import math
import random
import struct
from typing import NamedTuple

import msgspec

_LENGTH = struct.Struct(">I")


class Header(msgspec.Struct, frozen=True, array_like=True):
    """What decides whether the body may be used.

    `life` is how long the server was told to keep it, `cost` how long its load took, both in ms.
    `pairs` are (tag, token) of everything that the body depended on; `is_absent` marks a body that
    says why there is nothing.
    """

    epoch: bytes
    life: int
    cost: int
    etag: str
    is_absent: bool
    pairs: tuple[tuple[str, bytes], ...]


class Found(NamedTuple):
    """An entry as it was read, with the ms that the server goes on keeping it.

    Its age is counted by that server alone: no process' clock has a say in it.
    """

    header: Header
    body: bytes
    left: int

    @property
    def age(self) -> int:
        """How long ago the load began, in ms."""
        return max(0, self.header.life - max(0, self.left) + self.header.cost)

    def wants_refresh(self, *, beta: float = 1.0) -> bool:
        """Tell, by chance, whether this reader should load the page anew before it expires.

        The dearer the load and the nearer the end, the likelier. Source: optimal probabilistic
        cache stampede prevention (XFetch), doi:10.14778/2757807.2757813.
        """
        early = -self.header.cost * beta * math.log(1.0 - random.random())  # noqa: S311 - no secret
        return early >= self.left


_header = msgspec.msgpack.Decoder(Header)


def pack(header: Header, body: bytes) -> bytes:
    """Return the entry as it is stored."""
    packed = msgspec.msgpack.encode(header)
    return _LENGTH.pack(len(packed)) + packed + body


def unpack(stored: bytes | None) -> tuple[Header, memoryview] | None:
    """Return header and body of a stored entry; None if there is none, or it cannot be read."""
    if stored is None:
        return None
    try:
        (length,) = _LENGTH.unpack_from(stored)
        return _header.decode(memoryview(stored)[4 : 4 + length]), memoryview(stored)[4 + length :]
    except (struct.error, msgspec.DecodeError):
        return None


def etag_of(body: bytes) -> str:
    """Return a strong entity tag of the body, quotes included."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
