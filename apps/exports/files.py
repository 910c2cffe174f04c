"""Where files are made, and where finished ones are kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import IO, Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import storages

from apps.exports.documents import Export
from apps.exports.errors import ExportExpired, StoreAway
from storychain.storage import STORE

SUFFIXES = {"markdown": ".md", "epub": ".epub", "pdf": ".pdf", "twee": ".twee"}


class _Finished(File):
    """A file that a storage on the same disk may take by renaming it."""

    def temporary_file_path(self) -> str:
        return str(self.name)


@contextmanager
def open_workshop() -> Iterator[Path]:
    """Give a folder to work in, on the disk where finished files go, and clear it away."""
    place = _workshops()
    place.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=place) as folder:
        yield Path(folder)


def clear_workshops(*, before: datetime) -> None:
    """Remove the folders of runs that began before this and were killed at work."""
    for folder in _workshops().glob("*"):
        if folder.stat().st_mtime < before.timestamp():
            rmtree(folder, ignore_errors=True)


def name_file(export: Export, *, attempt: int) -> str:
    """Return what the file of a run is called."""
    return f"{export.export_id}-{attempt}{SUFFIXES[export.format]}"


def keep_file(path: Path, *, name: str) -> str:
    """Move a finished file into the store at once and return the name that it has there."""
    with path.open("rb") as file:
        return str(storages[STORE].save(name, _Finished(file, name=str(path))))


def open_file(name: str | None) -> IO[Any]:
    """Open a kept file; raise ExportExpired if it is not there, StoreAway if nobody can tell."""
    if not name:
        raise ExportExpired
    try:
        return storages[STORE].open(name).file  # type: ignore[no-any-return]
    except FileNotFoundError as gone:
        raise ExportExpired from gone
    except OSError as away:
        raise StoreAway from away


def drop_file(name: str) -> None:
    """Remove a kept file, if it is there."""
    storages[STORE].delete(name)


def drop_files(export: Export) -> None:
    """Remove the files of all runs: one that died between file and record has left its own."""
    for attempt in range(1, export.attempt + 1):
        drop_file(name_file(export, attempt=attempt))


def _workshops() -> Path:
    return Path(settings.EXPORT_ROOT) / "unfinished"
