"""Units of work: one MongoDB transaction with everything that belongs to a write.

Whatever must happen with a write listens to the three signals: `changed` (after each write, inside
the transaction), `committing` (the last step inside it) and `ended` (after it, with the outcome
"committed", "aborted" or "unknown").
"""

from __future__ import annotations

import inspect
import itertools
import random
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

import mongoengine
import structlog
from django.conf import settings
from django.dispatch import Signal
from pymongo import WriteConcern
from pymongo.client_session import ClientSession
from pymongo.errors import ConnectionFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference

from storychain import mongodb
from storychain.errors import Unavailable

if TYPE_CHECKING:
    from storychain.changes import Change

log = structlog.get_logger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

changed = Signal()
committing = Signal()
ended = Signal()

FIRST_PAUSE, LONGEST_PAUSE = 0.004, 0.25
_unit: ContextVar[UnitOfWork | None] = ContextVar("unit_of_work", default=None)


@dataclass(eq=False)
class UnitOfWork:
    """One transaction: what it changed so far, and a place for whoever listens to keep notes.

    `failure` is the error of a write inside it: with that the transaction is over, whoever catches
    the error.
    """

    changes: list[Change[Any]] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    undo: list[Callable[[], object]] = field(default_factory=list)
    started_at: float = field(default_factory=time.monotonic)
    outcome: Literal["committed", "aborted", "unknown"] = "aborted"
    failure: Exception | None = None

    def announce(self, change: Change[Any]) -> None:
        """Record a change and tell the listeners, inside the transaction."""
        self.changes.append(change)
        changed.send(sender=change.model, change=change, unit=self)


def current_unit() -> UnitOfWork | None:
    """Return the unit of work that this code runs in, if any; a new thread is in none."""
    return _unit.get()


def unit_of_work(work: Callable[P, R]) -> Callable[P, R]:
    """Run a function as one transaction; one that runs inside another joins it.

    Majority write concern with journal. It runs again, from the start, after a conflict with
    another writer: so it reads what it changes, and has no effect but on documents. After
    UNIT_OF_WORK_SECONDS, or when MongoDB does not answer, it raises Unavailable and nothing was
    written; where the answer to the commit got lost for good, the detail of Unavailable says so.
    An error inside a joined unit that wrote ends the whole, also where it is caught.

    Source: MongoDB's drivers' specification of transactions, "Retrying", and of with_transaction.
    """
    if inspect.isgeneratorfunction(work) or inspect.iscoroutinefunction(work):
        raise TypeError(f"{work.__qualname__} would run after its unit of work has ended")

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        unit = _unit.get()
        if unit is None:
            return _run(lambda: work(*args, **kwargs))
        return _join(unit, lambda: work(*args, **kwargs))

    return run


def _join(unit: UnitOfWork, work: Callable[[], R]) -> R:
    _refuse_failed(unit)
    before = len(unit.changes)
    try:
        return work()
    except Exception as error:
        # MongoDB has then aborted the transaction, or half of the inner unit would be kept.
        if len(unit.changes) > before or any(isinstance(e, PyMongoError) for e in _chain(error)):
            unit.failure = error
        raise


def _refuse_failed(unit: UnitOfWork) -> None:
    if unit.failure is not None:
        raise unit.failure


class _Retry(Exception):
    """The same work may succeed in a new transaction."""


def _run(work: Callable[[], R]) -> R:
    deadline = time.monotonic() + settings.UNIT_OF_WORK_SECONDS
    for attempt in itertools.count():
        try:
            return _attempt(work, deadline)
        except _Retry as retry:
            if time.monotonic() > deadline:
                raise Unavailable("Too many write this at once; send it again.") from retry
        longest = min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE)
        time.sleep(random.uniform(0, longest))  # noqa: S311 - jitter is no secret
    raise AssertionError("counting ends")  # pragma: no cover - for mypy


def _attempt(work: Callable[[], R], deadline: float) -> R:
    unit = UnitOfWork()
    token = _unit.set(unit)
    try:
        return _transact(unit, work, deadline)
    except Exception as error:
        if unit.outcome == "aborted":
            for undo in reversed(unit.undo):
                undo()
            _raise_retry_or_outage(error)
        raise
    finally:
        _unit.reset(token)
        _tell_ended(unit)


def _transact(unit: UnitOfWork, work: Callable[[], R], deadline: float) -> R:
    """Do the work and commit it; a session that is left without a commit aborts."""
    with mongodb.client().start_session() as session, session.bind():
        session.start_transaction(
            read_concern=ReadConcern("snapshot"),
            write_concern=WriteConcern("majority", j=True),
            read_preference=ReadPreference.PRIMARY,
            # pymongo sends the smaller of this and the client's own time limit as maxTimeMS.
            max_commit_time_ms=settings.MONGO_TIMEOUT_MS,
        )
        result = work()
        _refuse_failed(unit)
        committing.send(sender=UnitOfWork, unit=unit)
        if time.monotonic() > deadline:
            raise Unavailable("This took too long to be kept; send it again.")
        _commit(session, unit, deadline)
        return result


def _commit(session: ClientSession, unit: UnitOfWork, deadline: float) -> None:
    """Commit, and again where the answer got lost: MongoDB knows what it has committed."""
    unit.outcome = "unknown"
    while True:
        try:
            session.commit_transaction()
        except PyMongoError as error:
            if not error.has_error_label("UnknownTransactionCommitResult"):
                unit.outcome = "aborted"
                raise
            if time.monotonic() > deadline:
                raise Unavailable(
                    "It is not known whether this was kept; look before you send it again."
                ) from error
            time.sleep(FIRST_PAUSE)
        else:
            unit.outcome = "committed"
            return


def _raise_retry_or_outage(error: Exception) -> None:
    """Look through mongoengine's wrapping for what MongoDB said."""
    for found in _chain(error):
        if isinstance(found, PyMongoError):
            if found.has_error_label("TransientTransactionError") and not found.timeout:
                raise _Retry from error
            is_theirs = isinstance(error, PyMongoError | mongoengine.errors.MongoEngineException)
            if is_theirs and (found.timeout or isinstance(found, ConnectionFailure)):
                raise Unavailable("The database does not answer; send it again.") from error


def _chain(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def _tell_ended(unit: UnitOfWork) -> None:
    for receiver, answer in ended.send_robust(sender=UnitOfWork, unit=unit, outcome=unit.outcome):
        if isinstance(answer, Exception):
            log.error("after a unit of work", receiver=repr(receiver), exc_info=answer)
