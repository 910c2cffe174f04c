"""What becomes of a tree as its chapters are removed: somebody can always go on from it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.http import HttpResponse
from pytest_django.fixtures import Settings

from apps.chapters import appearing
from apps.chapters.documents import Chapter
from apps.chapters.jobs import prune
from apps.stories.documents import Story
from storychain.outbox import OutboxRow
from tests.factories import (
    Caller,
    chapter_body,
    published_story,
    sign_in,
    start_story,
    write_child,
    write_root,
)

ANYONE = Caller()


def code(answer: HttpResponse) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def counts(story: str) -> tuple[int, int, int]:
    stats = Story.objects.get(slug=story).stats
    return stats.total_chapters, stats.total_branches, stats.unique_contributors


@pytest.mark.parametrize("at_once", [1, 25])
def test_with_the_last_below_it_a_removed_chapter_leaves_its_place(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(appearing, "DROPPED_AT_ONCE", at_once)
    author, guest = sign_in("author"), sign_in("guest")
    story, root = published_story(author)
    place = f"/stories/{story}/chapters"
    write_child(author, story, root)
    upper = write_child(guest, story, root, title="Upper")
    lower = write_child(guest, story, upper, title="Lower")
    leaf = write_child(author, story, lower, title="Leaf")
    assert counts(story) == (5, 1, 2)
    for slug in (upper, lower):
        assert guest.delete(f"{place}/{slug}").status_code == 204
        assert ANYONE.get(f"{place}/{slug}").json()["status"] == "removed"
    assert counts(story) == (3, 0, 1)
    assert len(ANYONE.get(f"/stories/{story}/tree").json()["nodes"]) == 5
    assert author.delete(f"{place}/{leaf}").status_code == 204
    run_pruning()
    for slug in (upper, lower, leaf):
        assert ANYONE.get(f"{place}/{slug}").status_code == 404
        assert OutboxRow.objects(row_id__endswith=f"comments:{slug}").count() == 1, slug
    parent = Chapter.objects.get(slug=root)
    assert (parent.stats.child_branches, len(parent.choices)) == (1, 1)
    assert len(ANYONE.get(f"/stories/{story}/tree").json()["nodes"]) == 2
    assert counts(story) == (2, 0, 1)


def run_pruning() -> None:
    """Do as a worker with the jobs that follow, one after the other."""
    while rows := [row for row in OutboxRow.objects if row.payload.get("job") == "chapters.prune"]:
        for row in rows:
            row.delete()
            prune(**row.payload["args"])


def test_readers_of_a_published_story_keep_something_to_read() -> None:
    author = sign_in()
    story, root = published_story(author)
    place = f"/stories/{story}/chapters"
    child = write_child(author, story, root)
    assert author.delete(f"{place}/{root}").status_code == 204
    assert code(author.delete(f"{place}/{child}")) == (409, "last-chapter")
    write_child(author, story, child)  # and it grows on
    assert author.delete(f"{place}/{child}").status_code == 204
    assert counts(story)[0] == 1


def test_of_two_who_remove_the_last_two_at_once_one_is_refused(settings: Settings) -> None:
    settings.UNIT_OF_WORK_SECONDS = 30
    author, guest = sign_in("author"), sign_in("guest")
    story, root = published_story(author)
    child = write_child(guest, story, root)
    tries = [(author, root), (guest, child)]
    with ThreadPoolExecutor(2) as pool:
        answers = pool.map(lambda one: one[0].delete(f"/stories/{story}/chapters/{one[1]}"), tries)
        assert sorted(answer.status_code for answer in answers) == [204, 409]
    assert Chapter.objects(story_slug=story, status="published").count() == 1


def test_a_story_that_is_emptied_before_it_is_published_begins_anew() -> None:
    author = sign_in()
    story = start_story(author)
    root = write_root(author, story)
    child = write_child(author, story, root)
    for slug in (root, child):
        assert author.delete(f"/stories/{story}/chapters/{slug}").status_code == 204
    assert Chapter.objects(story_slug=story).count() == 0
    assert author.post(f"/stories/{story}/publish").json()["errors"].keys() == {"chapters"}
    write_root(author, story)
    assert author.post(f"/stories/{story}/publish").status_code == 200


def test_an_archived_story_without_chapters_does_not_come_back_to_readers() -> None:
    author = sign_in()
    story, root = published_story(author)
    assert author.post(f"/stories/{story}/archive").status_code == 200
    assert author.delete(f"/stories/{story}/chapters/{root}").status_code == 204
    refused = author.post(f"/stories/{story}/unarchive")
    assert code(refused) == (409, "not-publishable")
    assert set(refused.json()["errors"]) == {"chapters"}
    assert ANYONE.get(f"/stories/{story}").status_code == 404
    write_root(author, story)
    assert author.post(f"/stories/{story}/unarchive").json()["status"] == "published"


def test_who_writes_deletes_and_writes_again_contributes_once() -> None:
    author, guest = sign_in(), sign_in()
    story, root = published_story(author)
    for expected in (2, 2, 2):
        slug = write_child(guest, story, root)
        assert counts(story)[2] == expected
        assert guest.delete(f"/stories/{story}/chapters/{slug}").status_code == 204
        assert counts(story)[2] == 1


def test_what_changes_nothing_makes_no_version_and_no_moment() -> None:
    author = sign_in()
    story, root = published_story(author)
    path = f"/stories/{story}/chapters/{root}"
    before = author.get(f"/stories/{story}/timeline").json()
    for answer in (
        author.patch(path, {}),
        author.patch(path, {"title": "The stairs", "reason": "Why not?"}),
        author.send("PUT", path, chapter_body()),
        author.post(f"{path}/rollback", {"version": 1}),
    ):
        assert (answer.status_code, answer.json()["version"]) == (200, 1), answer.content
    assert author.get(f"/stories/{story}/timeline").json() == before
    edit = {"kind": "edit", "title": "Same", "chapter_slug": root, "base_version": 1}
    pull = author.post(f"/stories/{story}/pulls", edit | {"content": chapter_body()["content"]})
    merged = author.post(f"/pulls/{pull.json()['id']}/merge", {"force": True})
    assert (merged.json()["status"], author.get(path).json()["version"]) == ("merged", 1)
