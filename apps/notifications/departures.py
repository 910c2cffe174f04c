"""What goes of notifications with the person who was told."""

from apps.notifications.documents import Notification
from apps.users.departures import STEP, departs
from storychain.documents import unit_of_work


@departs
@unit_of_work
def forget_notifications(user_id: str) -> int:
    """Delete what somebody was told."""
    return int(Notification.objects(user_id=user_id).at_most(STEP).delete())
