"""Which histories in SQL go when they are old: how the system was, and what its jobs came to."""

from apps.maintenance.models import HealthCheck
from storychain.cleaning import OldRows, register_holding
from storychain.queues.models import JobRun

register_holding("logs", OldRows(HealthCheck, by="checked_at"))
register_holding("logs", OldRows(JobRun, by="started_at"))
