"""Writes that go round the base Document: pymongo tells of them; the collection's tag is bumped.

Nobody knows which documents such a write changed, so everything that read the collection is stale
(`Region(reads=...)`): BEGIN when the command is sent, END when the server has answered. Inside a
unit of work the tag is one of the unit's; in a bare transaction of pymongo's BEGIN comes with the
first write, END with the commit or abort. Where it is not known what became of a command, the
intent lapses by itself.

pymongo swallows what a listener raises, so this one counts it (`storychain_cache_unheard_writes`),
and its process owes the bump.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import structlog
from prometheus_client import Counter
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from storychain import mongodb
from storychain.cache import tags as protocol
from storychain.cache.tags import DEBT, Tag, new_token, tag
from storychain.documents import UnitOfWork, current_unit

log = structlog.get_logger(__name__)
UNHEARD = Counter(
    "storychain_cache_unheard_writes", "Writes round the documents whose bump went wrong."
)
WRITES = frozenset({"insert", "update", "delete", "findAndModify", "drop", "mapReduce"})
ENDS = frozenset({"commitTransaction", "abortTransaction"})

Pending = tuple[bytes, frozenset[Tag]]
_collections: list[Callable[[], str]] = []


def watch(collection: Callable[[], str]) -> None:
    """Hear of writes to this collection; its name is asked for when there is a write."""
    _collections.append(collection)


class Unannounced(CommandListener):
    """Bumps for whatever is written without a Change.

    `add` puts tags to those of a unit of work.
    """

    def __init__(self, *, add: Callable[[UnitOfWork, Iterable[Tag]], None]) -> None:
        """Have heard nothing."""
        self._add = add
        self._commands: dict[int, Pending] = {}
        self._transactions: dict[bytes, Pending] = {}

    def started(self, event: CommandStartedEvent) -> None:
        """BEGIN, before the command is sent."""
        if event.command_name in ENDS:
            pending = self._transactions.pop(_session(event), None)
            if pending is not None:
                self._commands[event.request_id] = pending
            return
        found = frozenset[Tag]() if mongodb.is_announced() else _written(event)
        if found:
            _counting(found, lambda: self._begin(event, found))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """END: the server has said what became of the command."""
        if event.request_id in self._commands:
            self._end(self._commands.pop(event.request_id))

    def failed(self, event: CommandFailedEvent) -> None:
        """END if the server refused; what got lost on the way may still be done, and lapses."""
        pending = self._commands.pop(event.request_id, None)
        if pending is not None and "code" in event.failure:
            self._end(pending)

    def _begin(self, event: CommandStartedEvent, found: frozenset[Tag]) -> None:
        unit = current_unit()
        if event.command.get("autocommit") is not False:
            self._begin_alone(event, found)
        elif unit is not None:
            self._add(unit, found)
        else:
            writer, before = self._transactions.get(_session(event), (new_token(), frozenset()))
            self._transactions[_session(event)] = writer, before | found
            protocol.begin(found, writer=writer)

    def _begin_alone(self, event: CommandStartedEvent, found: frozenset[Tag]) -> None:
        writer = new_token()
        # What is not acknowledged is done nobody knows when: its intent lapses.
        if event.command.get("writeConcern", {}).get("w") != 0:
            self._commands[event.request_id] = writer, found
        protocol.begin(found, writer=writer)

    def _end(self, pending: Pending) -> None:
        writer, found = pending
        _counting(found, lambda: protocol.end(found, writer=writer))


def _session(event: CommandStartedEvent) -> bytes:
    return bytes(event.command["lsid"]["id"])


def _counting(found: frozenset[Tag], step: Callable[[], None]) -> None:
    try:
        step()
    except Exception as error:  # noqa: BLE001 - pymongo would swallow it
        DEBT.owe(found)
        UNHEARD.inc()
        log.warning("a write round the documents", tags=sorted(found), why=repr(error))


def _written(event: CommandStartedEvent) -> frozenset[Tag]:
    """Return the tags of the watched collections that a command writes."""
    named = set(_names(event.command_name, event.command))
    return frozenset(tag("all", name) for name in named & {found() for found in _collections})


def _names(name: str, command: Mapping[str, Any]) -> Iterable[str]:
    if name in WRITES:
        yield str(command[name])
    elif name == "bulkWrite":
        yield from (space["ns"].partition(".")[2] for space in command["nsInfo"])
    elif name == "renameCollection":
        yield from (str(command[key]).partition(".")[2] for key in (name, "to"))
    elif name == "dropDatabase":
        yield from (found() for found in _collections)
    elif name == "aggregate":
        yield from filter(None, map(_target, command["pipeline"]))


def _target(stage: Mapping[str, Any]) -> str | None:
    """Return the collection that a stage of an aggregation writes."""
    into = stage.get("$out") or stage.get("$merge")
    if isinstance(into, Mapping):
        into = into.get("into", into)
    return into.get("coll") if isinstance(into, Mapping) else into
