"""What happens in the queues, as it happens: one event for a step of the ledger."""

from collections.abc import Iterator

import msgspec

from storychain import redis
from storychain.queues.scripts import asking_ledger

BLOCK_MS = 1000
MOST = 500


class JobEvent(msgspec.Struct, frozen=True):
    """`count` jobs of a queue went through `event`; of many, only the first 50 are named.

    Events are enqueued, active, completed, delayed, waiting (again), failed, dead, progress,
    paused, resumed. `id` is the place in the stream, to go on from.
    """

    id: str
    event: str
    queue: str
    count: int
    job_ids: list[str]


def read_events(*, after: str = "0", block_ms: int | None = None) -> list[JobEvent]:
    """Return what happened after an event ("$": from now on), waiting for it if asked to."""
    stream = redis.key("q", "events")
    with asking_ledger() as client:
        found = client.xread({stream: after}, count=MOST, block=block_ms)
    return [_read(event_id, fields) for _, entries in found or () for event_id, fields in entries]


def follow_events(*, after: str = "$") -> Iterator[JobEvent | None]:
    """Yield events as they happen, without end; None whenever a second passed without one."""
    if after == "$":
        after = _last_id()
    while True:
        events = read_events(after=after, block_ms=BLOCK_MS)
        if not events:
            yield None
        for event in events:
            yield event
            after = event.id


def _last_id() -> str:
    with asking_ledger() as client:
        last = client.xrevrange(redis.key("q", "events"), count=1)
    return last[0][0].decode() if last else "0"


def _read(event_id: bytes, fields: dict[bytes, bytes]) -> JobEvent:
    return JobEvent(
        id=event_id.decode(),
        event=fields[b"event"].decode(),
        queue=fields[b"queue"].decode(),
        count=int(fields[b"count"]),
        job_ids=msgspec.json.decode(fields[b"ids"], type=list[str]),
    )
