"""When exports tidy up by themselves."""

from apps.exports.jobs import purge
from storychain.schedules.declarations import schedule

schedule(
    name="purge-expired-exports",
    job=purge,
    cron="2-59/5 * * * *",
    description="Removes export files whose links have expired, and ends what nobody works on.",
)
