"""Whoever dies between two steps of counting has counted once, or not at all."""

from __future__ import annotations

from typing import Any

from apps.chapters.documents import Chapter
from apps.votes.documents import Vote
from storychain.documents import ensure_indexes
from tests.books import Book, add_book, read_book, settle
from tests.factories import published_story, sign_in
from tests.faults.mortals import mortals


def test_kill_9_between_any_two_steps_of_settling_counts_once(mongo: Any, fresh_names: str) -> None:
    ensure_indexes()
    add_book()
    notes, counted, step, is_over = mongo[fresh_names]["pending_counts"], 0, 0, False
    found = []
    with mortals(mongo) as children:
        while not is_over:
            step += 1
            read_book()
            read_book(times=2)
            counted += 3
            is_over = children.do("tests.books.settle", step)
            found.append(notes.count_documents({}))
            settle()  # as the next one does
            assert Book.objects(slug="a").get().counts.reads == counted, step
    assert set(found) == {0, 2}
    assert len(found) > 4, found


def test_kill_9_between_any_two_steps_of_a_vote_leaves_it_with_its_count_or_nothing(
    mongo: Any, fresh_names: str
) -> None:
    ensure_indexes()
    story, root = published_story(sign_in())
    found, step, is_over = [], 0, False
    with mortals(mongo) as children:
        while not is_over:
            step += 1
            is_over = children.do(
                "apps.votes.services.vote_on_chapter",
                step,
                story_slug=story,
                slug=root,
                caller_id=f"voter_{step}",
                value=1,
            )
            settle()
            found.append(Vote.objects.count())
            assert Chapter.objects(slug=root).get().votes.up == found[-1], step
    assert found[0] == 0
    assert found[-2:] == [1, 2]  # dead just after the commit, and alive
