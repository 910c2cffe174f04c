"""Looks after the system: how it is, and what it has room for."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from django.conf import settings

from apps.maintenance.models import HealthCheck
from storychain.errors import Unavailable
from storychain.observability.health import check_parts

KEPT = timedelta(days=90)
LEAST_FREE = 0.05
"""Share of the disk below which the databases are in danger."""

log = structlog.get_logger(__name__)


def record_health(*, job_id: str, now: datetime) -> list[str]:
    """Ask every part how it is, keep the answer for 90 days, and return the parts that fail."""
    outcomes = check_parts()
    parts = {name: {"ms": seen.ms, "error": seen.error} for name, seen in outcomes.items()}
    failing = sorted(name for name, seen in outcomes.items() if seen.error)
    HealthCheck.objects.update_or_create(
        job_id=job_id,
        defaults={"checked_at": now, "is_well": not failing, "parts": parts},
    )
    HealthCheck.objects.filter(checked_at__lt=now - KEPT).delete()
    if failing:
        log.warning("parts do not answer", failing=failing)
    return failing


def probe_disk() -> None:
    """Raise Unavailable when the disk under the databases and exports is all but full."""
    for place in {Path(settings.STORYCHAIN_HOME), Path(settings.EXPORT_ROOT)}:
        if place.exists() and _share_free(place) < LEAST_FREE:
            raise Unavailable(f"Less than {LEAST_FREE:.0%} of the disk is free: {place}")


def _share_free(place: Path) -> float:
    usage = shutil.disk_usage(place)
    return usage.free / usage.total
