"""What workers do for exports: the payload in, one service call."""

from datetime import datetime

import msgspec
from django.utils import timezone

from apps.exports import services
from apps.exports.errors import CannotRender
from apps.exports.purging import purge_exports
from storychain.queues.jobs import PermanentError, current, job
from storychain.queues.topology import CLEANUP, EXPORT


class RenderResult(msgspec.Struct, frozen=True, rename="camel"):
    """What came of it; nothing where another run has made the file before."""

    file_url: str | None = None
    expires_at: datetime | None = None


@job(queue=EXPORT, name="export.render")
def render(*, export_id: str) -> RenderResult:
    """Make an export's file.

    Safe to redeliver: a file that is there is not made again, and of two runs at the same time
    the later one's file counts.
    """
    run = current()
    try:
        made = services.render_export(
            export_id=export_id, is_last_try=run.attempt >= run.spec.attempts, report=run.progress
        )
    except CannotRender as reason:
        raise PermanentError(reason.detail) from reason
    return RenderResult(made.url, made.expires_at) if made else RenderResult()


@job(queue=CLEANUP, name="exports.purge", exclusive="exports.purge")
def purge() -> int:
    """Remove files that are past their time, and end what nobody works on; returns how many."""
    return purge_exports(now=timezone.now())
