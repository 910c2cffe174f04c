"""Which jobs there are, by name; features declare theirs in their jobs.py."""

from typing import TYPE_CHECKING, Any

from django.utils.module_loading import autodiscover_modules

from storychain.errors import NotFound

if TYPE_CHECKING:
    from storychain.queues.jobs import Job

_JOBS: dict[str, "Job[Any, Any]"] = {}


class UnknownJob(NotFound):
    """No job of this name is declared in the code that runs."""

    code, title = "unknown-job", "No such job"


def declare_job(job: "Job[Any, Any]") -> None:
    """Make a job known by its name; raise ValueError if another function has that name."""
    known = _JOBS.setdefault(job.name, job)
    if known.function.__qualname__ != job.function.__qualname__:
        raise ValueError(f"Two jobs are named {job.name!r}.")
    _JOBS[job.name] = job


def find_job(name: str) -> "Job[Any, Any]":
    """Return a declared job; raise UnknownJob if no feature declares it."""
    if name not in _JOBS:
        autodiscover_modules("jobs")
    try:
        return _JOBS[name]
    except KeyError:
        raise UnknownJob(f"No job is named {name!r}.") from None


def list_jobs() -> "list[Job[Any, Any]]":
    """Return the declared jobs of all features, by name."""
    autodiscover_modules("jobs")
    return [_JOBS[name] for name in sorted(_JOBS)]
