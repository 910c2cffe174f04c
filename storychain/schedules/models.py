"""django-celery-beat's rows as schedules, and beside each what was last declared of it.

The row says what is in force. Where it differs from what was last declared, an operator changed
it, and that stays: of each field, synchronising.py changes only what nobody else has.
"""

from django.db import models
from django_celery_beat.models import PeriodicTask


class Schedule(PeriodicTask):  # type: ignore[misc]  # the package has no types
    """A row of django-celery-beat under the name that operators know it by."""

    class Meta:
        """A name of its own, and no table."""

        proxy = True
        verbose_name = "schedule"

    def __str__(self) -> str:
        """Say its name; when it runs stands beside it."""
        return str(self.name)


class LastDeclared(models.Model):
    """A schedule as code had it when last synchronised; `left_at` once code has it no more."""

    row = models.OneToOneField(
        PeriodicTask, on_delete=models.CASCADE, primary_key=True, related_name="declared"
    )
    job = models.CharField(max_length=200)
    timing = models.JSONField()
    args = models.JSONField(default=dict)
    description = models.TextField(blank=True)
    left_at = models.DateTimeField(null=True)

    class Meta:
        """Nothing that an operator has to see."""

        default_permissions = ()

    def __str__(self) -> str:
        """Name it as its row is named."""
        return str(self.row.name)
