"""From a Change to the tags that it stales, and when these are bumped.

A feature's rules stand in its own `invalidation.py`:

    @invalidates(Story)
    def story_changed(change): yield story_tag(change.document.slug)

Rules run inside the write's transaction, right after it wrote. BEGIN is the last step before the
commit, when every tag is known; END follows it. The tags also go into the outbox with the write
itself, so that the bump comes as surely as the write: where Redis does not answer, and where a
writer dies between the commit and END while Redis evicts the intent that should outlive him.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

from redis.exceptions import RedisError

from storychain import mongodb, outbox, redis
from storychain.cache import tags as protocol
from storychain.cache import unannounced
from storychain.cache.tags import DEBT, Tag, new_token, tag
from storychain.documents import Change, Document, UnitOfWork, changed, committing, ended

D = TypeVar("D", bound=Document)
Rule = Callable[[Change[D]], Iterator[Tag]]
NOTE = "cache"


class _Bumps:
    """What one unit of work stales, and under which name its intents stand."""

    def __init__(self) -> None:
        self.tags: set[Tag] = set()
        self.writer: bytes | None = None


def invalidates(model: type[D]) -> Callable[[Rule[D]], Rule[D]]:
    """Register a rule: which tags a Change of this document stales.

    A write whose documents are not known stales everything that read the collection; no rule is
    asked then.
    """

    def register(rule: Rule[D]) -> Rule[D]:
        def receive(change: Change[D], unit: UnitOfWork, **_: object) -> None:
            _bumps(unit).tags.update(rule(change) if change.kind != "unknown" else _all_of(model))

        unannounced.watch(model._get_collection_name)  # noqa: SLF001 - as below
        changed.connect(
            receive,
            sender=model,
            weak=False,
            dispatch_uid=(__name__, rule.__module__, rule.__qualname__),
        )
        return rule

    return register


def bump(*tags: Tag) -> None:
    """Stale whatever carries these tags, now; raise redis.RedisError if that cannot be done."""
    protocol.end(tags)


def _all_of(model: type[Document]) -> Iterable[Tag]:
    return [tag("all", model._get_collection_name())]  # noqa: SLF001 - mongoengine has no other door


def _bumps(unit: UnitOfWork) -> _Bumps:
    found: _Bumps = unit.notes.setdefault(NOTE, _Bumps())
    return found


def _begin(unit: UnitOfWork, **_: object) -> None:
    """Announce the write, and store with it what must be bumped: one of the two outlives us."""
    bumps = _bumps(unit)
    if not bumps.tags:
        return
    bumps.writer = _announce(bumps.tags)
    if bumps.writer is None:
        DEBT.owe(bumps.tags)
    writer = bumps.writer.hex() if bumps.writer else None
    outbox.add(kind="bump", payload={"tags": sorted(bumps.tags), "writer": writer})


def _announce(tags: Iterable[Tag]) -> bytes | None:
    """BEGIN and return the writer's name; None if Redis does not answer."""
    if not redis.breaker("cache").allows():
        return None
    writer = new_token()
    try:
        protocol.begin(tags, writer=writer)
    except RedisError as error:
        redis.note_failure("cache", error)
        return None
    return writer


def _end(unit: UnitOfWork, outcome: str, **_: object) -> None:
    """Take the intents of an aborted write back; the outbox ENDs what was committed."""
    bumps = _bumps(unit)
    if bumps.writer is not None and outcome == "aborted":
        with suppress(RedisError):  # they lapse by themselves, as those of an unknown outcome
            protocol.end(bumps.tags, writer=bumps.writer)


def _stale_all(unit: UnitOfWork, names: Iterable[Tag]) -> None:
    _bumps(unit).tags.update(names)


mongodb.listen(unannounced.Unannounced(add=_stale_all))
committing.connect(_begin)
ended.connect(_end)


@outbox.handles("bump")
def _deliver(rows: list[outbox.OutboxRow]) -> Iterable[str]:
    """END the writes that these rows came with, and forget the rows.

    They are not waited for: a row that comes back makes its bump again.
    """
    unannounced = {name for row in rows if not row.payload.get("writer") for name in _names(row)}
    try:
        protocol.end(unannounced)
        for row in rows:
            if writer := row.payload.get("writer"):
                protocol.end(_names(row), writer=bytes.fromhex(writer))
    except RedisError as error:
        # The intents stand, or Redis lost them with all else; this process remembers in any case.
        DEBT.owe(name for row in rows for name in _names(row))
        redis.note_failure("cache", error)
        raise
    ids: list[Any] = [row.row_id for row in rows]
    outbox.complete(ids, is_awaited=False)
    return ids


def _names(row: outbox.OutboxRow) -> Iterator[Tag]:
    return (Tag(name) for name in row.payload["tags"])
