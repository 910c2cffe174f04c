"""Tags: what reads depend on. A bump replaces a tag's token: every entry with it is stale.

1. A writer BEGINs: the tags get new tokens and carry his intent. Nothing is stored under them.
2. He commits.
3. He ENDs: the fences of the tags' kinds move, the tags get new tokens, the intent goes.

Died he in between, the intent lapses (CACHE_INTENT_SECONDS by the server's clock) and takes the
token with it. Tokens are random, never counted: a counter lost to eviction would start again and
could match an old entry.
"""

import secrets
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NewType

from django.conf import settings
from redis.exceptions import OutOfMemoryError

from storychain import redis
from storychain.cache import clustered
from storychain.cache.keys import escape, shorten
from storychain.cache.ttl import token_life

Tag = NewType("Tag", str)

LUA = Path(__file__).parent / "lua"
TOKEN_BYTES = 8
BATCH = 500
NOBODY = b""


def tag(kind: str, ident: str) -> Tag:
    """Return the tag `kind:ident`; its kind names the fence for tags found while loading.

    All normal forms of a text are one tag: whoever bumps one means the others too.
    """
    return Tag(shorten(f"{kind}:{escape(unicodedata.normalize('NFC', ident))}"))


def kind_of(name: Tag) -> str:
    """Return a tag's kind."""
    return name.partition(":")[0]


def new_token() -> bytes:
    """Return eight random bytes."""
    return secrets.token_bytes(TOKEN_BYTES)


def begin(tags: Iterable[Tag], *, writer: bytes) -> None:
    """Announce that a writer is about to change what these tags name; raise redis.RedisError."""
    life = int(settings.CACHE_INTENT_SECONDS * 1000)
    for some in _batches(tags):
        keys = [redis.key("v", name) for name in some]
        with _forgotten_if_full(keys):
            if redis.is_cluster():
                clustered.begin(some, writer=writer, life=life)
            else:
                redis.run(LUA / "begin.lua", keys, [writer, life, token_life(), *_new_tokens(keys)])


def end(tags: Iterable[Tag], *, writer: bytes = NOBODY) -> None:
    """Bump these tags and take the writer's intent back; raise redis.RedisError."""
    for some in _batches(tags):
        kinds = sorted({kind_of(name) for name in some})
        keys = [*(redis.key("f", k) for k in kinds), *(redis.key("v", name) for name in some)]
        with _forgotten_if_full(keys):
            if redis.is_cluster():
                clustered.end(some, kinds, writer=writer)
            else:
                args = [writer, token_life(), len(kinds), *_new_tokens(keys)]
                redis.run(LUA / "end.lua", keys, args)


class Debt:
    """Bumps that this process could not make; they are paid before its cache is believed again."""

    def __init__(self) -> None:
        """Owe nothing."""
        self._owed: dict[Tag, object] = {}
        self._lock = threading.Lock()

    def owe(self, tags: Iterable[Tag]) -> None:
        """Note tags whose END did not reach Redis."""
        with self._lock:
            self._owed |= dict.fromkeys(tags, object())

    def pay(self) -> None:
        """Bump what is owed; raise redis.RedisError, and go on owing, if that cannot be done.

        A tag is owed until its bump has been made: a reader in another thread meanwhile pays too.
        """
        if not self._owed:
            return
        with self._lock:
            paid = dict(self._owed)
        end(paid)
        with self._lock:
            for name, when in paid.items():
                if self._owed.get(name) is when:
                    del self._owed[name]


DEBT = Debt()


def _batches(tags: Iterable[Tag]) -> Iterable[Sequence[Tag]]:
    ordered = sorted(set(tags))
    return (ordered[at : at + BATCH] for at in range(0, len(ordered), BATCH))


def _new_tokens(keys: Sequence[str]) -> list[bytes]:
    fresh = secrets.token_bytes(TOKEN_BYTES * len(keys))
    return [fresh[at : at + TOKEN_BYTES] for at in range(0, len(fresh), TOKEN_BYTES)]


@contextmanager
def _forgotten_if_full(keys: Sequence[str]) -> Iterator[None]:
    """A full server still forgets: a tag without a token matches no entry."""
    try:
        yield
    except OutOfMemoryError:
        redis.client("cache").unlink(*keys)
