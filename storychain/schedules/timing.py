"""When a schedule is due: its slots, as instants in UTC.

Celery's crontab reads the pattern; where a day of month and a day of week are both given, both
must fit, as Celery has it. A slot is a time on the wall of the schedule's own zone. On the days
when clocks change, a time that the clock skips is due at the instant at which it would have been,
and one that it shows twice is due the first time; a pattern for every hour is due in each hour.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from celery.schedules import ParseException, crontab

from storychain.errors import Invalid

_HOURS = 24
_MOST_DAYS = 366 * 8  # 29 February may be eight years away, as 1900 was no leap year
_INSTANT = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadTiming(Invalid):
    """The pattern is not one, or never comes."""

    code, title = "bad-timing", "This is not a time that comes"


class Timing(Protocol):
    """Something that is due again and again."""

    def next_slot(self, *, after: datetime) -> datetime | None:
        """Return the first slot after this instant, None if none comes."""

    def last_slot(self, *, until: datetime) -> datetime | None:
        """Return the latest slot up to and with this instant, None if none came."""


@dataclass(frozen=True)
class Every:
    """A fixed interval, counted from 1970 so that every process counts the same slots."""

    interval: timedelta

    def next_slot(self, *, after: datetime) -> datetime | None:
        """Return the first slot after this instant."""
        return EPOCH + ((after - EPOCH) // self.interval + 1) * self.interval

    def last_slot(self, *, until: datetime) -> datetime | None:
        """Return the latest slot up to and with this instant."""
        return EPOCH + ((until - EPOCH) // self.interval) * self.interval


class _Fields(NamedTuple):
    """The numbers of a pattern's five fields; weekday 0 is Sunday."""

    minute: frozenset[int]
    hour: frozenset[int]
    day_of_month: frozenset[int]
    month_of_year: frozenset[int]
    day_of_week: frozenset[int]


class Cron:
    """A cron pattern of five fields in a time zone."""

    def __init__(self, pattern: str, *, zone: str = "UTC") -> None:
        """Read the pattern; raise BadTiming with what is wrong with it."""
        self.pattern, self.zone = " ".join(pattern.split()), zone
        self._read, self._zone = _read_pattern(self.pattern), _read_zone(zone)
        self._folds = (0, 1) if len(self._read.hour) == _HOURS else (0,)
        self._slots_of = lru_cache(maxsize=8)(self._find_slots)

    def next_slot(self, *, after: datetime) -> datetime | None:
        """Return the first slot after this instant, None if none comes."""
        first = after.astimezone(self._zone).date()
        for day in self._days(first, step=1):
            slots = self._slots_of(day)
            if (place := bisect_right(slots, after)) < len(slots):
                return slots[place]
        return None

    def last_slot(self, *, until: datetime) -> datetime | None:
        """Return the latest slot up to and with this instant, None if none came."""
        first = until.astimezone(self._zone).date()
        for day in self._days(first, step=-1):
            slots = self._slots_of(day)
            if place := bisect_right(slots, until):
                return slots[place - 1]
        return None

    def _days(self, first: date, *, step: int) -> Iterator[date]:
        days = (first + timedelta(days=days * step) for days in range(_MOST_DAYS))
        return (day for day in days if self._fits(day))

    def _fits(self, day: date) -> bool:
        return (
            day.month in self._read.month_of_year
            and day.day in self._read.day_of_month
            and day.isoweekday() % 7 in self._read.day_of_week
        )

    def _find_slots(self, day: date) -> list[datetime]:
        walls = (
            datetime.combine(day, time(hour, minute, fold=fold), self._zone)
            for hour in self._read.hour
            for minute in self._read.minute
            for fold in self._folds
        )
        return sorted({wall.astimezone(UTC) for wall in walls})


def walk_back(timing: Timing, *, latest: datetime | None, since: datetime) -> Iterator[datetime]:
    """Yield the slots from the latest back to the first after `since`."""
    slot = latest
    while slot is not None and slot > since:
        yield slot
        slot = timing.last_slot(until=slot - _INSTANT)


@lru_cache(maxsize=256)
def read_cron(pattern: str, *, zone: str) -> Cron:
    """Return a pattern, read once; raise BadTiming with what is wrong with it."""
    return Cron(pattern, zone=zone)


def _read_pattern(pattern: str) -> _Fields:
    if len(pattern.split()) != len(_Fields._fields):
        raise BadTiming("Give five fields: minute, hour, day of month, month, day of week.")
    try:
        read = vars(crontab.from_string(pattern))
    except (ValueError, ParseException) as error:
        raise BadTiming(f"{pattern!r}: {error}") from None
    return _Fields(*(frozenset(read[name]) for name in _Fields._fields))


def _read_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise BadTiming(f"There is no time zone {name!r}.") from None
