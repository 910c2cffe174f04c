"""What exports announce."""

from storychain.events import Event


class ExportRequested(Event, frozen=True, kw_only=True):
    """Somebody asked for a story as a file."""

    export_id: str
    user_id: str
    story_slug: str
    format: str


def name_job(export_id: str) -> str:
    """Return the id of the job that makes an export: who has one finds the other."""
    return f"export-{export_id}"
