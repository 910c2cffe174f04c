"""django-celery-beat's rows as schedules; beside each its terms and what was last declared of it.

The row says what is in force. Where it differs from what was last declared, an operator changed
it, and that stays: of each field, synchronising.py changes only what nobody else has.
"""

from typing import ClassVar

from django.db import models
from django_celery_beat.models import PeriodicTask

from storychain.schedules.limits import DEFAULT_GRACE, DEFAULT_LONGEST


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
    grace = models.FloatField(default=DEFAULT_GRACE)
    longest = models.FloatField(default=DEFAULT_LONGEST)
    description = models.TextField(blank=True)
    left_at = models.DateTimeField(null=True)

    class Meta:
        """Nothing that an operator has to see."""

        default_permissions = ()

    def __str__(self) -> str:
        """Name it as its row is named."""
        return str(self.row.name)


class Terms(models.Model):
    """What is asked of a schedule beyond its times, in seconds; a row without has the defaults.

    A slot that could not be run for longer than `grace` is missed; a run that lasts longer than
    `longest` raises an alert.
    """

    row = models.OneToOneField(
        PeriodicTask, on_delete=models.CASCADE, primary_key=True, related_name="terms"
    )
    grace = models.FloatField(default=DEFAULT_GRACE)
    longest = models.FloatField(default=DEFAULT_LONGEST)

    class Meta:
        """Edited with the schedule itself."""

        default_permissions = ()

    def __str__(self) -> str:
        """Name it as its row is named."""
        return str(self.row.name)


class State(models.TextChoices):
    """Where a slot is: the first two are open, the others final."""

    PENDING = "pending", "waits for the queue"
    QUEUED = "queued", "is in the queue"
    COMPLETED = "completed", "completed"
    FAILED = "failed", "failed"
    MISSED = "missed", "missed"
    UNKNOWN = "unknown", "ended, nobody knows how"


OPEN = (State.PENDING, State.QUEUED)


class Slot(models.Model):
    """One due time of one schedule and what came of it; or a run that an operator asked for.

    By `schedule` and `due_at` there is one, whoever writes it: that is what makes a slot run once.
    It names its schedule and outlives it. `duration` is in seconds, of the latest attempt.
    """

    schedule = models.CharField(max_length=200)
    due_at = models.DateTimeField("slot (UTC)")
    is_manual = models.BooleanField("hand-started", default=False)
    state = models.CharField("outcome", max_length=10, choices=State.choices, default=State.PENDING)
    job = models.CharField(max_length=200)
    job_id = models.CharField(max_length=255, db_index=True)
    queued_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    duration = models.FloatField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        """The first index is the rule, the others answer the reconciler and the admin."""

        verbose_name = "run"
        default_permissions = ("view",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["schedule", "due_at"], name="slot_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "due_at"], name="slot_state"),
            models.Index(fields=["due_at"], name="slot_due"),
        ]

    def __str__(self) -> str:
        """Say which slot of what."""
        return f"{self.schedule} {self.due_at:%Y-%m-%d %H:%M:%S}"
