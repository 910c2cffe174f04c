"""When a cron pattern is due: against a walk over every minute, and on the days clocks change."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storychain.schedules.patterns import CRON
from storychain.schedules.timing import BadTiming, Cron, Every, read_cron

MINUTE = timedelta(minutes=1)
START = datetime(2026, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    """Return an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fields(low: int, high: int) -> st.SearchStrategy[str]:
    """Return ways to write one field of a pattern."""
    number = st.integers(low, high).map(str)
    listed = st.lists(number, min_size=1, max_size=4).map(",".join)
    stepped = st.integers(2, 20).map(lambda n: f"*/{n}")
    return st.one_of(st.just("*"), number, listed, stepped)


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(fields(0, 59), fields(0, 23), st.just("*"), st.just("*"), fields(0, 6)),
    st.integers(0, 60 * 24 * 20),
)
def test_next_and_last_slot_are_those_of_a_walk(parts: tuple[str, ...], minutes: int) -> None:
    cron, now = Cron(" ".join(parts)), START + minutes * MINUTE + timedelta(seconds=17)
    read = cron._read

    def fits(t: datetime) -> bool:
        return (
            t.minute in read.minute
            and t.hour in read.hour
            and t.isoweekday() % 7 in read.day_of_week
        )

    def walk(steps: range) -> datetime:
        return next(t for n in steps if fits(t := now.replace(second=0) + n * MINUTE))

    week = 60 * 24 * 8
    assert cron.next_slot(after=now) == walk(range(1, week))
    assert cron.last_slot(until=now) == walk(range(0, -week, -1))


def test_a_slot_is_its_own_last_and_never_its_own_next() -> None:
    cron = Cron("0 3 * * *")
    slot = at("2026-03-01T03:00")
    assert cron.last_slot(until=slot) == slot
    assert cron.next_slot(after=slot) == at("2026-03-02T03:00")


def test_a_fixed_hour_is_found_however_far_away_it_is() -> None:
    cron = Cron("0 3 * * *")
    assert [cron.next_slot(after=at(f"2026-03-01T{h:02}:30")).day for h in range(24)] == [1] * 3 + [
        2
    ] * 21
    assert cron.last_slot(until=at("2026-03-01T06:10")) == at("2026-03-01T03:00")


def test_the_twenty_ninth_of_february_is_found_across_a_century() -> None:
    cron = Cron("0 0 29 2 *")
    assert cron.next_slot(after=at("2096-03-01T00:00")) == at("2104-02-29T00:00")


def test_day_of_month_and_day_of_week_must_both_fit() -> None:
    assert Cron("0 0 13 * 5").next_slot(after=START) == at("2026-02-13T00:00")


def test_a_daily_time_runs_once_on_both_days_of_the_change() -> None:
    cron = Cron("30 2 * * *", zone="Europe/Berlin")
    spring = [
        cron.next_slot(after=at("2026-03-28T12:00")),
        cron.next_slot(after=at("2026-03-29T12:00")),
    ]
    autumn = [
        cron.next_slot(after=at("2026-10-24T12:00")),
        cron.next_slot(after=at("2026-10-25T12:00")),
    ]
    assert spring == [at("2026-03-29T01:30"), at("2026-03-30T00:30")]
    assert autumn == [at("2026-10-25T00:30"), at("2026-10-26T01:30")]


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_an_hourly_time_runs_in_each_real_hour_of_a_change(day: str) -> None:
    cron, slot = Cron("15 * * * *", zone="Europe/Berlin"), at(f"{day}T00:00") - timedelta(hours=2)
    steps = set()
    for _ in range(30):
        following = cron.next_slot(after=slot)
        steps.add(following - slot)
        slot = following
    assert steps - {timedelta(hours=1)} == {timedelta(minutes=15)}  # the first step alone


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "* * * *",
        "* * * * * *",
        "61 * * * *",
        "a b c d e",
        "0 0 31 2 *",
        "*/0 * * * *",
        "0 0 * * 7",
        "@daily",
        "-1 * * * *",
    ],
)
def test_what_is_no_pattern_or_never_comes_is_refused_with_a_reason(pattern: str) -> None:
    with pytest.raises(BadTiming) as wrong:
        read_cron(pattern, zone="UTC")
    assert wrong.value.detail


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(BadTiming, match="Atlantis"):
        read_cron("* * * * *", zone="Europe/Atlantis")


def test_the_named_patterns_are_patterns() -> None:
    named = {name: value for name, value in vars(CRON).items() if name.isupper()}
    assert len(named) == 8
    assert all(Cron(value).next_slot(after=START) for value in named.values())


def test_intervals_are_counted_from_one_point_by_everybody() -> None:
    every = Every(timedelta(minutes=7))
    slot = every.next_slot(after=START)
    assert every.last_slot(until=slot + timedelta(minutes=6)) == slot
    assert every.next_slot(after=slot) == slot + timedelta(minutes=7)
