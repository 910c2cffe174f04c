"""django-celery-beat's rows as we use them: cron patterns, and arguments by name."""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from cron_descriptor import (  # type: ignore[import-untyped]  # the package has no types
    FormatException,
    MissingFieldException,
    Options,
    WrongArgumentException,
    get_description,
)
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from storychain.queues.payloads import BadPayload
from storychain.schedules.models import Terms
from storychain.schedules.timing import BadTiming, Cron, Every, Timing, read_cron

_BY_24_HOURS = Options()
_BY_24_HOURS.use_24hour_time_format = True


def list_rows(**wanted: Any) -> list[PeriodicTask]:
    """Return the rows that fit, by name, as they stand in SQL now."""
    rows = PeriodicTask.objects.filter(**wanted)
    return list(rows.select_related("crontab", "interval", "terms").order_by("name"))


def find_row(name: str) -> PeriodicTask | None:
    """Return the row of this name, None if there is none."""
    return next(iter(list_rows(name=name)), None)


def read_terms(row: PeriodicTask) -> Terms:
    """Return what is asked of a row beyond its times: the defaults where nothing is stored."""
    stored: Terms = row.terms if hasattr(row, "terms") else Terms()
    return stored


def read_grace(row: PeriodicTask) -> timedelta:
    """Return for how long after its time a slot of this row may still be run."""
    return timedelta(seconds=read_terms(row).grace)


def read_timing(row: PeriodicTask) -> Timing:
    """Return when a row is due; raise BadTiming for one that no operator of ours can make."""
    if row.crontab is not None:
        return read_pattern(row.crontab)
    if row.interval is not None:
        return Every(timedelta(**{row.interval.period: row.interval.every}))
    raise BadTiming("Only cron patterns and intervals are run here.")


def read_pattern(crontab: CrontabSchedule) -> Cron:
    """Return a stored pattern; raise BadTiming if it is none."""
    fields = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
    pattern = " ".join("".join(getattr(crontab, name).split()) for name in fields)
    return read_cron(pattern, zone=str(crontab.timezone))


def find_or_store_pattern(cron: Cron) -> CrontabSchedule:
    """Return the row of a pattern; the same pattern has one row, and no row ever changes."""
    minute, hour, day_of_month, month_of_year, day_of_week = cron.pattern.split()
    wanted = {
        "minute": minute,
        "hour": hour,
        "day_of_month": day_of_month,
        "month_of_year": month_of_year,
        "day_of_week": day_of_week,
        "timezone": cron.zone,
    }
    found = CrontabSchedule.objects.filter(**wanted).first()
    return found or CrontabSchedule.objects.create(**wanted)


def describe_timing(row: PeriodicTask) -> str:
    """Return when a row is due, in words, by the 24-hour clock of its zone."""
    if row.crontab is None:
        return str(row.scheduler)
    try:
        cron = read_pattern(row.crontab)
        return f"{get_description(cron.pattern, _BY_24_HOURS)} {cron.zone}"
    except (BadTiming, FormatException, MissingFieldException, WrongArgumentException):
        return str(row.crontab)


def read_args(row: PeriodicTask) -> dict[str, Any]:
    """Return a row's arguments; raise BadPayload if they are no JSON object."""
    with suppress(ValueError):
        args = json.loads(row.kwargs or "{}")
        if isinstance(args, dict):
            return args
    raise BadPayload(f"{row.task}: the arguments are no JSON object.")


def write_args(args: Mapping[str, Any]) -> str:
    """Return arguments as a row stores them."""
    return json.dumps(args, ensure_ascii=False, sort_keys=True)
