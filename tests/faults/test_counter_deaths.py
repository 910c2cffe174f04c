"""A settler that dies between any two steps has settled what it took, or taken nothing."""

from __future__ import annotations

from typing import Any

from storychain.documents import ensure_indexes
from tests.books import Book, add_book, read_book, settle
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
