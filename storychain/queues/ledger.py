"""Where every job is: the truth that workers and enqueuers share, kept by the scripts in `lua/`.

    enqueue -> waiting -> active -> completed
                  ^  ^       |----> delayed (tried again later)
      (promote)   |  |-------|      (sweep: its worker died)
               delayed       |----> dead (exhausted, or hopeless)
                             |----> failed (cancelled, discarded)

A job is in exactly one of these sets; of those that wait, some are parked: their turn has come, and
another job holds their lock. A script that finds work for somebody says which queues to ring;
`bells.py` does.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from django.conf import settings

from storychain.queues import bells
from storychain.queues.scripts import Script
from storychain.queues.topology import QUEUES
from storychain.queues.wire import Ask, Claimed, Entry, Known, Lost, Outcome

MARK_SECONDS = 7 * 24 * 3600
ENTERED, PROMOTED, SWEPT = 5000, 1000, 200
KEPT = {"completed": (100, 24 * 3600), "failed": (500, 7 * 24 * 3600)}

_enqueue = Script("enqueue", tuple[list[str], list[Known]])
_exchange = Script("exchange", tuple[list[str], list[str], list[Claimed]])
_heartbeat = Script("heartbeat", tuple[list[str], list[str]])
_report = Script("report", tuple[bool, bool])
_permit = Script("permit", int)
_promote = Script("promote", list[str])
_sweep = Script("sweep", tuple[list[str], list[Lost]])


def enqueue(entries: Sequence[Entry]) -> list[Known]:
    """Take jobs in; return those that were known before, which stay as they were.

    One step takes all or none of ENTERED jobs; more take several. To repeat it is harmless.
    """
    return [
        known._replace(position=first + known.position)
        for first in range(0, len(entries), ENTERED)
        for known in _enter(entries[first : first + ENTERED])
    ]


def _enter(entries: Sequence[Entry]) -> list[Known]:
    rings, known = _enqueue([_pack(entry) for entry in entries])
    bells.ring(rings)
    return known


def _pack(entry: Entry) -> tuple[Any, ...]:
    spec = msgspec.json.encode(entry.spec).decode()
    delay_ms = round(entry.delay * 1000)
    mark = MARK_SECONDS if entry.is_marked else 0
    return (
        entry.job_id,
        entry.queue,
        spec,
        entry.spec.level,
        entry.spec.attempts,
        delay_ms,
        entry.unique,
        entry.lock,
        mark,
    )


def exchange(
    *, queue: str, holder: str, outcomes: Sequence[Outcome] = (), ask: Ask | None
) -> tuple[list[str], list[Claimed]]:
    """Hand in outcomes and take jobs, in one step; return the refused ids and what was taken.

    Refused are outcomes whose job is not in this holder's hands (any more). Without `ask` the
    holder leaves, and a bell is rung for what still waits.
    """
    rings, refused, claimed = _exchange(
        {
            "queue": queue,
            "holder": holder,
            "outcomes": outcomes,
            "keep": _keep(),
            "claim": ask and _claim(queue, ask),
        }
    )
    bells.ring(rings)
    return refused, claimed


def _claim(queue: str, ask: Ask) -> dict[str, Any]:
    return {
        "want": ask.want,
        "cap": ask.cap,
        "lease": QUEUES[queue].lease_ms,
        "nonce": ask.nonce,
        "answers": ask.answers_bell,
        "linger": round(ask.linger_seconds * 1000),
        # How the specs of these jobs begin, as `wire.Spec` is encoded.
        "bulk": [f'{{"name":"{name}",' for name in ask.bulk.names],
        "room": ask.bulk.room,
    }


def heartbeat(held: Iterable[tuple[str, str, int]]) -> tuple[list[str], list[str]]:
    """Renew the leases of (queue, job id, token)s; return the ids of the lost and the cancelled."""
    return _heartbeat([(queue, i, token, QUEUES[queue].lease_ms) for queue, i, token in held])


def promote() -> None:
    """Let delayed jobs wait whose time has come, and ring for what waits unanswered."""
    bells.ring(_promote({"queues": list(QUEUES), "limit": PROMOTED}))


def sweep() -> list[Lost]:
    """Take jobs back whose lease ended, trim, and ring for what waits unanswered.

    Return the attempts that were lost.
    """
    call = {
        "queues": list(QUEUES),
        "bell": round(settings.QUEUE_BELL_SECONDS * 1000),
        "beat": round(settings.QUEUE_HEARTBEAT_SECONDS * 1000),
        "keep": _keep(),
        "limit": SWEPT,
    }
    rings, lost = _sweep(call)
    bells.ring(rings)
    return lost


def _keep() -> dict[str, tuple[int, int]]:
    return {
        state: (count, round(seconds * settings.TIME_SCALE * 1000))
        for state, (count, seconds) in KEPT.items()
    }


def report(job_id: str, *, token: int, done: int, total: int) -> tuple[bool, bool]:
    """Note how far a job is; return whether it is lost and whether it is cancelled."""
    return _report({"id": job_id, "token": token, "done": done, "total": total})


def take_permit(queue: str, *, job_id: str, token: int) -> int:
    """Ask for the effect that a queue's limit counts; return ms to wait, -1 if the job is lost."""
    limit = QUEUES[queue].limit
    if limit is None:
        return 0
    window = round(limit.seconds * settings.TIME_SCALE * 1000)
    call = {"queue": queue, "id": job_id, "token": token, "most": limit.most, "window": window}
    return _permit(call)
