"""What follows from what was announced."""

from collections.abc import Iterator

from apps.users.events import UserDeleted
from apps.users.jobs import clear_away
from storychain.events import subscribes
from storychain.queues.jobs import JobCall


@subscribes(UserDeleted)
def let_go(event: UserDeleted) -> Iterator[JobCall]:
    """What a deleted account has left is cleared away by a worker."""
    yield clear_away.call(job_id=f"gone:{event.user_id}", user_id=event.user_id)
