"""What follows from what was announced."""

from collections.abc import Iterator

from apps.reading.events import HistoryForgotten
from apps.reading.jobs import forget
from storychain.events import subscribes
from storychain.queues.jobs import JobCall


@subscribes(HistoryForgotten)
def forget_the_rest(event: HistoryForgotten) -> Iterator[JobCall]:
    """What may be thousands of chapters is deleted by a worker."""
    yield forget.call(job_id=f"forget:{event.history_id}", history_id=event.history_id)
