"""What follows from what was announced."""

from collections.abc import Iterator

from apps.exports.events import ExportRequested, name_job
from apps.exports.jobs import render
from storychain.events import subscribes
from storychain.queues.jobs import JobCall


@subscribes(ExportRequested)
def make_file(event: ExportRequested) -> Iterator[JobCall]:
    """An export that was asked for is made by a worker."""
    yield render.call(job_id=name_job(event.export_id), export_id=event.export_id)
