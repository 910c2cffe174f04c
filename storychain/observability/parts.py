"""A part of the system that can be asked how it is."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.conf import settings

from storychain.observability.logging import mask_secrets
from storychain.observability.shared_call import SharedCall


class Outcome(NamedTuple):
    """What a part said, or why it did not: `reason` is for everybody, `error` for staff."""

    value: Any
    reason: str
    error: str
    ms: float


@dataclass(frozen=True)
class Part:
    """Something to ask, and whether this process can do without it."""

    call: SharedCall[Any]
    is_needed: bool = False


def start(*parts: Part) -> None:
    """Begin asking all of them at the same time; what was asked a moment ago is not asked again."""
    for part in parts:
        part.call.start(max_age=settings.HEALTH_SHARED_SECONDS)


def look_at(parts: Mapping[str, Part]) -> dict[str, Outcome]:
    """Ask all parts, or learn what somebody else has just been told.

    Nothing is asked again within HEALTH_SHARED_SECONDS, nobody waits for longer than
    HEALTH_PATIENCE_SECONDS, and a part that hangs is not asked again while it does.
    """
    start(*parts.values())
    return {name: _look(part) for name, part in parts.items()}


def _look(part: Part) -> Outcome:
    started, patience = time.perf_counter(), settings.HEALTH_PATIENCE_SECONDS
    value, reason, error = None, "", ""
    try:
        value = part.call.result(max_age=settings.HEALTH_SHARED_SECONDS, patience=patience)
    except TimeoutError:
        reason = error = f"no answer within {patience:g} s"
    except Exception as failure:  # noqa: BLE001 - whatever it is, the part does not answer
        reason = "does not answer"
        error = mask_secrets(f"{type(failure).__name__}: {failure}")
    return Outcome(value, reason, error, round((time.perf_counter() - started) * 1000, 1))
