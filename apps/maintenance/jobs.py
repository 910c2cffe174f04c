"""What workers do for maintenance: the payload in, one service call."""

from datetime import timedelta
from typing import Annotated

import msgspec
from django.utils import timezone

from apps.maintenance import services
from storychain.cleaning import Kind
from storychain.queues import pruning
from storychain.queues.jobs import Priority, current, job
from storychain.queues.topology import CLEANUP, NOTIFICATION

Days = Annotated[int, msgspec.Meta(ge=0, le=3650)]


class CleanupResult(msgspec.Struct, frozen=True, rename="camel"):
    """How much went, or would go."""

    deleted_count: int


@job(
    queue=NOTIFICATION,
    name="maintenance.check_health",
    exclusive="maintenance.check_health",
    priority=Priority.HIGH,
)
def check_health() -> list[str]:
    """Look at every part and keep what was seen; returns the parts that fail.

    Safe to redeliver: a job leaves one row.
    """
    return services.record_health(job_id=current().id, now=timezone.now())


@job(queue=CLEANUP, name="cleanup.run", exclusive="{type}")
def clean(
    *,
    type: Kind,  # noqa: A002 - the payload's names are the wire's
    olderThan: Days,  # noqa: N803 - as above
    dryRun: bool = False,  # noqa: N803 - as above
) -> CleanupResult:
    """Delete what is `olderThan` days when this is due, of one type at a time in the deployment.

    Safe to redeliver: the cut-off stays the same, and what is gone is not found again. An attempt
    goes on counting from what the one before it had reported, at most a step short.
    """
    run = current()
    counted = services.clean(
        kind=type,
        before=run.due_at - timedelta(days=olderThan),
        is_dry=dryRun,
        done=0 if dryRun else run.reported,
        report=run.progress,
    )
    return CleanupResult(counted)


@job(queue=CLEANUP, name="maintenance.prune_outbox", exclusive="maintenance.prune_outbox")
def prune_outbox() -> int:
    """Rid the outbox of rows that have nothing left to do; returns how many.

    Safe to redeliver: what is gone is gone.
    """
    return pruning.prune_outbox(now=timezone.now())
