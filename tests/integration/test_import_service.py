"""Imports as they are kept: all of a file or nothing, once, by whichever door it comes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from apps.chapters.documents import Chapter
from apps.imports import limits
from apps.imports.documents import ImportRecord
from apps.imports.errors import BadTitle, Unreadable
from apps.imports.services import ImportResult, import_story, publish_import
from apps.stories.documents import Story
from apps.stories.services import delete_story
from apps.users.documents import User
from storychain.api.idempotency import IdempotencyRecord
from tests.factories import API, Caller, sign_in

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
SAMPLES = Path(__file__).parents[2] / "apps/imports/samples"
NOVELS = Path(__file__).parents[3] / "shared" / "stories"
TWEE = (SAMPLES / "the-lighthouse-keepers-key.twee").read_bytes()
FERRY = (SAMPLES / "the-winter-ferry.txt").read_bytes()
LEFT_OUT = "A list of contents was left out (lines 7 to 19)."


@pytest.fixture(autouse=True)
def _patience(settings: Settings) -> None:
    """Give a whole novel the time that it has outside of tests."""
    settings.UNIT_OF_WORK_SECONDS = 30


def bring(data: bytes = FERRY, *, author_id: str = "ada", **more: object) -> ImportResult:
    return import_story(data=data, author_id=author_id, now=NOW, **more)


def counts() -> tuple[int, int, int]:
    return Story.objects.count(), Chapter.objects.count(), ImportRecord.objects.count()


def test_an_import_is_a_draft_that_can_be_published_at_once() -> None:
    result = bring()
    assert result == ImportResult("the-winter-ferry", 6, created=True, notes=[LEFT_OUT])
    story = Story.objects.get(slug=result.story_slug)
    assert (story.status, story.is_import, story.creator_id) == ("draft", True, "ada")
    assert story.settings.max_depth == 5
    assert story.stats.total_chapters == 6
    assert "the StoryChain team" in story.description
    assert User.objects.get(clerk_id="ada").stats.chapters_written == 6
    assert publish_import(story_slug=result.story_slug, author_id="ada", now=NOW)
    assert not publish_import(story_slug=result.story_slug, author_id="ada", now=NOW)


def test_what_a_front_matter_names_is_the_storys() -> None:
    tags = ", ".join(["sea", "sea", "x" * 41, *(f"t{n}" for n in range(30))])
    data = f"---\ntitle: The Lamp\nauthor: A. Writer\ntags: [{tags}]\n---\n\n# A\n\nx\n\n# B\n\ny"
    story = Story.objects.get(slug=bring(data.encode()).story_slug)
    assert (story.title, "A. Writer" in story.description) == ("The Lamp", True)
    assert story.tags == ["sea", *(f"t{n}" for n in range(19))]


def test_the_same_file_again_changes_nothing() -> None:
    first, before = bring(), counts()
    assert bring(title="Another title") == first._replace(created=False, notes=())
    assert counts() == before
    assert bring(author_id="bob").created
    assert bring(author_id="bob").story_slug != first.story_slug


def test_a_deleted_story_may_be_imported_again() -> None:
    first = bring()
    delete_story(slug=first.story_slug, caller_id="ada", now=NOW)
    again = bring()
    assert again.created
    assert again.story_slug != first.story_slug
    assert bring() == again._replace(created=False, notes=())


def test_of_two_at_the_same_moment_one_is_kept() -> None:
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda _: bring(TWEE), range(4)))
    assert sum(result.created for result in results) == 1
    assert len({result.story_slug for result in results}) == 1
    assert counts() == (1, 11, 1)


def test_a_refused_file_leaves_nothing_behind() -> None:
    with pytest.raises(Unreadable):
        bring(b":: Start\n[[nowhere]]")
    with pytest.raises(BadTitle):
        bring(title="x")
    with pytest.raises(BadTitle):
        bring(title="one\u2028two")
    assert counts() == (0, 0, 0)
    assert User.objects.count() == 0


def test_a_failure_half_way_leaves_nothing_behind() -> None:
    class Broken(Exception):
        pass

    def fail(done: int, total: int) -> None:
        raise Broken

    with pytest.raises(Broken):
        bring(progress=fail)
    assert counts() == (0, 0, 0)


def test_progress_counts_up_to_the_whole() -> None:
    heard: list[tuple[int, int]] = []
    data = "".join(f"# C{n}\n\ntext\n\n" for n in range(450)).encode()
    bring(data, progress=lambda done, total: heard.append((done, total)))
    assert heard == [(200, 450), (400, 450), (450, 450)]


def test_imports_are_exempt_from_the_daily_limit_and_titles_may_repeat() -> None:
    slugs = {bring(f"The Same\n\nChapter 1\n\n{n}\n".encode()).story_slug for n in range(9)}
    assert len(slugs) == 9
    assert "the-same" in slugs


def test_a_tree_keeps_its_branches_and_its_links_across() -> None:
    story = bring(TWEE).story_slug
    chapters = {c.title: c for c in Chapter.objects(story_slug=story)}
    cellar, lamp = chapters["The cellar"], chapters["The lamp room"]
    assert cellar.parent_slug == lamp.parent_slug == chapters["The door"].slug
    assert cellar.slug in {choice.chapter_slug for choice in lamp.choices}
    assert chapters["Morning"].is_ending
    assert Story.objects.get(slug=story).settings.max_depth == 4


@pytest.mark.parametrize(
    ("name", "slug", "chapters"),
    [
        ("pride-and-prejudice.txt", "pride-and-prejudice", 61),
        ("moby-dick.txt", "moby-dick-or-the-whale", 138),
    ],
)
def test_the_novels(name: str, slug: str, chapters: int) -> None:
    if not (NOVELS / name).exists():
        pytest.skip(f"{name} is not there; only the shared folder has it")
    result = bring((NOVELS / name).read_bytes())
    assert result[:3] == (slug, chapters, True)
    assert Chapter.objects(story_slug=slug).count() == chapters


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("import_story", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_tells_what_came_of_a_file() -> None:
    file = str(SAMPLES / "the-winter-ferry.txt")
    assert run(file, "--author", "ada", "--publish") == (
        f"imported the-winter-ferry: 6 chapters\nnote: {LEFT_OUT}\npublished the-winter-ferry\n"
    )
    assert run(file, "--author", "ada") == "already imported as the-winter-ferry\n"


def test_the_command_names_a_story_after_its_file_where_nothing_else_does(tmp_path: Path) -> None:
    file = tmp_path / "the-long_way.md"
    file.write_text("Just *some* words.")
    assert run(str(file)) == "imported the-long-way: 1 chapter\n"
    assert Chapter.objects.get().content == "Just *some* words."


def test_the_command_says_line_reason_and_mend(tmp_path: Path) -> None:
    file = tmp_path / "broken.twee"
    file.write_text(":: Start\n\nGo [[on->Nxet]]\n\n:: Next\nx")
    with pytest.raises(CommandError, match=r"broken\.twee: .*Line 3: .*'Nxet'.*'Next'.*Nothing"):
        run(str(file))
    with pytest.raises(CommandError, match="No such file"):
        run(str(tmp_path / "nothing.txt"))
    with file.open("wb") as large:
        large.truncate(limits.LARGEST_FILE + 1)
    with pytest.raises(CommandError, match="20,000,001 bytes"):
        run(str(file))


@pytest.mark.parametrize("author", ["a b$", "", "x" * 65, "ä"])
def test_the_command_takes_no_author_for_whom_no_token_can_be_made(author: str) -> None:
    with pytest.raises(CommandError, match=r"can be no user's id: use 1 to 64 of A-Z a-z"):
        run(str(SAMPLES / "the-winter-ferry.txt"), "--author", author)
    assert not Story.objects.count()


def test_the_demo_is_loaded_once() -> None:
    out = StringIO()
    for _ in range(2):
        call_command("load_demo", stdout=out)
    assert out.getvalue() == "loaded the-lighthouse-keepers-key\nloaded the-winter-ferry\n"
    assert [s.status for s in Story.objects(creator_id="demo")] == ["published"] * 2


def send(
    caller: Caller, data: bytes, kind: str = "text/plain", query: str = "", **headers: str
) -> object:
    path = f"{API}/stories/import{query}"
    return caller.client.post(path, data, content_type=kind, headers={**caller.headers, **headers})


def test_a_file_is_the_body_of_a_request() -> None:
    author = sign_in()
    first = send(author, TWEE, "text/x-twee; charset=utf-8", "?title=Another+key")
    assert first.status_code == 201, first.content
    assert first["Location"] == f"{API}/stories/another-key"
    assert first.json() == {
        "story_slug": "another-key",
        "chapters": 11,
        "created": True,
        "notes": [],
    }
    assert author.get("/stories/another-key").json()["title"] == "Another key"
    again = send(author, TWEE)
    assert (again.status_code, again.json()["story_slug"]) == (200, "another-key")


def test_under_a_key_the_first_answer_is_given_again() -> None:
    author, key = sign_in(), {"Idempotency-Key": "once"}
    first, again = (send(author, TWEE, "text/x-twee", **key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.content, again["Location"]) == (first.content, first["Location"])
    IdempotencyRecord.objects(record_id__gt="").update(
        set__status=0
    )  # as after a death before it was kept
    assert send(author, TWEE, "text/x-twee", **key).json() == first.json()
    other = send(author, TWEE, "text/x-twee", "?title=Another", **key)
    assert (other.status_code, other.json()["code"]) == (422, "key-reused")
    without = send(author, TWEE, "text/x-twee")
    assert (without.status_code, without.json()["created"]) == (200, False)


@pytest.mark.parametrize(
    ("data", "kind", "query", "status", "said"),
    [
        (b":: Start\n[[x]]", "text/x-twee", "", 400, "Line 2"),
        (b"", "text/plain", "", 400, "body"),
        (b"x" * (limits.LARGEST_FILE + 1), "text/plain", "", 413, "20,000,000"),
        (b"{}", "application/json", "", 415, "application/json"),
        (b"text", "text/plain", "?format=epub", 400, "Use one of: auto, novel"),
        (b"text", "text/plain", "?title=x", 400, "title"),
        (b"text", "text/plain", "?title=one%0Atwo", 400, "title"),
        (b"<html>x", "text/plain", "", 400, "HTML"),
    ],
)
def test_what_cannot_be_imported_is_answered_with_the_reason(
    data: bytes, kind: str, query: str, status: int, said: str
) -> None:
    answer = send(sign_in(), data, kind, query)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert said in answer.content.decode()
    assert counts() == (0, 0, 0)


def test_only_who_is_signed_in_may_import() -> None:
    assert send(Caller(), FERRY).status_code == 401
    assert sign_in().get("/stories/import").status_code == 405
