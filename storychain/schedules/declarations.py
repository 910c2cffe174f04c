"""What code says of its schedules: one call beside the job, in a feature's schedule.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import autodiscover_modules

from storychain.errors import Invalid
from storychain.queues.jobs import Job
from storychain.schedules.calls import make_call
from storychain.schedules.limits import DEFAULT_GRACE, DEFAULT_LONGEST, MOST_GRACE
from storychain.schedules.timing import read_cron

_DECLARED: dict[str, "Declaration"] = {}


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """A schedule as code has it; the row in SQL may differ where an operator changed it.

    `timing` is a cron pattern and the name of its time zone; `grace` and `longest` are in seconds.
    """

    name: str
    job: str
    timing: tuple[str, str]
    args: Mapping[str, Any] = field(default_factory=dict)
    grace: float = DEFAULT_GRACE
    longest: float = DEFAULT_LONGEST
    description: str = ""


def schedule(
    *,
    name: str,
    job: Job[Any, Any],
    cron: str,
    zone: str = "UTC",
    args: Mapping[str, Any] | None = None,
    grace: float = DEFAULT_GRACE,
    longest: float = DEFAULT_LONGEST,
    description: str = "",
) -> None:
    """Declare that a job runs by itself at the times of a cron pattern.

    A slot that nobody was there for is still run within `grace` seconds of its time; a run of more
    than `longest` seconds raises an alert.

    Raise ImproperlyConfigured where the name is taken, the pattern is none or never comes, the
    grace is longer than MOST_GRACE, or the job does not take these arguments.
    """
    if grace > MOST_GRACE:
        raise ImproperlyConfigured(f"The schedule {name!r}: at most {MOST_GRACE:.0f} s of grace.")
    if name in _DECLARED:
        raise ImproperlyConfigured(f"The schedule {name!r} is declared twice.")
    try:
        read = read_cron(cron, zone=zone)
        make_call(job, args or {})
    except Invalid as wrong:
        raise ImproperlyConfigured(f"The schedule {name!r}: {wrong.detail}") from wrong
    _DECLARED[name] = Declaration(
        name=name,
        job=job.name,
        timing=(read.pattern, read.zone),
        args=dict(args or {}),
        grace=float(grace),
        longest=float(longest),
        description=description,
    )


def list_declarations() -> list[Declaration]:
    """Return what all features declare, by name."""
    autodiscover_modules("schedule")
    return [_DECLARED[name] for name in sorted(_DECLARED)]
