"""When maintenance works by itself: each clean-up at a minute of its own."""

from apps.maintenance.jobs import check_health, clean, prune_outbox
from storychain.schedules.declarations import schedule
from storychain.schedules.patterns import CRON

schedule(
    name="health-check",
    job=check_health,
    cron=CRON.EVERY_5_MINUTES,
    description="Looks at the databases, the queues and the disk, and keeps what it saw.",
)
schedule(
    name="cleanup-old-autosaves",
    job=clean,
    cron="3 3 * * *",
    args={"type": "autosave", "olderThan": 30},
    description="Removes drafts not saved for 30 days, unless something builds on them.",
)
schedule(
    name="cleanup-expired-sessions",
    job=clean,
    cron="7 4 * * *",
    args={"type": "sessions", "olderThan": 0},
    description="Removes sessions that have ended, were revoked, or are past their time.",
)
schedule(
    name="cleanup-old-notifications",
    job=clean,
    cron="11 5 * * 0",
    args={"type": "notifications", "olderThan": 90},
    description="Removes notifications that were read and are older than 90 days.",
)
schedule(
    name="cleanup-old-logs",
    job=clean,
    cron="41 3 * * *",
    args={"type": "logs", "olderThan": 90},
    description="Removes job runs, health checks and analytics events older than 90 days.",
)
schedule(
    name="prune-outbox",
    job=prune_outbox,
    cron="41 2 * * *",
    description="Removes outbox rows whose job has ended, and buries those nobody can take.",
)
