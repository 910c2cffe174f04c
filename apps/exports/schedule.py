"""When exports tidy up by themselves."""

from apps.exports.jobs import purge
from storychain.schedules.declarations import schedule

schedule(
    name="purge-expired-exports",
    job=purge,
    cron="17 * * * *",
    description="Removes export files whose links have expired, and ends exports that got stuck.",
)
