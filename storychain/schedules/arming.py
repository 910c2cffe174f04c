"""From when a row's slots count: since it was made, enabled, renamed, or given another time.

django-celery-beat has a field for it, `start_time`. Without this a schedule that an operator moves
from 03:00 to 09:00 at ten o'clock would at once catch up on the nine o'clock of today.
"""

from typing import Any

from django.db.models.signals import pre_save
from django.dispatch import receiver
from django_celery_beat.models import PeriodicTask

from storychain.schedules.clock import clock
from storychain.schedules.models import Schedule


@receiver(pre_save, sender=PeriodicTask)
@receiver(pre_save, sender=Schedule)
def arm(instance: PeriodicTask, **_: Any) -> None:
    """Count from now where what is saved makes a new start; a start in the future stays."""
    if not instance.enabled or not _starts_anew(instance):
        return
    now = clock().now()
    if instance.start_time is None or instance.start_time < now:
        instance.start_time = now


def _starts_anew(row: PeriodicTask) -> bool:
    before = PeriodicTask.objects.filter(pk=row.pk).first()
    return (
        before is None
        or not before.enabled
        or before.name != row.name  # its slots are written down by its name
        or (before.crontab_id, before.interval_id) != (row.crontab_id, row.interval_id)
    )
