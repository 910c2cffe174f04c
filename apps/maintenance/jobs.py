"""What workers do for maintenance: the payload in, one service call."""

from django.utils import timezone

from apps.maintenance import services
from storychain.queues.jobs import current, job
from storychain.queues.topology import CLEANUP


@job(queue=CLEANUP, name="maintenance.check_health", exclusive="maintenance.check_health")
def check_health() -> list[str]:
    """Look at every part and keep what was seen; returns the parts that fail.

    Safe to redeliver: a job leaves one row.
    """
    return services.record_health(job_id=current().id, now=timezone.now())
