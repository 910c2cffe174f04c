"""Chapters appear at their time: once, announced, and no page shows them late or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from apps.chapters import publishing, queries
from apps.chapters.documents import Chapter
from apps.chapters.events import ChapterAdded
from apps.chapters.publishing import publish_due
from apps.stories.documents import Story
from storychain.documents import ensure_indexes
from storychain.errors import NotFound
from storychain.events import subscribes
from tests import factories

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def indexes(fresh_names: str) -> None:
    ensure_indexes()


pytestmark = pytest.mark.django_db


@pytest.fixture
def announced() -> Iterator[list[ChapterAdded]]:
    heard: list[ChapterAdded] = []

    def hear(event: ChapterAdded) -> list[object]:
        heard.append(event)
        return []

    subscribes(ChapterAdded)(hear)
    yield heard
    from storychain.events import _subscribers

    _subscribers[ChapterAdded].remove(hear)


def wait_for(minutes: float) -> Chapter:
    """A chapter that is to appear in so many minutes, in a story of its own."""
    author = factories.sign_in()
    story, root = factories.published_story(author)
    slug = factories.write_child(author, story, root)
    chapter = Chapter.objects(slug=slug).first()
    chapter.status = "draft"
    chapter.publish_at = NOW + timedelta(minutes=minutes)
    chapter.save()
    return chapter


def test_what_is_due_appears_once_and_is_announced(announced: list[ChapterAdded]) -> None:
    chapter = wait_for(-1)
    announced.clear()
    with pytest.raises(NotFound):
        queries.get_chapter(story_slug=chapter.story_slug, slug=chapter.slug)
    tree = queries.get_tree(story_slug=chapter.story_slug).value
    assert chapter.slug not in {node.slug for node in tree.nodes}
    assert [publish_due(now=NOW), publish_due(now=NOW)] == [1, 0]
    assert queries.get_chapter(story_slug=chapter.story_slug, slug=chapter.slug)
    tree = queries.get_tree(story_slug=chapter.story_slug).value
    assert chapter.slug in {node.slug for node in tree.nodes}
    assert [event.chapter_slug for event in announced] == [chapter.slug]
    chapter.reload()
    assert (chapter.status, chapter.publish_at) == ("published", None)


def test_what_is_not_due_yet_or_has_no_time_waits(announced: list[ChapterAdded]) -> None:
    later, draft = wait_for(1), wait_for(-1)
    Chapter.objects(slug=draft.slug).update_one(unset__publish_at=True)
    removed = wait_for(-1)
    removed.empty(now=NOW)
    announced.clear()
    assert publish_due(now=NOW) == 0
    assert not announced
    assert publish_due(now=NOW + timedelta(minutes=1)) == 1
    assert [event.chapter_slug for event in announced] == [later.slug]


def test_a_story_that_is_gone_takes_its_chapters_with_it(announced: list[ChapterAdded]) -> None:
    chapter = wait_for(-1)
    Story.objects(slug=chapter.story_slug).first().turn(status="deleted", now=NOW)
    announced.clear()
    assert publish_due(now=NOW) == 0
    chapter.reload()
    assert (chapter.status, chapter.publish_at) == ("draft", None)
    assert not announced


def test_many_are_published_in_bounded_steps_the_longest_due_first(
    announced: list[ChapterAdded], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "PUBLISHED_AT_ONCE", 2)
    chapters = [wait_for(-n) for n in (1, 3, 2)]
    announced.clear()
    assert [publish_due(now=NOW) for _ in range(3)] == [2, 1, 0]
    assert [event.chapter_slug for event in announced] == [
        chapters[1].slug,
        chapters[2].slug,
        chapters[0].slug,
    ]
