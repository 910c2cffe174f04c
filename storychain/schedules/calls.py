"""A schedule's arguments meet its job: checked when declared, edited and run, in one place."""

from collections.abc import Mapping
from typing import Any

from storychain.queues.jobs import Job, JobCall
from storychain.queues.payloads import OPTIONS, BadPayload


def make_call(
    job: Job[Any, Any],
    args: Mapping[str, Any],
    *,
    job_id: str | None = None,
    slot: str | None = None,
    schedule: str = "",
) -> JobCall:
    """Return the job's call with these arguments; raise BadPayload if it does not take them.

    What is an option of a call, such as its id, is no argument: nobody sets it in a schedule.
    """
    if options := sorted(OPTIONS & args.keys()):
        raise BadPayload(f"{job.name}: {', '.join(options)} cannot be set by a schedule.")
    return job.call(job_id=job_id, slot=slot, schedule=schedule, **args)
