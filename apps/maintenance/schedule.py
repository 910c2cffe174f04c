"""When maintenance works by itself."""

from apps.maintenance.jobs import check_health
from storychain.schedules.declarations import schedule
from storychain.schedules.patterns import CRON

schedule(
    name="health-check",
    job=check_health,
    cron=CRON.EVERY_5_MINUTES,
    description="Looks at the databases, the queues and the disk, and keeps what it saw.",
)
