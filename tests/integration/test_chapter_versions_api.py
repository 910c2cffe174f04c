"""A chapter's versions over HTTP: kept, shown, compared, gone back to, never overwritten unread."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from apps.chapters.documents import Chapter, ChapterVersion
from tests.factories import PARAGRAPH, Caller, join, published_story, sign_in, write_child

# How many writers save at once; 5,000 in `make soak ONLY=domain`, which takes some minutes.
SAVES = int(os.environ.get("CHAPTER_SAVES", "40"))
SECOND = PARAGRAPH.replace("lamp", "lantern")
THIRD = SECOND + " Not even the cat."


@pytest.fixture
def author() -> Caller:
    return sign_in("author")


@pytest.fixture
def path(author: Caller) -> str:
    """A chapter of three versions."""
    story, root = published_story(author)
    path = f"/stories/{story}/chapters/{root}"
    assert author.patch(path, {"content": SECOND, "reason": "It is a lantern."}).status_code == 200
    assert author.patch(path, {"content": THIRD, "title": "The cat"}).status_code == 200
    return path


def test_versions_are_listed_the_current_one_first(author: Caller, path: str) -> None:
    page = author.get(f"{path}/versions").json()
    assert [row["version"] for row in page["items"]] == [3, 2, 1]
    assert [row["title"] for row in page["items"]] == ["The cat", "The stairs", "The stairs"]
    assert page["items"][1]["edit_reason"] == "It is a lantern."
    assert page["items"][0]["edited_by"]["user_id"] == author.user_id
    first = author.get(f"{path}/versions?limit=2").json()
    second = author.get(f"{path}/versions?limit=2&cursor={first['next_cursor']}").json()
    rows = first["items"] + second["items"]
    assert [row["version"] for row in rows] == [3, 2, 1]
    assert (first["has_more"], second["has_more"]) == (True, False)


def test_each_version_shows_its_text_and_no_other_exists(author: Caller, path: str) -> None:
    texts = [author.get(f"{path}/versions/{n}").json()["content"] for n in (1, 2, 3)]
    assert texts == [PARAGRAPH, SECOND, THIRD]
    for number in (0, 4, 2**31 - 1):
        assert author.get(f"{path}/versions/{number}").json()["code"] == "version-not-found"


def test_versions_are_compared(author: Caller, path: str) -> None:
    latest = author.get(f"{path}/diff").json()
    assert (latest["older"], latest["newer"]) == (2, 3)
    assert latest["content"][-1] == {"op": "insert", "text": " Not even the cat."}
    lantern = author.get(f"{path}/diff?from=1&to=2").json()["content"]
    assert {"op": "delete", "text": "lamp"} in lantern
    begun = author.get(f"{path}/diff?from=0&to=1").json()["content"]
    assert begun == [{"op": "insert", "text": PARAGRAPH}]
    assert author.get(f"{path}/diff?from=1&to=9").status_code == 404
    for query in ("from=-1", "to=0", "from=x", "to=1&to=2"):
        answer = author.get(f"{path}/diff?{query}")
        assert answer.status_code == 400, query
        assert set(answer.json()["errors"]) == {query[: query.index("=")]}


def test_a_rollback_is_a_new_version_and_shows_at_once(author: Caller, path: str) -> None:
    assert Caller().get(path).json()["content"] == THIRD
    for query in ("/versions", "/diff", "/versions/3"):
        author.get(path + query)
    answer = author.post(f"{path}/rollback", {"version": 1})
    assert answer.status_code == 200
    assert answer.json()["version"] == 4
    assert Caller().get(path).json()["content"] == PARAGRAPH
    rows = author.get(f"{path}/versions").json()["items"]
    assert (rows[0]["version"], rows[0]["edit_type"]) == (4, "rollback")
    assert author.get(f"{path}/diff").json()["newer"] == 4
    assert author.post(f"{path}/rollback", {"version": 9}).json()["code"] == "version-not-found"
    assert author.post(f"{path}/rollback", {"version": 0}).status_code == 400
    assert author.post(f"{path}/rollback", {}).json()["errors"].keys() == {"version"}


def test_versions_are_for_those_who_work_on_the_story_and_for_the_author(
    author: Caller, path: str
) -> None:
    story = path.split("/")[2]
    writer, stranger = join(author, story, "contributor"), sign_in()
    own = write_child(stranger, story, path.split("/")[4])
    for end in ("/versions", "/versions/1", "/diff"):
        assert writer.get(path + end).status_code == 200
        assert stranger.get(path + end).status_code == 403
        assert Caller().get(path + end).status_code == 401
        assert stranger.get(f"/stories/{story}/chapters/{own}{end}").status_code == 200
    for who, status in ((writer, 403), (stranger, 403), (Caller(), 401)):
        assert who.post(f"{path}/rollback", {"version": 1}).status_code == status


def test_a_removed_chapter_takes_its_versions_with_it(author: Caller, path: str) -> None:
    story, root = path.split("/")[2], path.split("/")[4]
    write_child(author, story, root)
    assert author.delete(path).status_code == 204
    assert author.get(f"{path}/versions").status_code == 404
    assert author.post(f"{path}/rollback", {"version": 1}).status_code == 409
    assert ChapterVersion.objects(chapter_slug=root).count() == 0


def test_an_edit_names_what_it_was_made_on(author: Caller, path: str) -> None:
    etag = author.get(path)["ETag"]
    assert etag.startswith('"3-')
    done = author.patch(path, {"content": SECOND}, **{"If-Match": etag})
    assert done.status_code == 200
    late = author.patch(path, {"content": PARAGRAPH}, **{"If-Match": etag})
    assert late.status_code == 412
    assert late.json()["code"] == "precondition-failed"
    assert author.get(path).json()["content"] == SECOND
    assert author.patch(path, {"content": THIRD}, **{"If-Match": done["ETag"]}).status_code == 200
    stale = author.patch(path, {"content": PARAGRAPH, "base_version": 4})
    assert (stale.status_code, stale.json()["code"]) == (409, "version-moved")


@pytest.mark.parametrize("tag", ['W/"3-00"', '"abc"', '""', "3", '"2"', '"99999999999999"'])
def test_a_tag_that_is_not_the_current_one_changes_nothing(
    author: Caller, path: str, tag: str
) -> None:
    for answer in (
        author.patch(path, {"content": PARAGRAPH}, **{"If-Match": tag}),
        author.post(f"{path}/rollback", {"version": 1}, **{"If-Match": tag}),
        author.delete(path, **{"If-Match": tag}),
    ):
        assert answer.status_code == 412
    assert author.get(path).json()["version"] == 3


@pytest.mark.parametrize("tag", ["*", '"3"', '"7-ab", "3-cd"'])
def test_any_tag_of_the_current_version_will_do(author: Caller, path: str, tag: str) -> None:
    assert author.patch(path, {"content": PARAGRAPH}, **{"If-Match": tag}).status_code == 200


def test_a_page_that_is_known_is_not_sent_again(author: Caller, path: str) -> None:
    etag = author.get(path)["ETag"]
    assert author.get(path, **{"If-None-Match": etag}).status_code == 304
    author.patch(path, {"content": PARAGRAPH})
    assert author.get(path, **{"If-None-Match": etag}).status_code == 200


@pytest.mark.timeout(120 + SAVES // 2)
def test_edits_at_once_lose_none(author: Caller, path: str) -> None:
    """Each writer reads, adds his word, and tries again when somebody was faster."""

    def add(number: int) -> None:
        status = 412
        while status == 412:  # somebody else's edit came through, so there is an end to it
            page = author.get(path)
            content = f"{page.json()['content']} w{number}"
            answer = author.patch(path, {"content": content}, **{"If-Match": page["ETag"]})
            status = answer.status_code
        assert status == 200, answer.content

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(SAVES)))
    chapter = Chapter.objects(slug=path.split("/")[4]).get()
    words = chapter.content.removeprefix(THIRD).split()
    assert sorted(words) == sorted(f"w{number}" for number in range(SAVES))
    assert chapter.version == 3 + SAVES
    assert ChapterVersion.objects(chapter_slug=chapter.slug).count() == 2 + SAVES
