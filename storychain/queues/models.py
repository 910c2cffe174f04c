"""What became of each attempt at a job, kept in SQL beyond what the ledger remembers."""

from typing import ClassVar

from django.db import models


class Outcome(models.TextChoices):
    """How an attempt ended; of a lost one nobody knows more than that its worker died."""

    COMPLETED = "completed"
    RETRIED = "retried"
    FAILED = "failed"
    DEAD = "dead"
    LOST = "lost"


class JobRun(models.Model):
    """One attempt at one job; recording.py says which are kept.

    `token` is the attempt's fencing token, which no other has: written twice, it is one row, and
    later attempts have larger ones. `slot` is the due time that `schedule` ran the job for.
    `duration` is in seconds; a lost attempt's is until it was missed.
    """

    token = models.BigIntegerField(primary_key=True)
    job_id = models.CharField(max_length=255, db_index=True)
    name = models.CharField("job", max_length=200)
    queue = models.CharField(max_length=20)
    schedule = models.CharField(max_length=200, blank=True)
    slot = models.DateTimeField(null=True)
    attempt = models.PositiveIntegerField()
    started_at = models.DateTimeField(db_index=True)
    duration = models.FloatField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    error = models.TextField(blank=True)
    request_id = models.CharField(max_length=128, blank=True)
    worker = models.CharField(max_length=200, blank=True)

    class Meta:
        """Each index answers one question of an operator, or of the clean-up by age."""

        indexes: ClassVar = [
            models.Index(fields=["schedule", "-started_at"], name="jobrun_of_schedule"),
            models.Index(fields=["queue", "-started_at"], name="jobrun_of_queue"),
            models.Index(fields=["outcome", "-started_at"], name="jobrun_of_outcome"),
            models.Index(fields=["name", "-started_at"], name="jobrun_of_job"),
            models.Index(
                fields=["request_id"], name="jobrun_of_request", condition=~models.Q(request_id="")
            ),
        ]
        default_permissions = ("view",)
        permissions: ClassVar = [
            ("operate", "Can pause queues, and retry, cancel, discard and replay jobs")
        ]

    def __str__(self) -> str:
        """Say which attempt at what it was."""
        return f"{self.name}, attempt {self.attempt}"
