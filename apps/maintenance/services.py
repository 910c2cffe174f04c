"""Looks after the system: how it is, and what it has room for."""

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings

from apps.maintenance.models import HealthCheck
from storychain.cleaning import STEP, Holding, Kind, list_holdings
from storychain.errors import Unavailable
from storychain.observability.health import check_parts

Report = Callable[[int, int], None]
LEAST_FREE = 0.05
"""Share of the disk below which the databases are in danger."""

log = structlog.get_logger(__name__)


def record_health(*, job_id: str, now: datetime) -> list[str]:
    """Ask every part how it is, keep the answer, and return the parts that fail."""
    outcomes = check_parts()
    parts = {name: {"ms": seen.ms, "error": seen.error} for name, seen in outcomes.items()}
    failing = sorted(name for name, seen in outcomes.items() if seen.error)
    HealthCheck.objects.update_or_create(
        job_id=job_id,
        defaults={"checked_at": now, "is_well": not failing, "parts": parts},
    )
    if failing:
        log.warning("parts do not answer", failing=failing)
    return failing


def clean(
    *,
    kind: Kind,
    before: datetime,
    is_dry: bool,
    done: int = 0,
    report: Report = lambda *_: None,
) -> int:
    """Delete whatever of this type is older than `before`, step by step; return how much went.

    A dry run deletes nothing and counts what would go. `done` is what an earlier attempt reported;
    `report` hears after each step how much went, and how much it may come to as far as is known;
    what it raises ends it there. Nothing is undone.
    """
    for holding in list_holdings(kind):
        place = None
        while places := holding.find(before=before, after=place):
            place = places[-1]
            for start in range(0, len(places), STEP):
                ids = [one.id for one in places[start : start + STEP]]
                done += _clear(holding, ids, before=before, is_dry=is_dry)
                report(done, done + len(places) - start - len(ids))
    return done


def _clear(holding: Holding, ids: list[Any], *, before: datetime, is_dry: bool) -> int:
    return len(holding.sort_out(ids)) if is_dry else holding.delete(ids, before=before)


def probe_disk() -> None:
    """Raise Unavailable when the disk under the databases and exports is all but full."""
    for place in {Path(settings.STORYCHAIN_HOME), Path(settings.EXPORT_ROOT)}:
        if place.exists() and _share_free(place) < LEAST_FREE:
            raise Unavailable(f"Less than {LEAST_FREE:.0%} of the disk is free: {place}")


def _share_free(place: Path) -> float:
    usage = shutil.disk_usage(place)
    return usage.free / usage.total
