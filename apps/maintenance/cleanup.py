"""Which histories in SQL go when they are old.

How the system was, what its jobs came to, and what was changed in the admin by whom.
"""

from django.contrib.admin.models import LogEntry

from apps.maintenance.models import HealthCheck
from storychain.cleaning import OldRows, register_holding
from storychain.queues.models import JobRun

register_holding("logs", OldRows(HealthCheck, by="checked_at"))
register_holding("logs", OldRows(JobRun, by="started_at"))
register_holding("logs", OldRows(LogEntry, by="action_time"))
