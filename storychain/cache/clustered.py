"""The protocol's steps on a Redis Cluster, where no script can touch two tags.

What is one script on one server is here one command a key, asked of all servers at once. What must
come before what stays so, in steps of their own: fences move before tokens, the tokens of found
tags are read before the fences.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from django.conf import settings
from redis.exceptions import TryAgainError

from storychain import redis
from storychain.cache.prepared import Prepared
from storychain.cache.ttl import token_life

LUA = Path(__file__).parent / "lua"
BEGIN, END, TOKEN, LEASE, STORE, RELEASE = (
    (LUA / f"{name}.lua").read_text()
    for name in ("begin", "end", "token", "lease", "store", "release")
)
TOKEN_BYTES = 8


def begin(tags: Iterable[str], *, writer: bytes, life: int) -> None:
    """Put the writer's intent behind every tag."""
    redis.send(
        [
            ("EVAL", BEGIN, 1, redis.key("v", name), writer, life, token_life(), _token())
            for name in tags
        ]
    )


def end(tags: Iterable[str], kinds: Iterable[str], *, writer: bytes) -> None:
    """Move the fences, then the tokens, and take the writer's intents back."""
    _move_fences(kinds)
    redis.send(
        [("EVAL", END, 1, redis.key("v", name), writer, token_life(), 0, _token()) for name in tags]
    )


def prepare(
    key: str, known: Sequence[str], finds: Sequence[str], *, owner: bytes, fixed: int | None
) -> Prepared:
    """Read tokens, then fences and epoch, then ask for the lease if `fixed` is given."""
    is_pending, tokens = _read_tokens(known)
    fences, epoch = _read_fences(finds)
    state: Literal["lease", "lost", "pending"] = "pending" if is_pending else "lost"
    if fixed is not None and not is_pending and _take_lease(key, owner, tokens[:fixed]):
        state = "lease"
    return Prepared(state, owner, epoch, tuple(fences), tuple(tokens))


def store(key: str, owner: bytes, packed: bytes, life: int, tags: Iterable[str]) -> bool:
    """Let the tags live long enough, then store the entry if the lease is still ours.

    While their slot moves, lease and entry may stand on two servers: then it is two steps, and who
    loses his lease between them may displace a newer page. The tokens guard what is believed.
    """
    redis.send([("PEXPIRE", redis.key("v", name), token_life(), "GT") for name in tags])
    lease, entry = redis.key("l", key), redis.key("e", key)
    try:
        whole = ("EVAL", STORE, 2, lease, entry, owner, packed, life, token_life())
        return bool(redis.send([whole])[0])
    except TryAgainError:
        is_ours = bool(redis.send([("EVAL", RELEASE, 1, lease, owner)])[0])
        if is_ours:
            redis.send([("SET", entry, packed, "PX", life)])
        return is_ours


def _read_tokens(known: Sequence[str]) -> tuple[bool, list[bytes]]:
    """Return whether a writer is at work on any, and the tokens."""
    answers = _ask_tokens(known, prune=0)
    if lapsed := [
        name for name, answer in zip(known, answers, strict=True) if _is(answer, "lapsed")
    ]:
        _move_fences({name.partition(":")[0] for name in lapsed})
        pruned = dict(zip(lapsed, _ask_tokens(lapsed, prune=1), strict=True))
        answers = [pruned.get(name, old) for name, old in zip(known, answers, strict=True)]
    return any(_is(answer, "pending") for answer in answers), [answer[1] for answer in answers]


def _ask_tokens(names: Iterable[str], *, prune: int) -> list[Any]:
    return redis.send(
        [("EVAL", TOKEN, 1, redis.key("v", name), _token(), token_life(), prune) for name in names]
    )


def _read_fences(kinds: Sequence[str]) -> tuple[list[bytes], bytes]:
    """Return the fences, made where they are missing, and the epoch."""
    made = [_token() for _ in kinds]
    found = redis.send(
        [
            ("SET", redis.key("f", kind), token, "PX", token_life(), "NX", "GET")
            for kind, token in zip(kinds, made, strict=True)
        ]
    )
    (epoch,) = redis.mget([redis.key("epoch")])
    return [old or new for old, new in zip(found, made, strict=True)], epoch or b""


def _take_lease(key: str, owner: bytes, tokens: Sequence[bytes]) -> bool:
    life = int(settings.CACHE_LEASE_SECONDS * 1000)
    names = hashlib.sha1(b"".join(tokens), usedforsecurity=False).hexdigest() + ":"
    return bool(redis.send([("EVAL", LEASE, 1, redis.key("l", key), owner, life, names)])[0])


def _move_fences(kinds: Iterable[str]) -> None:
    redis.send([("SET", redis.key("f", kind), _token(), "PX", token_life()) for kind in kinds])


def _is(answer: Sequence[bytes], state: str) -> bool:
    return answer[0] == state.encode()


def _token() -> bytes:
    return secrets.token_bytes(TOKEN_BYTES)
