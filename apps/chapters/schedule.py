"""When chapters appear by themselves."""

from apps.chapters.jobs import publish_due
from storychain.schedules.declarations import schedule
from storychain.schedules.patterns import CRON

schedule(
    name="publish-due-chapters",
    job=publish_due,
    cron=CRON.EVERY_MINUTE,
    grace=600,
    description="Publishes the chapters whose time to appear has come.",
)
