"""What goes of notifications with the person who was told."""

from apps.notifications.documents import Notification
from apps.users.departures import STEP, departs
from storychain.documents import unit_of_work


@departs
@unit_of_work
def forget_notifications(user_id: str) -> int:
    """Delete what somebody was told."""
    told = Notification.objects(user_id=user_id).only("notification_id").limit(STEP)
    ids = [row.notification_id for row in told]
    return int(Notification.objects(notification_id__in=ids).delete()) if ids else 0
