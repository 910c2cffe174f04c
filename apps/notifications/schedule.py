"""When digests go out."""

from apps.notifications.jobs import send_digests
from storychain.schedules.declarations import schedule

schedule(
    name="send-notification-digests",
    job=send_digests,
    cron="23 7 * * *",
    description="Mails what is unread since the last time: daily, and weekly on Mondays.",
)
