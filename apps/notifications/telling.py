"""The call that follows where one person is told something."""

from typing import Any

from apps.notifications.jobs import deliver
from apps.notifications.kinds import compose
from storychain.queues.jobs import JobCall


def tell(user_id: str, cause: str, kind: str, **facts: Any) -> JobCall:
    """Return the call that tells somebody something, once for each cause."""
    return deliver.call(job_id=f"notice:{cause}", userId=user_id, **compose(kind, **facts))
