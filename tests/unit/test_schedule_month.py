"""A month of five schedules by a clock that is only a number: every slot comes exactly once."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from storychain.schedules.timing import Cron, walk_back

BEGIN, END = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
FIVE = {
    "nightly": Cron("3 3 * * *"),
    "weekly": Cron("11 5 * * 0"),
    "half-hourly": Cron("*/30 * * * *"),
    "often": Cron("*/5 * * * *"),
    "berlin": Cron("30 2 * * *", zone="Europe/Berlin"),  # its clocks change on the 25th
}
COUNTS = {"nightly": 31, "weekly": 4, "half-hourly": 31 * 48, "often": 31 * 288, "berlin": 31}


def tick_through_the_month(*, outages: list[tuple[datetime, datetime]], chance: random.Random):
    """Yield the times at which a beat looks: every few seconds to minutes, but in outages."""
    now = BEGIN
    while now < END:
        now = min(END, now + timedelta(seconds=chance.uniform(1, 250)))
        if not any(first <= now < last for first, last in outages):
            yield now
    yield END


def test_every_slot_comes_exactly_once_and_in_order() -> None:
    outages = [
        (datetime(2026, 10, 7, 2, 50, tzinfo=UTC), datetime(2026, 10, 7, 6, 10, tzinfo=UTC)),
        (datetime(2026, 10, 20, tzinfo=UTC), datetime(2026, 10, 22, tzinfo=UTC)),
    ]
    found: dict[str, list[datetime]] = {name: [] for name in FIVE}
    late: dict[str, int] = dict.fromkeys(FIVE, 0)
    last = dict.fromkeys(FIVE, BEGIN - timedelta(microseconds=1))
    for now in tick_through_the_month(outages=outages, chance=random.Random(1)):
        for name, cron in FIVE.items():
            slots = list(walk_back(cron, latest=cron.last_slot(until=now), since=last[name]))
            if slots:
                found[name] += reversed(slots)
                late[name] += len(slots) - 1
                last[name] = slots[0]
    for name, cron in FIVE.items():
        due = [slot for slot in found[name] if slot < END]
        assert len(due) == COUNTS[name], name
        assert due == sorted(set(due))
        assert all(cron.last_slot(until=slot) == slot for slot in due)
    assert late["nightly"] == 1  # of two in the long outage the later is run; the short one hid one
    assert late["berlin"] == 1
