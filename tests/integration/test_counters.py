"""What many count at once comes out exactly, in few writes of the subject."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from storychain import counters
from storychain.counters import PendingCount
from storychain.documents import unit_of_work
from tests.books import Book, add_book, listening, read_book, settle

COUNTERS, EACH = 8, 40


def reads(slug: str = "a") -> int:
    return int(Book.objects(slug=slug).get().counts.reads)


def test_many_count_while_two_settle_and_every_one_counts_once() -> None:
    add_book()
    done = threading.Event()

    def count(_: int) -> None:
        for _ in range(EACH):
            read_book()

    def keep_settling(_: int) -> int:
        settled = 0
        while not done.wait(0.02):
            settled += settle()
        return settled

    with ThreadPoolExecutor(COUNTERS + 2) as threads, listening() as changes:
        settlers = [threads.submit(keep_settling, n) for n in range(2)]
        list(threads.map(count, range(COUNTERS)))
        done.set()
        settled = sum(one.result() for one in settlers) + settle()
    assert reads() == settled == COUNTERS * EACH
    assert PendingCount.objects.count() == 0
    assert 0 < sum(change.model is Book for change in changes) < COUNTERS * EACH / 4


def test_of_two_who_settle_the_same_the_later_counts_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_book()
    read_book()
    usual, others = counters._take_away, [1]

    def take_away(ids: list[object]) -> None:
        """Let another settle between what we have read and what we take."""
        if others:
            others.pop()
            with ThreadPoolExecutor(1) as thread:
                assert thread.submit(settle).result() == 1
        usual(ids)

    monkeypatch.setattr(counters, "_take_away", take_away)
    assert (settle(), reads()) == (0, 1)


def test_a_sum_of_nothing_writes_nothing_and_a_backlog_goes_in_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(counters, "MOST", 2)
    add_book()
    with listening() as changes:
        read_book()
        read_book(times=-1)
        read_book(times=0)
        assert settle() == 2
    assert changes == []
    for _ in range(5):
        read_book()
    with listening() as changes:
        assert (settle(), reads(), len(changes)) == (5, 5, 3)


def test_what_was_rolled_back_counts_not_and_what_is_gone_holds_up_nothing() -> None:
    @unit_of_work
    def count_in_vain() -> None:
        counters.add(kind="book", key="a", counts={"reads": 1})
        raise LookupError

    add_book("b")
    with pytest.raises(LookupError):
        count_in_vain()
    with pytest.raises(RuntimeError):
        counters.add(kind="book", key="b", counts={"reads": 1})
    read_book("a")  # which there is not
    read_book("b")
    assert (settle(), reads("b")) == (2, 1)


def test_a_subject_that_fails_is_tried_again_and_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_book("a")
    add_book("b")
    read_book("a")
    read_book("b")
    usual = counters._settlers["book"]

    def fail_at_a(slug: str, counts: dict[str, int]) -> None:
        usual(slug, counts)
        if slug == "a":
            raise ValueError

    monkeypatch.setitem(counters._settlers, "book", fail_at_a)
    assert (settle(), reads("a"), reads("b")) == (1, 0, 1)
    monkeypatch.setitem(counters._settlers, "book", usual)
    assert (settle(), reads("a"), reads("b")) == (1, 1, 1)
