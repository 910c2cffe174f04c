"""On whose behalf this code runs: the id of the request, and of the job that followed from it.

One variable for both: entering and leaving it costs a job a fraction of a microsecond.
"""

from collections.abc import Mapping
from contextvars import ContextVar, Token

from structlog.typing import EventDict, WrappedLogger

NOBODY: Mapping[str, str] = {}
_behalf: ContextVar[Mapping[str, str]] = ContextVar("storychain_behalf", default=NOBODY)


def enter_behalf(**names: str) -> "Token[Mapping[str, str]]":
    """Run on behalf of these ids (request_id, job_id, job) until `leave_behalf`."""
    return _behalf.set(names)


def leave_behalf(token: "Token[Mapping[str, str]]") -> None:
    """Run on behalf of whom it was before."""
    _behalf.reset(token)


def current_request_id() -> str:
    """Return the id of the request that is being served, or on whose behalf a job runs; else ""."""
    return _behalf.get().get("request_id", "")


def add_behalf(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Put the ids into a log line, as a processor of structlog."""
    for name, value in _behalf.get().items():
        if value:
            event.setdefault(name, value)
    return event
