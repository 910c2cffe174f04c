"""The cache with one safeguard taken out, each as a patch that is undone with the test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from storychain import redis
from storychain.cache import entries, flights, invalidation, loading, protocol, region, tags
from tests.checking.world import World, Writer

Mutant = Callable[[pytest.MonkeyPatch], None]


def tokens_read_after_the_load(patch: pytest.MonkeyPatch) -> None:
    settle = region.Region._settle

    def late(self: Any, key: str, known: Any, before: Any, *more: Any) -> Any:
        now = protocol.prepare("-", known, self._finds)
        return settle(self, key, known, replace(before, tag_tokens=now.tag_tokens), *more)

    patch.setattr(region.Region, "_settle", late)


def fence_not_compared(patch: pytest.MonkeyPatch) -> None:
    def unguarded(found: Sequence[Any], finds: Sequence[str], before: Any) -> Any:
        return dict(zip(found, protocol.prepare("-", found, finds).tag_tokens, strict=True))

    patch.setattr(protocol, "tokens_of_found", unguarded)


def intents_merged_into_one_flag(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(invalidation, "new_token", lambda: b"the flag")


def no_intents(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tags, "begin", lambda *_, **__: None)


def epoch_not_compared(patch: pytest.MonkeyPatch) -> None:
    mget = redis.mget_with_life

    def trusting(names: Sequence[str]) -> Any:
        values, left = mget(names)
        if found := entries.unpack(values[0]):
            values[1] = found[0].epoch
        return values, left

    patch.setattr(redis, "mget_with_life", trusting)


def flights_boarded_by_key_alone(patch: pytest.MonkeyPatch) -> None:
    for name in ("start", "board", "close"):
        method = getattr(flights.Flights, name)
        patch.setattr(
            flights.Flights, name, lambda self, full, method=method: method(self, full[0])
        )


def nested_pages_shared(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(region, "_is_for_passengers", lambda *_: True)


def tags_inside_kept_to_themselves(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(loading.Loading, "take", lambda *_: None)


def tags_inside_taken_as_read(patch: pytest.MonkeyPatch) -> None:
    settle = region.Region._settle_pairs

    def trusting(self: Any, key: str, known: Any, prepared: Any, inside: Any) -> Any:
        inside.found -= inside.pairs.keys()
        return settle(self, key, known, prepared, inside)

    patch.setattr(region.Region, "_settle_pairs", trusting)


def counted_tokens(patch: pytest.MonkeyPatch) -> None:
    counted = "struct.pack('>I8', (old and struct.unpack('>I8', old) or 0) + 1)"
    _rewrite(patch, "begin", "ARGV[i + 3] ..", f"{counted} ..")
    _rewrite(patch, "end", "local intents = {}", "local intents, old = {}, nil")
    _rewrite(patch, "end", "local old = redis", "old = redis")
    _rewrite(patch, "end", "ARGV[i + 3] ..", f"(i > fences and {counted} or ARGV[i + 3]) ..")
    _rewrite(patch, "prepare", "value = ARGV[i + 5]\n", "value = struct.pack('>I8', 1)\n")


def lease_not_checked(patch: pytest.MonkeyPatch) -> None:
    _rewrite(patch, "store", "if not held or string.sub(held, -8) ~= ARGV[1] then", "if false then")


def end_before_commit(patch: pytest.MonkeyPatch) -> None:
    commit = Writer.commit

    def early(self: Writer) -> Writer:
        tags.end(invalidation._bumps(self.unit).tags, writer=self.name or b"")
        self.world.read("page")
        commit(self)
        self.world.outbox.pop(self.row.row_id)
        return self

    patch.setattr(Writer, "commit", early)
    patch.setattr(Writer, "end", Writer.settle)


def bumps_not_stored_with_the_write(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(World, "flush", lambda *_: True)


def debts_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tags.Debt, "pay", lambda _: None)
    patch.setattr(World, "flush", lambda *_: True)


_rewritten: dict[str, list[tuple[str, str]]] = {}


def _rewrite(patch: pytest.MonkeyPatch, name: str, old: str, new: str) -> None:
    """Replace a piece of one of the cache's Lua scripts."""
    patch.setitem(_rewritten, name, [*_rewritten.get(name, []), (old, new)])
    for module in (protocol, tags):
        patch.setattr(module, "LUA", _Changed())


class _Changed:
    """The folder of the scripts, with what was rewritten in it."""

    def __truediv__(self, name: str) -> Any:
        return _ChangedFile(name)


class _ChangedFile:
    def __init__(self, name: str) -> None:
        self.name = name.removesuffix(".lua")

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ChangedFile) and other.name == self.name

    def read_text(self) -> str:
        text = (Path(tags.__file__).parent / "lua" / f"{self.name}.lua").read_text()
        for old, new in _rewritten.get(self.name, []):
            assert old in text, f"{self.name}.lua has no {old!r} any more"
            text = text.replace(old, new)
        return text
