"""Events from the call to the document, beside a bare pymongo loop that inserts the same ones."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from storychain import embedded
from tests.benchmarks.measuring import Case

EVENTS, BATCH = 10_000, 500


@contextmanager
def cases() -> Iterator[list[Case]]:
    """Yield the case, with servers of its own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.environ |= {
            "STORYCHAIN_HOME": str(folder),
            "DJANGO_SETTINGS_MODULE": f"{__package__}.queue_settings",
        }
        os.environ |= stack.enter_context(embedded.servers())
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)  # the worker writes job runs
        yield list(queue_cases())


def queue_cases() -> Iterator[Case]:
    """Yield what is measured, for whoever has servers and settings ready."""
    yield Case(
        name="queue.analytics_events.insert_many",
        unit="events/s",
        better="higher",
        ours=measure_analytics,
        peer=measure_bare,
        peer_name="pymongo",
        repeats=3,
    )


def measure_analytics(count: int = EVENTS) -> float:
    """Return events a second, from their enqueueing in bulk until all are in MongoDB."""
    from apps.analytics.jobs import record
    from storychain.queues.jobs import enqueue_many
    from tests.queueing.workers import IO, hire, wait_until

    events = _collection()
    with tempfile.TemporaryDirectory() as folder, hire(Path(folder)) as crew:
        worker = crew.start(IO, DJANGO_SETTINGS_MODULE=os.environ["DJANGO_SETTINGS_MODULE"])
        before, done = events.estimated_document_count(), _count_done()
        mark, started = uuid4().hex, time.perf_counter()
        for first in range(0, count, BATCH):
            some = [_event(mark, n) for n in range(first, min(first + BATCH, count))]
            enqueue_many(
                record.call(
                    id=event["_id"],
                    event=event["event"],
                    userId=event["user_id"],
                    properties=event["properties"],
                    timestamp=event["occurred_at"],
                )
                for event in some
            )
        wait_until(lambda: _count_done() - done >= count, seconds=300)  # after they are stored
        seconds = time.perf_counter() - started
        wait_until(lambda: events.estimated_document_count() - before >= count)  # and no job's else
        worker.stop()  # and says so: the next of its name is not taken for it
        assert events.estimated_document_count() - before == count
        return count / seconds


def measure_bare(count: int = EVENTS) -> float:
    """Return events a second of a loop that does nothing but insert them, BATCH at a time."""
    events, mark, started = _collection(), uuid4().hex, time.perf_counter()
    for first in range(0, count, BATCH):
        some = [_event(mark, n) for n in range(first, min(first + BATCH, count))]
        events.insert_many(some, ordered=False)
    return count / (time.perf_counter() - started)


def _count_done() -> int:
    """Return how many jobs have completed; asking MongoDB all the time would slow it down."""
    from storychain.queues.stats import stats

    return next(int(row["completed"]) for row in stats() if row["name"] == "analytics")


def _collection() -> Any:
    """Return the collection with its index and write concern, as the feature uses it."""
    from apps.analytics.documents import AnalyticsEvent
    from storychain.bulk import SAFE

    AnalyticsEvent.ensure_indexes()
    return AnalyticsEvent._get_collection().with_options(write_concern=SAFE)


def _event(mark: str, number: int) -> dict[str, Any]:
    from django.utils import timezone

    return {
        "_id": f"{mark}:{number}",
        "event": "chapter_read",
        "user_id": f"user_{number % 1000}",
        "story_slug": "the-lamp",
        "properties": {"story_slug": "the-lamp", "chapter_slug": f"c{number}", "seconds": 30},
        "occurred_at": timezone.now(),
    }
