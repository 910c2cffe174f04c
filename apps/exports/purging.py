"""What becomes of exports that are over: of their files, and of those that nobody will end."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import chain

from django.conf import settings

from apps.exports.documents import UNDER_WAY, Export
from apps.exports.events import name_job
from apps.exports.files import clear_workshops, drop_files
from apps.exports.services import Reason
from storychain.queues.records import read_records
from storychain.steps import in_steps

_AT_ONCE = 500


def purge_exports(*, now: datetime) -> int:
    """Remove files past their time and end what nobody works on; return how many files went.

    What was asked for stays listed for EXPORT_LIST_SECONDS after its file is gone. A file that
    cannot be removed is in nobody's way: when all have had their turn, raise what failed, together.
    """
    listed_since = now - timedelta(seconds=settings.EXPORT_LIST_SECONDS)
    Export.objects(finished_at__lte=listed_since, file__exists=False).delete()
    clear_workshops(before=_stuck_since(now))
    stuck = list(Export.objects(status__in=UNDER_WAY, created_at__lte=_stuck_since(now)))
    expired = list(Export.objects(expires_at__lte=now, file__exists=True))
    _let_go([*stuck, *_find_abandoned()], expired, now=now)
    return len(expired)


def _let_go(stuck: Iterable[Export], expired: Iterable[Export], *, now: datetime) -> None:
    failed = []
    for export in stuck:
        export.fail(reason=Reason.LOST, now=now)
    for export in (*stuck, *expired):
        try:
            drop_files(export)
            export.lose_file()
        except Exception as error:  # noqa: BLE001 - all are raised again
            error.add_note(f"export {export.export_id}")
            failed.append(error)
    if failed:
        raise ExceptionGroup("not removed", failed)


def _find_abandoned() -> list[Export]:
    """Return those whose job is over without a word: it was cancelled, discarded, or died."""
    by_job = {name_job(e.export_id): e for e in Export.objects(status__in=UNDER_WAY)}
    jobs = chain.from_iterable(map(read_records, in_steps(by_job, _AT_ONCE)))
    return [by_job[job.id] for job in jobs if job.state in ("failed", "dead")]


def _stuck_since(now: datetime) -> datetime:
    return now - timedelta(seconds=settings.EXPORT_STUCK_SECONDS)
