"""The e-mail limit over a whole deployment: at most 100 in any minute, whoever comes and goes."""

from pathlib import Path

import pytest

from storychain.queues.jobs import enqueue_many
from storychain.queues.stats import stats
from storychain.queues.topology import QUEUES
from tests.queueing import jobs
from tests.queueing.sizes import sized
from tests.queueing.workers import IO, Crew, wait_until

MAILS = sized(400, suite=140)


def sent_at(trace: str) -> list[float]:
    return sorted(float(line.split()[0]) for line in Path(trace).read_text().splitlines())


@pytest.mark.usefixtures("open_limit")
def test_never_more_than_a_hundred_in_any_window(crew: Crew, trace: str, settings) -> None:
    window = QUEUES["email"].limit.seconds * settings.TIME_SCALE
    count = sized(3, suite=2)
    workers = [crew.start(IO, STORYCHAIN_PROFILE="production-large") for _ in range(count)]
    enqueue_many([jobs.limited.call(trace=trace, text=str(n)) for n in range(MAILS)])
    wait_until(lambda: Path(trace).exists() and len(sent_at(trace)) > 30, seconds=30)
    workers[0].stop()
    crew.start(IO, STORYCHAIN_PROFILE="production-large")
    wait_until(lambda: _row()["completed"] == MAILS, seconds=60)
    times = sent_at(trace)
    assert len(times) == MAILS
    gaps = [later - earlier for earlier, later in zip(times, times[100:], strict=False)]
    assert min(gaps) >= window
    assert max(gaps) < window + 1.5  # and not much less than allowed


def _row() -> dict:
    return next(row for row in stats() if row["name"] == "email")
