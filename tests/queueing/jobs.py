"""Jobs whose effect is a line in a file: what was done can be counted whatever Redis forgot."""

import os
import sys
import time
from datetime import datetime
from pathlib import Path

import msgspec

from storychain.errors import Unavailable
from storychain.queues.jobs import PermanentError, current, job
from storychain.queues.topology import ANALYTICS, CLEANUP, EMAIL, EXPORT, NOTIFICATION

EATEN: list[bytes] = []


def leave(trace: str, text: object) -> None:
    """Append a line, whole or not at all."""
    with Path(trace).open("a") as file:
        file.write(f"{text}\n")


@job(queue=NOTIFICATION, name="test.leave")
def leave_trace(*, trace: str, text: str) -> None:
    leave(trace, text)


@job(queue=NOTIFICATION, name="test.leave_late")
def leave_late(*, trace: str, text: str, seconds: float) -> None:
    """Take its time, and check before the effect that the job is still ours."""
    leave(f"{trace}.started", text)
    time.sleep(seconds)
    current().check()
    leave(trace, text)


@job(queue=NOTIFICATION, name="test.leave_once")
def leave_once(*, trace: str, text: str, seconds: float = 0) -> None:
    """Leave a trace that is there or not: the way to be idempotent that features use."""
    time.sleep(seconds)
    Path(trace, text).touch()
    leave(f"{trace}.runs", text)


@job(queue=EXPORT, name="test.export")
def export(*, trace: str, text: str, seconds: float = 0) -> dict[str, int]:
    leave(f"{trace}.started", f"{text} {os.getpid()}")
    for _ in range(round(seconds / 0.05)):
        time.sleep(0.05)
        current().progress(1, 2)
    leave(trace, text)
    return {"attempt": current().attempt}


@job(queue=CLEANUP, name="test.exclusive", exclusive="{kind}")
def exclusive(*, trace: str, kind: str) -> None:
    leave(trace, f"begin {kind}")
    time.sleep(0.2)
    leave(trace, f"end {kind}")


@job(queue=ANALYTICS, name="test.nothing")
def nothing(*, n: int) -> None:
    pass


class Mark(msgspec.Struct):
    """What a batched job's run is given; `ill` raises until this attempt, or kills its worker."""

    folder: str
    text: str
    ill: str = ""


@job(queue=ANALYTICS, name="test.mark", batch=100)
def mark(marks: list[Mark]) -> list[int]:
    """Leave traces as `leave_once` does, all or none; return how many came together."""
    leave(f"{marks[0].folder}.calls", len(marks))
    if any(item.ill == "permanent" for item in marks):
        raise PermanentError("one of these is ill")
    if any(item.ill == "away" and not Path(f"{item.folder}.back").exists() for item in marks):
        raise Unavailable("a server is away")
    for item in marks:
        time.sleep(0.002 if item.ill == "slow" else 0)
        Path(item.folder, item.text).touch()
        leave(f"{item.folder}.runs", item.text)
    return [len(marks)] * len(marks)


@job(queue=ANALYTICS, name="test.event")
def trace_event(*, trace: str) -> None:
    leave(trace, "-")


@job(queue=NOTIFICATION, name="test.unique", key="{text}")
def unique(*, text: str) -> None:
    pass


@job(queue=NOTIFICATION, name="test.fail")
def fail(*, trace: str, succeeds_at: int = 99) -> None:
    leave(trace, f"{current().attempt} {time.time()}")
    if current().attempt < succeeds_at:
        raise RuntimeError("not this time")


@job(queue=NOTIFICATION, name="test.permanent")
def permanent() -> None:
    raise PermanentError("never")


@job(queue=NOTIFICATION, name="test.permanent_note")
def permanent_note(*, note: str) -> None:
    raise PermanentError(note)


@job(queue=EXPORT, name="test.poison")
def poison(*, trace: str) -> None:
    """Kill the process that it runs in, each time."""
    leave(trace, os.getpid())
    os.kill(os.getpid(), 9)


@job(queue=NOTIFICATION, name="test.exit")
def leave_the_program() -> None:
    sys.exit("a job must not end its worker")


@job(queue=EMAIL, name="test.limited")
def limited(*, trace: str, text: str) -> None:
    current().take_permit()
    leave(trace, f"{time.time()} {text}")


class Result(msgspec.Struct):
    at: datetime


@job(queue=NOTIFICATION, name="test.typed")
def typed(*, at: datetime, count: int = 1, note: str | None = None) -> Result:
    return Result(at)


@job(queue=NOTIFICATION, name="test.leave_then_hang")
def leave_then_hang(*, trace: str, text: str, seconds: float) -> None:
    """Have the effect, then take so long to end that there is time to die in."""
    Path(trace, text).touch()
    if current().attempt == 1:
        time.sleep(seconds)


@job(queue=EXPORT, name="test.eat")
def eat(*, megabytes: int = 0) -> int:
    """Take memory and keep it; return the process."""
    EATEN.append(b"x" * (megabytes << 20))
    return os.getpid()


@job(queue=NOTIFICATION, name="test.anything")
def anything(*, what: dict[str, object]) -> None:
    pass


@job(queue=NOTIFICATION, name="test.leave_slot")
def leave_slot(*, trace: str) -> None:
    leave(trace, current().slot)
