"""Exports over HTTP and by their services: asked for, made, fetched, gone."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pypdfium2
import pytest
from django.core.files.storage import storages
from django.test import Client
from django.utils import timezone

from apps.access.documents import StoryBan
from apps.chapters.documents import Chapter
from apps.chapters.text import parse_markdown
from apps.exports import purging, services
from apps.exports.documents import Export
from apps.exports.errors import CannotRender, TooLarge
from apps.exports.events import name_job
from apps.exports.purging import purge_exports
from apps.exports.rendering import FORMATS
from storychain.outbox import OutboxRow
from storychain.queues import desk, ledger, records
from storychain.queues.execution import perform
from storychain.queues.records import JobRecord
from storychain.queues.running import Cancelled, Run
from storychain.queues.wire import Ask
from tests.factories import (
    API,
    Caller,
    publish,
    published_story,
    sign_in,
    start_story,
    unique,
    write_child,
    write_root,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def export_root(settings: Any, tmp_path: Path) -> Path:
    """A folder of the test's own for finished files."""
    settings.EXPORT_ROOT = tmp_path / "exports"
    backend = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": settings.EXPORT_ROOT},
    }
    settings.STORAGES = settings.STORAGES | {"exports": backend}
    return settings.EXPORT_ROOT


def rows() -> list[OutboxRow]:
    """Return the rows of the outbox for making files."""
    return [row for row in OutboxRow.objects if row.payload.get("job") == "export.render"]


def ask(caller: Caller, story: str, **body: Any) -> dict[str, Any]:
    """Ask for a story as a file."""
    answer = caller.post(f"/stories/{story}/exports", {"format": "epub", **body})
    assert answer.status_code == 202, answer.content
    assert answer["Location"] == f"{API}/exports/{answer.json()['id']}"
    return answer.json()


def run(export_id: str, *, last: bool = True) -> services.Made | None:
    """Do what the job does."""
    return services.render_export(export_id=export_id, is_last_try=last, report=lambda *_: None)


def made(caller: Caller, story: str, **body: Any) -> dict[str, Any]:
    """Ask for a file, have it made, and return what the caller then sees."""
    export = ask(caller, story, **body)
    run(export["id"])
    return caller.get(f"/exports/{export['id']}").json()


def path_of(url: str) -> str:
    """Return an absolute link as the test client takes it."""
    assert url.startswith("http://localhost:8000/")
    return url.removeprefix("http://localhost:8000")


def fetch(url: str, caller: Caller | None = None) -> Any:
    """Follow a link as a browser does, or signed in; the body is read to its end."""
    answer = Client(headers=caller.headers if caller else {}).get(path_of(url))
    answer.body = answer.getvalue() if answer.streaming else answer.content
    answer.close()
    return answer


def files(root: Path) -> list[str]:
    """Return every file that is kept or left behind."""
    return sorted(p.name for p in root.rglob("*") if p.is_file())


# From asking to fetching


def test_a_reader_asks_waits_and_fetches(export_root: Path) -> None:
    story, _ = published_story(sign_in(), title="The lamp")
    reader = sign_in()
    export = ask(reader, story)
    assert (export["status"], export["file_url"], export["story_title"]) == (
        "queued",
        None,
        "The lamp",
    )
    run(export["id"])
    seen = reader.get(f"/exports/{export['id']}")
    assert seen["Cache-Control"] == "private, no-store"
    done = seen.json()
    assert (done["status"], done["reason"], done["chapters_done"]) == ("done", "", 1)
    answer = fetch(done["file_url"])
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/epub+zip")
    assert answer["Content-Disposition"] == 'attachment; filename="The_lamp.epub"'
    body = answer.body
    assert len(body) == done["size"] == int(answer["Content-Length"])
    assert zipfile.ZipFile(BytesIO(body)).read("mimetype") == b"application/epub+zip"
    assert files(export_root) == [f"{export['id']}-1.epub"]


def test_the_request_and_its_job_are_one_write_and_the_job_reaches_the_ledger() -> None:
    reader = sign_in()
    story, _ = published_story(reader)
    export = ask(reader, story)
    [row] = rows()
    assert row.payload["args"] == {"export_id": export["id"]}
    job = records.get_job(row.row_id)
    assert (job.name, job.queue, job.args) == (
        "export.render",
        "export",
        {"export_id": export["id"]},
    )


def test_markdown_of_a_branching_story_has_working_ways() -> None:
    author = sign_in()
    story, root = published_story(author)
    for title in ("Left", "Right"):
        write_child(author, story, root, title=title)
    done = made(author, story, format="markdown")
    text = fetch(done["file_url"]).body.decode()
    assert re.findall(r'<a id="(.*?)"></a>(.*)', text) == [
        ("chapter-1", "The stairs"),
        ("chapter-2", "Left"),
        ("chapter-3", "Right"),
    ]
    assert re.findall(r"\]\(#(.*?)\)", text) == ["chapter-2", "chapter-3"]
    assert author.get("/users/me").json()["username"] in text


def test_a_path_holds_its_chapters_alone_and_no_choices() -> None:
    author = sign_in()
    story, root = published_story(author)
    left, _ = (write_child(author, story, root, title=t) for t in ("Left", "Right"))
    last = write_child(author, story, left, title="The end")
    done = made(author, story, format="markdown", chapter=last)
    text = fetch(done["file_url"]).body.decode()
    assert re.findall(r"</a>(.*)", text) == ["The stairs", "Left", "The end"]
    assert "](#" not in text
    assert done["chapter_slug"] == last


def test_drafts_stay_out_and_removed_chapters_keep_their_place() -> None:
    author = sign_in()
    story, root = published_story(author)
    gone, hidden = (write_child(author, story, root, title=t) for t in ("Gone", "Hidden"))
    write_child(author, story, gone, title="Below")
    author.delete(f"/stories/{story}/chapters/{gone}")
    Chapter.objects(slug=hidden).update_one(set__status="draft")
    text = fetch(made(author, story, format="markdown")["file_url"]).body.decode()
    assert re.findall(r"</a>(.*)", text) == ["The stairs", "Chapter 2", "Below"]
    assert "This chapter was removed." in text
    assert "\n- Hidden" in text


def test_a_title_of_any_script_names_the_file() -> None:
    author = sign_in()
    story, _ = published_story(author, title="吾輩は猫/../../である")
    answer = fetch(made(author, story)["file_url"])
    assert answer["Content-Disposition"].startswith(
        "attachment; filename*=utf-8''%E5%90%BE%E8%BC%A9"
    )
    assert "/" not in answer["Content-Disposition"].removeprefix("attachment; ")


# Who may


def test_who_may_not_read_may_not_export() -> None:
    author, stranger = sign_in(), sign_in()
    draft = start_story(author)
    write_root(author, draft)
    assert stranger.post(f"/stories/{draft}/exports", {"format": "epub"}).status_code == 404
    assert Caller().post(f"/stories/{draft}/exports", {"format": "epub"}).status_code == 401
    assert ask(author, draft)["status"] == "queued"


def test_others_see_nothing_of_an_export() -> None:
    author, other = sign_in(), sign_in()
    story, _ = published_story(author)
    done = made(author, story)
    absent = other.get("/exports/3a0e6e9e-9d2d-4f3c-8a57-7f2f6f4b6a5c")
    for path in (f"/exports/{done['id']}", f"/exports/{done['id']}/file"):
        answer = other.get(path)
        assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (
            404,
            absent.json()["code"],
            absent.json()["detail"],
        )
    assert other.get("/exports").json()["items"] == []
    assert Caller().get("/exports").status_code == 401


def test_a_link_is_its_owners_or_a_browsers_and_nobody_elses() -> None:
    author, other = sign_in(), sign_in()
    story, _ = published_story(author)
    url = made(author, story)["file_url"]
    assert fetch(url).status_code == 200
    assert fetch(url, author).status_code == 200
    assert fetch(url, other).status_code == 404
    assert fetch(url.partition("?")[0], author).status_code == 200
    assert fetch(url.partition("?")[0]).status_code == 401


@pytest.mark.parametrize(
    "forge",
    [
        lambda s: s[:-2] + "xx",
        lambda _: "x",
        lambda s: s * 50,
        lambda s: s.replace(".", ":"),
        lambda _: "%00",
    ],
)
def test_a_forged_link_finds_nothing(forge: Any) -> None:
    author = sign_in()
    story, _ = published_story(author)
    url, _, signature = made(author, story)["file_url"].partition("?signature=")
    assert fetch(f"{url}?signature={forge(signature)}").status_code == 404


def test_a_link_of_one_export_opens_no_other() -> None:
    author = sign_in()
    story, _ = published_story(author)
    first, second = made(author, story), made(author, story, format="markdown")
    signature = first["file_url"].partition("?")[2]
    assert fetch(second["file_url"].partition("?")[0] + "?" + signature).status_code == 404


# When


def test_a_link_ends_with_its_time(settings: Any) -> None:
    settings.EXPORT_KEEP_SECONDS = -1
    author = sign_in()
    story, _ = published_story(author)
    export = ask(author, story)
    url = run(export["id"]).url
    for who in (None, author):
        answer = fetch(url, who)
        assert (answer.status_code, answer["Content-Type"], answer.json()["code"]) == (
            410,
            "application/problem+json",
            "export-expired",
        )
    seen = author.get(f"/exports/{export['id']}").json()
    assert (seen["status"], seen["file_url"]) == ("expired", None)


def test_a_file_that_is_lost_is_gone_not_an_error(export_root: Path) -> None:
    author = sign_in()
    story, _ = published_story(author)
    done = made(author, story)
    next(export_root.glob("*.epub")).unlink()
    assert fetch(done["file_url"]).status_code == 410


def test_what_is_not_finished_cannot_be_fetched() -> None:
    author = sign_in()
    story, _ = published_story(author)
    answer = author.get(f"/exports/{ask(author, story)['id']}/file")
    assert (answer.status_code, answer.json()["code"]) == (409, "export-not-ready")


def test_purging_removes_files_then_rows_and_ends_what_got_stuck(export_root: Path) -> None:
    author = sign_in()
    story, _ = published_story(author)
    done, stuck = made(author, story), ask(author, story, format="markdown")
    now = timezone.now()
    _some_file(export_root / "unfinished" / "killed")
    assert purge_exports(now=now) == 0
    assert purge_exports(now=now + timedelta(days=1, minutes=1)) == 1
    assert files(export_root) == []
    seen = author.get(f"/exports/{stuck['id']}").json()
    assert (seen["status"], seen["reason"]) == ("failed", services.Reason.LOST)
    assert purge_exports(now=now + timedelta(days=2)) == 0
    assert {item["id"] for item in author.get("/exports").json()["items"]} == {
        done["id"],
        stuck["id"],
    }
    purge_exports(now=now + timedelta(days=40))
    assert author.get("/exports").json()["items"] == []


def test_an_export_whose_job_is_over_without_a_word_ends_and_blocks_nobody() -> None:
    """An operator cancels what waits; who asked hears of it, and may ask again."""
    author = sign_in()
    story, _ = published_story(author)
    given_up, waiting = ask(author, story), ask(author, story, format="twee")
    desk.cancel_job(name_job(given_up["id"]))
    purge_exports(now=timezone.now())
    seen = {item["id"]: item for item in author.get("/exports").json()["items"]}
    assert (seen[given_up["id"]]["status"], seen[given_up["id"]]["reason"]) == (
        "failed",
        services.Reason.LOST,
    )
    assert seen[waiting["id"]]["status"] == "queued"
    assert ask(author, story)["id"] != given_up["id"]


def test_a_run_that_is_cancelled_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    author = sign_in()
    story, _ = published_story(author)
    export_id = ask(author, story)["id"]
    monkeypatch.setattr(services, "render", raises(Cancelled()))
    with pytest.raises(Cancelled):
        run(export_id, last=False)
    seen = author.get(f"/exports/{export_id}").json()
    assert (seen["status"], seen["reason"]) == ("failed", services.Reason.CANCELLED)


def test_no_run_leaves_a_file_that_nobody_knows(
    monkeypatch: pytest.MonkeyPatch, export_root: Path
) -> None:
    """One loses the database after its file, another dies there; purging takes what each left."""
    author = sign_in()
    story, _ = published_story(author)
    export_id = ask(author, story, format="twee")["id"]
    for failure, left in (
        (OSError("database"), []),
        (KeyboardInterrupt(), [f"{export_id}-2.twee"]),
    ):
        with monkeypatch.context() as patched, pytest.raises(type(failure)):
            patched.setattr(Export, "complete", raises(failure))
            run(export_id, last=False)
        assert files(export_root) == left
    assert run(export_id) is not None
    assert purge_exports(now=timezone.now() + timedelta(days=2)) == 1
    assert files(export_root) == []


def test_a_file_that_stays_is_in_nobodys_way(
    monkeypatch: pytest.MonkeyPatch, export_root: Path
) -> None:
    author = sign_in()
    story, _ = published_story(author)
    first, second = made(author, story, format="twee"), made(author, story, format="markdown")
    drop, later = purging.drop_files, timezone.now() + timedelta(days=2)

    def fail_once(export: Export) -> None:
        if export.export_id == first["id"]:
            raise PermissionError(first["id"])
        drop(export)

    with monkeypatch.context() as patched, pytest.raises(ExceptionGroup) as stayed:
        patched.setattr(purging, "drop_files", fail_once)
        purge_exports(now=later)
    assert len(stayed.value.exceptions) == 1
    assert files(export_root) == [f"{first['id']}-1.twee"]
    assert purge_exports(now=later) == 1
    assert [files(export_root), purge_exports(now=later)] == [[], 0]
    assert second["status"] == "done"


def raises(error: BaseException) -> Callable[..., Any]:
    """Return a function that fails so."""

    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail


# Once


def test_the_same_request_while_one_is_under_way_is_that_one() -> None:
    author = sign_in()
    story, root = published_story(author)
    first = ask(author, story)
    assert ask(author, story)["id"] == first["id"]
    assert ask(author, story, format="markdown")["id"] != first["id"]
    assert ask(author, story, chapter=root)["id"] != first["id"]
    assert ask(sign_in(), story)["id"] != first["id"]
    run(first["id"])
    assert ask(author, story)["id"] != first["id"]


def test_a_burst_of_the_same_request_is_one_export_and_one_job() -> None:
    author = sign_in()
    story, _ = published_story(author)
    with ThreadPoolExecutor(8) as hands:
        found = set(hands.map(lambda _: ask(author, story)["id"], range(8)))
    assert len(found) == 1
    assert len(rows()) == 1


def test_a_redelivered_job_makes_no_second_file(export_root: Path) -> None:
    author = sign_in()
    story, _ = published_story(author)
    done = made(author, story)
    assert run(done["id"]) is None
    assert author.get(f"/exports/{done['id']}").json()["size"] == done["size"]
    assert len(files(export_root)) == 1


def test_a_run_that_comes_back_late_changes_nothing(export_root: Path) -> None:
    author = sign_in()
    story, _ = published_story(author)
    export_id = ask(author, story)["id"]
    late, newer = (Export.begin(export_id=export_id) for _ in range(2))
    some_file = _some_file(export_root / "unfinished")
    file = services.keep_file(some_file, name=f"{export_id}-{late.attempt}.epub")
    assert services._hand_over(late, file=file, size=1, chapters=1, notes=[]) is None
    late.note(done=7, total=7)
    late.fail(reason="too late", now=timezone.now())
    seen = author.get(f"/exports/{export_id}").json()
    assert (seen["status"], seen["chapters_done"], files(export_root)) == ("running", 0, [])
    newer.fail(reason="stopped", now=timezone.now())
    assert author.get(f"/exports/{export_id}").json()["status"] == "failed"


def _some_file(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "some"
    path.write_bytes(b"x")
    return path


# Failure


def work_off() -> dict[str, JobRecord]:
    """Do what a worker does with the jobs that wait; return them afterwards, by their export."""
    _, claimed = ledger.exchange(queue="export", holder="w/1#1", ask=Ask(9, 9, unique("n")))
    outcomes = [perform(Run(queue="export", claimed=job)) for job in claimed]
    assert ledger.exchange(queue="export", holder="w/1#1", outcomes=outcomes, ask=None)[0] == []
    found = records.read_records([job.job_id for job in claimed])
    return {record.args["export_id"]: record for record in found}


def test_what_was_closed_meanwhile_dies_at_once_and_says_why_and_its_neighbour_is_made(
    export_root: Path,
) -> None:
    author, reader = sign_in(), sign_in()
    stories = [published_story(author)[0] for _ in range(4)]
    deleted, hidden, banned, _ = stories
    exports = [ask(reader, story, format="markdown")["id"] for story in stories]
    assert author.delete(f"/stories/{deleted}").status_code == 204
    assert author.patch(f"/stories/{hidden}/settings", {"is_public": False}).status_code == 200
    ban = f"/stories/{banned}/bans/{reader.user_id}"
    assert author.post(ban, {"reason": "Spam, again and again."}).status_code == 204
    ended = work_off()
    for export_id in exports[:3]:
        job, seen = ended[export_id], reader.get(f"/exports/{export_id}").json()
        assert (job.state, job.attempt) == ("dead", 1)
        assert job.error == f"PermanentError: {services.Reason.GONE}"
        assert (seen["status"], seen["reason"], seen["file_url"]) == (
            "failed",
            services.Reason.GONE,
            None,
        )
    assert ended[exports[3]].state == "completed"
    assert fetch(reader.get(f"/exports/{exports[3]}").json()["file_url"]).status_code == 200
    assert files(export_root) == [f"{exports[3]}-1.md"]


def test_only_the_last_try_says_that_it_failed(
    monkeypatch: pytest.MonkeyPatch, export_root: Path
) -> None:
    author = sign_in()
    story, _ = published_story(author)
    export_id = ask(author, story)["id"]

    def full(*_: Any, **__: Any) -> Path:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(services, "render", full)
        for last, status in ((False, "running"), (True, "failed")):
            with pytest.raises(OSError, match="space"):
                run(export_id, last=last)
            assert author.get(f"/exports/{export_id}").json()["status"] == status
    assert author.get(f"/exports/{export_id}").json()["reason"] == services.Reason.DEFECT
    assert files(export_root) == []
    assert run(export_id) is not None


def test_a_story_that_is_too_large_says_so(settings: Any) -> None:
    settings.EXPORT_PANDOC_SECONDS = 0.0001
    author = sign_in()
    story, _ = published_story(author)
    export_id = ask(author, story)["id"]
    with pytest.raises(TooLarge):
        run(export_id)
    assert author.get(f"/exports/{export_id}").json()["reason"] == TooLarge.title


# What is refused


@pytest.mark.parametrize(
    ("body", "field", "why"),
    [
        ({}, "format", "required"),
        ({"format": "docx"}, "format", "epub"),
        ({"format": ["epub"]}, "format", "Use one of: "),
        ({"format": "epub", "language": "en;drop"}, "language", "BCP 47"),
        ({"format": "epub", "cover": "x"}, "cover", "no such field"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong(body: dict[str, Any], field: str, why: str) -> None:
    author = sign_in()
    story, _ = published_story(author)
    answer = author.post(f"/stories/{story}/exports", body)
    assert answer.status_code == 400
    assert why in " ".join(answer.json()["errors"][field])


def test_what_is_not_there_cannot_be_exported() -> None:
    author = sign_in()
    empty = start_story(author)
    assert (
        author.post(f"/stories/{empty}/exports", {"format": "epub"}).json()["code"]
        == "nothing-to-export"
    )
    story, _ = published_story(author)
    answer = author.post(f"/stories/{story}/exports", {"format": "epub", "chapter": "nowhere"})
    assert (answer.status_code, answer.json()["code"]) == (404, "chapter-not-found")
    assert author.post("/stories/nowhere/exports", {"format": "epub"}).status_code == 404


def test_only_so_many_at_once() -> None:
    author = sign_in()
    story, _ = published_story(author)
    for number in range(services.MOST_AT_ONCE):
        ask(author, story, language=f"e{'nstm'[number % 4]}-{number:02}")
    answer = author.post(f"/stories/{story}/exports", {"format": "markdown"})
    assert (answer.status_code, answer.json()["code"]) == (429, "too-many-exports")


def test_exports_are_listed_newest_first_by_cursor() -> None:
    author = sign_in()
    story, _ = published_story(author)
    ids = [made(author, story)["id"] for _ in range(3)]
    first = author.get("/exports?limit=2").json()
    second = author.get(f"/exports?limit=2&cursor={first['next_cursor']}").json()
    assert [i["id"] for i in (*first["items"], *second["items"])] == ids[::-1]
    assert (first["has_more"], second["has_more"], second["next_cursor"]) == (True, False, None)


def test_the_store_is_djangos_own(export_root: Path) -> None:
    assert Path(storages["exports"].location) == export_root


# Which chapters


def branching(author: Caller) -> tuple[str, str, str, str]:
    """Return a published story with two branches: story, root, left and the end behind left."""
    story, root = published_story(author)
    left, _ = (write_child(author, story, root, title=t) for t in ("Left", "Right"))
    return story, root, left, write_child(author, story, left, title="The end")


def test_a_path_is_named_chapter_by_chapter() -> None:
    author = sign_in()
    story, root, left, _ = branching(author)
    done = made(author, story, format="markdown", path=[root, left])
    assert done["path"] == [root, left]
    text = fetch(done["file_url"]).body.decode()
    assert re.findall(r"</a>(.*)", text) == ["The stairs", "Left"]
    assert ask(author, story, path=[root, left])["id"] != ask(author, story, path=[root])["id"]


def test_chapters_that_do_not_follow_each_other_are_no_path() -> None:
    author = sign_in()
    story, root, left, end = branching(author)
    _, other_root = published_story(author)
    for path, wrong in (
        ([left], left),
        ([root, end], end),
        ([root, left, "nowhere"], "nowhere"),
        ([other_root], other_root),
        ([root, root], root),
    ):
        answer = author.post(f"/stories/{story}/exports", {"format": "twee", "path": path})
        assert (answer.status_code, answer.json()["code"]) == (400, "broken-path")
        assert answer.json()["errors"]["path"][0].startswith(wrong)
    both = {"format": "pdf", "path": [root], "chapter": root}
    assert author.post(f"/stories/{story}/exports", both).status_code == 400
    assert (
        author.post(f"/stories/{story}/exports", {"format": "pdf", "path": []}).status_code == 400
    )


def test_a_path_that_broke_meanwhile_says_so() -> None:
    author = sign_in()
    story, root, left, end = branching(author)
    export_id = ask(author, story, path=[root, left, end])["id"]
    Chapter.objects(slug=left).update_one(set__status="draft")
    with pytest.raises(CannotRender):
        run(export_id, last=False)
    seen = author.get(f"/exports/{export_id}").json()
    assert (seen["status"], seen["reason"]) == ("failed", services.Reason.PATH_GONE)


def test_a_chapter_that_goes_while_it_is_read_is_another_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    author = sign_in()
    story, *_ = branching(author)
    export_id = ask(author, story)["id"]
    read = services.read_texts
    with monkeypatch.context() as patched:
        patched.setattr(services, "read_texts", lambda *, slugs: read(slugs=slugs[:-1]))
        with pytest.raises(services.StoryChanged):
            run(export_id, last=False)
    assert run(export_id) is not None


# Formats


@pytest.mark.parametrize(
    ("kind", "media", "begins"),
    [("pdf", "application/pdf", b"%PDF-"), ("twee", "text/plain; charset=utf-8", b":: StoryTitle")],
)
def test_every_format_is_made_and_sent(kind: str, media: str, begins: bytes) -> None:
    author = sign_in()
    story, *_ = branching(author)
    done = made(author, story, format=kind)
    assert (done["status"], done["notes"], done["step"]) == ("done", [], "")
    answer = fetch(done["file_url"])
    assert answer["Content-Type"] == media
    assert answer["Content-Disposition"] == f'attachment; filename="The_lamp.{kind}"'
    assert answer.body.startswith(begins)


def test_each_step_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    author = sign_in()
    story, _ = published_story(author)
    export_id = ask(author, story, format="pdf")["id"]
    steps: list[str] = []
    enter = Export.enter

    def listen(export: Export, *, step: str) -> None:
        enter(export, step=step)
        steps.append(author.get(f"/exports/{export_id}").json()["step"])

    monkeypatch.setattr(Export, "enter", listen)
    run(export_id)
    assert steps == ["reading", "typesetting", "storing"]


@pytest.mark.parametrize("title", ["*** <!-- --> ![]()"])
def test_a_title_of_nothing_but_markup_is_a_title_like_any_other(title: str) -> None:
    author = sign_in()
    story = start_story(author, title=title)
    write_root(author, story, title=title)
    publish(author, story)
    bodies = {}
    for kind in FORMATS:
        done = made(author, story, format=kind)
        assert (done["status"], done["story_title"]) == ("done", title)
        answer = fetch(done["file_url"])
        assert answer["Content-Disposition"].startswith('attachment; filename="story.')
        bodies[kind] = answer.body
    heads = [
        "".join(child.content for child in line.children if child.type == "text")
        for mark, line in pairwise(parse_markdown(bodies["markdown"].decode()))
        if mark.type == "heading_open"
    ]
    assert [head.removeprefix('<a id="chapter-1"></a>') for head in heads] == [title] * 2
    with zipfile.ZipFile(BytesIO(bodies["epub"])) as archive:
        package = ET.fromstring(archive.read("EPUB/content.opf"))  # noqa: S314 - pandoc wrote it
    assert package.findtext(".//{http://purl.org/dc/elements/1.1/}title") == title
    with pypdfium2.PdfDocument(bodies["pdf"]) as book:
        assert book.get_metadata_dict()["Title"] == title
        assert [entry.get_title() for entry in book.get_toc()] == [title]
    assert bodies["twee"].decode().startswith(f":: StoryTitle\n{title}\n")


# Whose access ended


def test_a_link_ends_with_the_access_of_who_asked() -> None:
    author, reader = sign_in(), sign_in()
    story, _ = published_story(author)
    done = made(reader, story, format="markdown")
    assert fetch(done["file_url"]).status_code == 200
    ban = StoryBan(
        story_slug=story, user_id=reader.user_id, banned_by=author.user_id, banned_at=timezone.now()
    ).save()
    for who in (None, reader):
        answer = fetch(done["file_url"], who)
        assert (answer.status_code, answer.json()["code"]) == (410, "export-withdrawn")
    ban.delete()
    assert fetch(done["file_url"]).status_code == 200
    author.delete(f"/stories/{story}")
    assert fetch(done["file_url"]).json()["code"] == "export-withdrawn"
