"""An edit is merged onto the version that it was made on, or not at all, whoever else writes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.http import HttpResponse
from pytest_django.fixtures import Settings

from apps.chapters.documents import Chapter, ChapterVersion
from apps.chapters.text import count_words
from apps.pulls import merging, services
from apps.pulls.documents import PullRequest
from apps.pulls.records import PullEvent
from storychain.outbox import OutboxRow
from tests.factories import unique, write_child
from tests.integration.test_pulls_api import LONGER, House, ok, refused

FORCE = {"force": True}


class Desk(House):
    """A chapter at its second version, and what is done to it."""

    def __init__(self) -> None:
        super().__init__()
        self.chapter = f"/stories/{self.story}/chapters/{self.root}"
        ok(self.owner.patch(self.chapter, {"title": "The roof"}))

    @property
    def version(self) -> int:
        return int(Chapter.objects.get(slug=self.root).version)

    def edit(self) -> str:
        """Let the writer propose another text of the chapter as it is now."""
        return self.propose_edit(base_version=self.version, content=unique(LONGER))

    def merge(self, path: str) -> HttpResponse:
        return self.owner.post(f"{path}/merge", FORCE)


Act = Callable[[], HttpResponse]


def another_merge(desk: Desk) -> Act:
    path = desk.edit()
    return lambda: desk.merge(path)


def direct_edit(desk: Desk) -> Act:
    body = {"content": unique(LONGER), "base_version": desk.version}
    return lambda: desk.owner.patch(desk.chapter, body)


def rollback(desk: Desk) -> Act:
    made_on = {"If-Match": f'"{desk.version}"'}
    body = {"version": desk.version - 1}  # which says something else
    return lambda: desk.owner.post(f"{desk.chapter}/rollback", body, **made_on)


RIVALS = (another_merge, direct_edit, rollback)


@pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: rival.__name__)
def test_who_writes_in_the_middle_of_a_merge_wins_and_the_merge_is_refused(
    rival: Callable[[Desk], Act], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The merge has read the chapter when the other's write is committed."""
    desk = Desk()
    path, act, answers = desk.edit(), rival(desk), list[Any]()
    weigh = merging.weigh

    def weigh_late(pull: Any) -> None:
        weigh(pull)
        if not answers:
            answers.append(None)
            with ThreadPoolExecutor(1) as pool:
                answers[0] = pool.submit(act).result()

    monkeypatch.setattr(merging, "weigh", weigh_late)
    refused(desk.merge(path), 409, "version-moved")
    ok(answers[0])
    check(desk, version=3)
    shown = ok(desk.owner.get(path))
    assert (shown["status"], [b["code"] for b in shown["blockers"]]) == ("open", ["base_moved"])
    assert PullEvent.objects(pull_id=shown["id"], kind="merged").count() == 0
    rows = OutboxRow.objects(row_id__startswith=f"notice:pull:{shown['id']}:")
    assert not [row for row in rows if row.payload["args"]["type"] == "pr_merged"]


@pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: rival.__name__)
def test_of_a_merge_and_a_rival_at_the_same_moment_one_is_done(
    rival: Callable[[Desk], Act], settings: Settings
) -> None:
    settings.UNIT_OF_WORK_SECONDS = 30
    desk = Desk()
    for version in range(3, 6):
        path, act, start = desk.edit(), rival(desk), Barrier(2)

        def go(what: Act, start: Barrier = start) -> int:
            start.wait(10)
            return int(what().status_code)

        with ThreadPoolExecutor(2) as pool:
            codes = list(pool.map(go, (lambda path=path: desk.merge(path), act)))
        assert sorted(codes) in ([200, 409], [200, 412]), codes
        check(desk, version=version)
        assert PullEvent.objects(pull_id=path[7:], kind="merged").count() == (codes[0] == 200)


@pytest.mark.parametrize("leaves_its_place", [True, False])
def test_an_edit_of_what_is_removed_at_that_moment_is_refused_and_read_nowhere(
    monkeypatch: pytest.MonkeyPatch, leaves_its_place: bool
) -> None:
    """The proposal has read the story when the removal is committed, which withholds all others."""
    desk = Desk()
    leaf = write_child(desk.owner, desk.story, desk.root)
    if leaves_its_place:
        write_child(desk.owner, desk.story, leaf)
    path, answers, count = f"/stories/{desk.story}/chapters/{leaf}", list[Any](), count_words

    def count_late(text: str) -> int:
        if not answers:
            answers.append(None)
            with ThreadPoolExecutor(1) as pool:
                answers[0] = pool.submit(desk.owner.delete, path).result()
        return count(text)

    monkeypatch.setattr(services, "count_words", count_late)
    body = {"kind": "edit", "title": "Shorter", "chapter_slug": leaf, "base_version": 1}
    sent = desk.writer.post(f"/stories/{desk.story}/pulls", {**body, "content": LONGER})
    assert answers[0].status_code == 204
    refused(sent, *((409, "chapter-removed") if leaves_its_place else (400, "invalid")))
    assert PullRequest.objects(chapter_slug=leaf).count() == 0


def check(desk: Desk, *, version: int) -> None:
    """The chapter has come to this version, and each before it is kept once."""
    assert desk.version == version
    kept = ChapterVersion.objects(chapter_slug=desk.root).scalar("version")
    assert sorted(kept) == list(range(1, version))
