"""How the system was, again and again; kept in SQL, where operators look."""

from django.db import models


class HealthCheck(models.Model):
    """One look at every part; `job_id` is unique, so that a redelivered job leaves one row.

    `parts` maps each part to how many ms it took to answer and, where it did not, why.
    """

    job_id = models.CharField(max_length=200, unique=True)
    checked_at = models.DateTimeField(db_index=True)
    is_well = models.BooleanField()
    parts = models.JSONField()

    def __str__(self) -> str:
        """Name it by its time."""
        return f"{self.checked_at:%Y-%m-%d %H:%M:%S}"

    @property
    def failing(self) -> list[str]:
        """The parts that did not answer."""
        return sorted(name for name, part in self.parts.items() if part["error"])
