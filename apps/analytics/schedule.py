"""When analytics counts by itself."""

from apps.analytics.jobs import refresh_trending, roll_up
from storychain.schedules.declarations import schedule
from storychain.schedules.patterns import CRON

schedule(
    name="aggregate-daily-stats",
    job=roll_up,
    cron="1 0 * * *",
    description="Counts the events of the day that has ended, and again those of the day before.",
)
schedule(
    name="refresh-trending-stories",
    job=refresh_trending,
    cron=CRON.EVERY_30_MINUTES,
    description="Scores the public stories and lays the list of trending ones ready.",
)
