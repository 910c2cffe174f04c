"""Exports by real workers: in a bucket, and made once, also when a worker dies in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.chapters.documents import Chapter
from apps.chapters.planting import TreeNode, plant_tree
from apps.exports.documents import Export
from apps.stories.documents import Story
from storychain.documents import ensure_indexes
from tests import buckets
from tests.buckets import bucket_url, keys, use_bucket
from tests.factories import Caller, published_story, sign_in
from tests.queueing import fixtures
from tests.queueing.workers import HEAVY, Crew
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db
bells, crew, endpoint = fixtures.bells, fixtures.crew, buckets.endpoint


@pytest.fixture(autouse=True)
def export_root(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """A folder of the test's own for finished files, and every index in place."""
    ensure_indexes()
    settings.EXPORT_ROOT = tmp_path / "exports"
    backend = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": settings.EXPORT_ROOT},
    }
    settings.STORAGES = settings.STORAGES | {"exports": backend}
    return settings.EXPORT_ROOT


def ask(caller: Caller, story: str, format_name: str = "epub") -> str:
    """Ask for a file and return the export's path."""
    answer = caller.post(f"/stories/{story}/exports", {"format": format_name})
    assert answer.status_code == 202, answer.content
    return f"/exports/{answer.json()['id']}"


def ended(caller: Caller, path: str) -> dict[str, Any]:
    """Wait for an export to end and return it."""

    def look() -> dict[str, Any] | None:
        seen = caller.get(path).json()
        return seen if seen["status"] in ("done", "failed") else None

    return wait_until(look, seconds=60)


def test_a_worker_makes_a_pdf_and_keeps_it_in_a_bucket(
    crew: Crew, settings: Any, endpoint: str
) -> None:
    use_bucket(settings, endpoint)
    author = sign_in()
    story, _ = published_story(author)
    crew.start(HEAVY, EXPORT_STORAGE_URL=bucket_url(endpoint))
    seen = ended(author, ask(author, story, "pdf"))
    assert seen["status"] == "done", seen
    assert keys(endpoint) == [f"files/{seen['id']}-1.pdf"]
    answer = Client().get(seen["file_url"].partition("8000")[2])
    assert answer.getvalue()[:5] == b"%PDF-"
    answer.close()


def test_a_worker_killed_at_work_leaves_one_file_by_the_next(
    crew: Crew,
    export_root: Path,
) -> None:
    author = sign_in()
    slug, _ = published_story(author)
    story = Story.objects.get(slug=slug)
    Chapter.objects(story_slug=slug).delete()
    text = "A sentence of *some* length, as [every](http://a.example/) other.\n\n" * 200
    nodes = [
        TreeNode(title=f"Chapter {n}", content=text, parent=n - 1 if n else None) for n in range(80)
    ]
    plant_tree(story=story, author_id=author.user_id, nodes=nodes, now=timezone.now())
    path = ask(author, slug)
    first = crew.start(HEAVY, EXPORT_ROOT=str(export_root))
    wait_until(lambda: author.get(path).json()["status"] == "running", seconds=20)
    first.kill()
    assert author.get(path).json()["status"] == "running"
    crew.start(HEAVY, EXPORT_ROOT=str(export_root))
    seen = ended(author, path)
    assert (seen["status"], seen["chapters_done"]) == ("done", 80)
    export = Export.objects.get(export_id=seen["id"])
    assert export.attempt == 2
    assert [p.name for p in export_root.glob("*.epub")] == [export.file]
