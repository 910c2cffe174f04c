"""What an operator does with queues and jobs; each step is one step of the ledger."""

from collections.abc import Callable, Iterable
from operator import itemgetter

from storychain import outbox, redis
from storychain.errors import Conflict, Invalid, NotFound
from storychain.queues import bells
from storychain.queues.pauses import set_paused
from storychain.queues.records import JobNotFound, JobRecord, get_job, read_records
from storychain.queues.scripts import Script, asking_ledger
from storychain.queues.topology import QUEUES

SCANNED = 500

_cancel = Script("cancel", str)
_retry = Script("retry", tuple[list[str], str, str])
_discard = Script("discard", str)


class NotPossible(Conflict):
    """The job is in a state where this cannot be done to it."""

    code, title = "not-possible", "The job's state does not allow it"


def pause_queue(queue: str) -> None:
    """Let no job of a queue be claimed any more; those that run go on. Raise Invalid if unknown."""
    set_paused(_check(queue), is_paused=True)


def resume_queue(queue: str) -> None:
    """Let a queue's jobs be claimed again."""
    set_paused(_check(queue), is_paused=False)


def _check(queue: str) -> str:
    if queue not in QUEUES:
        raise Invalid(f"No queue is named {queue!r}: there are {', '.join(QUEUES)}.")
    return queue


def cancel_job(job_id: str) -> str:
    """End a job that waits as failed; tell one that runs to stop. Return the state that it had.

    Raise JobNotFound, or NotPossible if it has ended.
    """
    return _end(job_id, _cancel, ("waiting", "delayed", "parked", "active"))


def retry_job(job_id: str) -> str:
    """Let a dead or failed job wait again as if it were new, or a delayed one at once.

    Return the state that it had; raise JobNotFound, or NotPossible in another state or beside a job
    that has its unique key by now.
    """

    def retry(call: dict[str, str]) -> str:
        rings, state, other = _retry(call)
        bells.ring(rings)
        if other:
            raise _doubles(get_job(other))
        return state

    return _act(job_id, retry, ("dead", "failed", "delayed"))


def refuse_double(job_id: str, *, unique: str | None) -> None:
    """Raise NotPossible while another job has this unique key."""
    if not unique:
        return
    with asking_ledger() as client:
        owner = client.get(redis.key("q", "unique", unique))
    for other in read_records([owner.decode()] if owner else []):
        if other.id != job_id:
            raise _doubles(other)


def _doubles(other: JobRecord) -> NotPossible:
    return NotPossible(f"Job {other.id}, which does the same, is {other.state}.")


def discard_job(job_id: str) -> str:
    """Give up a dead job: it is failed, and forgotten in time. Raise as `retry_job` does."""
    return _end(job_id, _discard, ("dead",))


def act_on_each(
    targets: Iterable[str], *, action: Callable[[str], object]
) -> tuple[list[str], list[str]]:
    """Do something to each; return to which, and why not for each of the others.

    Raise LedgerAway, or what the databases raise, where one does not answer.
    """
    done, refused = [], []
    for target in targets:
        try:
            action(target)
            done.append(target)
        except (NotFound, Conflict, Invalid) as error:
            refused.append(error.detail)
    return done, refused


def act_on_all(*, queue: str, state: str, action: Callable[[str], str]) -> int:
    """Do one of the above to all jobs that a queue has in a state now; return to how many.

    To none twice: of those that are retried, some may be dead again before the last one's turn.
    Those that wait are also those that are parked.
    """
    states = ("waiting", "parked") if state == "waiting" else (state,)
    ids = [job_id for each in states for job_id in _list_ids(queue, each)]
    return sum(_try(action, job_id) for job_id in ids)


def _list_ids(queue: str, state: str) -> list[str]:
    """Return the ids in one of a queue's sets, the lowest score first."""
    with asking_ledger() as client:
        found = dict(client.zscan_iter(redis.key("q", queue, state), count=SCANNED))
    return [member.decode() for member, _ in sorted(found.items(), key=itemgetter(1))]


def _try(action: Callable[[str], str], job_id: str) -> bool:
    try:
        action(job_id)
    except (JobNotFound, NotPossible):
        return False  # it moved on meanwhile, or another does the same
    return True


def _act(job_id: str, action: Callable[[dict[str, str]], str], states: tuple[str, ...]) -> str:
    state = action({"id": job_id})
    if state not in states:
        raise NotPossible(
            f"Job {job_id} is {get_job(job_id).state}; this takes {', '.join(states)}."
        )
    return state


def _end(job_id: str, action: Callable[[dict[str, str]], str], states: tuple[str, ...]) -> str:
    state = _act(job_id, action, states)
    now = read_records([job_id])
    if now and now[0].state == "failed" and now[0].is_outbox:
        outbox.complete([job_id])
    return state
