"""A unit of work is one transaction: all or nothing, tried again after a conflict."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from mongoengine.errors import NotUniqueError

from storychain import documents
from storychain.documents import UnitOfWork, current_unit, unit_of_work
from storychain.errors import Conflict, Unavailable
from tests.books import Book, add_book


@pytest.fixture
def outcomes() -> Iterator[list[str]]:
    """How each unit ended, in order."""
    found: list[str] = []

    def hear(outcome: str, **_: object) -> None:
        found.append(outcome)

    documents.ended.connect(hear)
    yield found
    documents.ended.disconnect(hear)


def elsewhere(work: Callable[[], Any]) -> Any:
    """Do something in another thread, and so in a unit of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def slugs() -> list[str]:
    return sorted(book.slug for book in Book.objects)


def test_it_is_all_or_nothing() -> None:
    add_book("a", title="x")

    @unit_of_work
    def fail() -> None:
        Book.objects(slug="a").update_one(title="y")
        add_book("b")
        raise Conflict

    with pytest.raises(Conflict):
        fail()
    assert [(b.slug, b.title) for b in Book.objects] == [("a", "x")]


def test_it_reads_its_own_writes_and_nobody_else_does() -> None:
    @unit_of_work
    def write_and_look() -> None:
        add_book("a")
        assert slugs() == ["a"]
        assert elsewhere(slugs) == []

    write_and_look()
    assert slugs() == ["a"]


def test_units_inside_it_join_it(outcomes: list[str]) -> None:
    @unit_of_work
    def outer() -> UnitOfWork | None:
        add_book("a")
        add_book("b")
        return current_unit()

    unit = outer()
    assert [change.document.slug for change in unit.changes] == ["a", "b"]
    assert outcomes == ["committed"]


def test_a_thread_that_it_starts_is_in_none() -> None:
    @unit_of_work
    def look_elsewhere() -> Any:
        assert current_unit() is not None
        return elsewhere(current_unit)

    assert look_elsewhere() is None
    assert current_unit() is None


def test_what_would_run_after_its_end_is_refused() -> None:
    def generate() -> Iterator[int]:
        yield 1

    with pytest.raises(TypeError):
        unit_of_work(generate)


# Who listens


def test_whoever_fails_when_something_changed_stops_it(outcomes: list[str]) -> None:
    def refuse(**_: object) -> None:
        raise Conflict("not like this")

    for signal in (documents.changed, documents.committing):
        signal.connect(refuse)
        try:
            with pytest.raises(Conflict):
                add_book("a")
        finally:
            signal.disconnect(refuse)
    assert slugs() == []
    assert outcomes == ["aborted", "aborted"]


def test_what_is_written_last_thing_before_the_commit_belongs_to_it() -> None:
    def write(unit: UnitOfWork, **_: object) -> None:
        if unit.notes.setdefault("first", True):
            unit.notes["first"] = False
            add_book("b")

    documents.committing.connect(write)
    try:
        add_book("a")
    finally:
        documents.committing.disconnect(write)
    assert slugs() == ["a", "b"]


def test_whoever_fails_after_the_commit_undoes_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(**_: object) -> None:
        raise ZeroDivisionError

    documents.ended.connect(fail)
    try:
        add_book("a")
    finally:
        documents.ended.disconnect(fail)
    assert slugs() == ["a"]
    assert "after a unit of work" in caplog.text


# Conflicts


def conflicting(work: Callable[[], Any], *, times: int = 1) -> Callable[[], Any]:
    """Return the work as a unit that loses its first attempts to another writer."""
    add_book("other")
    tries = iter(range(times))

    @unit_of_work
    def run() -> Any:
        result = work()
        assert Book.objects(slug="other").first() is not None
        if next(tries, None) is not None:
            elsewhere(lambda: Book.objects(slug="other").update_one(inc__counts__reads=1))
        Book.objects(slug="other").update_one(inc__counts__reads=10)
        return result

    return run


def test_after_a_conflict_it_begins_anew_with_nothing_noted(outcomes: list[str]) -> None:
    seen = []

    def note() -> None:
        unit = current_unit()
        seen.append((len(unit.changes), dict(unit.notes)))
        unit.notes["tried"] = True
        add_book("a")

    conflicting(note, times=2)()
    assert seen == [(0, {})] * 3
    assert outcomes == ["committed", *["committed", "aborted"] * 2, "committed"]
    assert Book.objects.get(slug="other").counts.reads == 12


def test_a_document_made_outside_is_inserted_by_the_attempt_that_succeeds() -> None:
    """The second attempt must insert again, not update what was never kept."""
    made = Book(slug="a", title="x")

    def save_twice() -> None:
        made.save()
        made.tags.append("t")
        made.counts.reads = 3
        made.save()

    conflicting(save_twice)()
    kept = Book.objects.get(slug="a")
    assert (kept.title, kept.counts.reads) == ("x", 3)


def test_a_document_read_outside_is_updated_by_the_attempt_that_succeeds() -> None:
    read = add_book("a")
    read.title, read.counts.reads = "y", 3
    conflicting(read.save)()
    kept = Book.objects.get(slug="a")
    assert (kept.title, kept.counts.reads) == ("y", 3)


def test_a_conflict_that_was_caught_on_the_way_is_tried_again_all_the_same() -> None:
    add_book("a")
    tries = []

    @unit_of_work
    def swallow() -> None:
        tries.append(1)
        assert Book.objects(slug="a").first()
        if len(tries) == 1:
            elsewhere(lambda: Book.objects(slug="a").update_one(title="theirs"))
        try:
            Book.objects(slug="a").update_one(inc__counts__reads=1)
        except Exception:  # noqa: BLE001 - whatever it was
            assert len(tries) == 1

    swallow()
    kept = Book.objects.get(slug="a")
    assert (kept.title, kept.counts.reads, len(tries)) == ("theirs", 1, 2)


def test_writers_at_once_lose_nothing() -> None:
    add_book("a")

    @unit_of_work
    def count_up() -> None:
        found = Book.objects.get(slug="a")
        found.counts.reads += 1
        found.save()

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda _: [count_up() for _ in range(20)], range(5)))
    assert Book.objects.get(slug="a").counts.reads == 100


def test_a_condition_of_an_update_holds_when_many_write_at_once() -> None:
    add_book("a")

    def take_one(_: int) -> int:
        return Book.objects(slug="a", counts__reads__lt=7).update_one(inc__counts__reads=1)

    with ThreadPoolExecutor(5) as pool:
        taken = sum(pool.map(take_one, range(20)))
    assert (taken, Book.objects.get(slug="a").counts.reads) == (7, 7)


def test_a_conflict_without_end_is_told(settings: Any) -> None:
    settings.UNIT_OF_WORK_SECONDS = 0.3
    with pytest.raises(Unavailable, match="Too many"):
        conflicting(lambda: None, times=10_000)()


def test_a_unit_that_took_too_long_is_not_kept(settings: Any, outcomes: list[str]) -> None:
    @unit_of_work
    def late() -> None:
        add_book("a")

    settings.UNIT_OF_WORK_SECONDS = 0
    with pytest.raises(Unavailable, match="too long"):
        late()
    assert slugs() == []
    assert outcomes == ["aborted"]


# Failures


def test_a_refused_value_keeps_nothing_and_is_not_tried_again(outcomes: list[str]) -> None:
    add_book("a", number=1)

    @unit_of_work
    def twice() -> None:
        add_book("b", number=2)
        add_book("c", number=1)

    with pytest.raises(NotUniqueError):
        twice()
    assert slugs() == ["a"]
    assert outcomes == ["committed", "aborted"]


def test_a_write_that_failed_ends_the_unit_even_if_it_is_caught() -> None:
    """As MongoDB has it: its transaction is over; and so does the stand-in's seem to be."""
    add_book("a", number=1)

    @unit_of_work
    def pass_over() -> None:
        add_book("b")
        with pytest.raises(NotUniqueError):
            add_book("c", number=1)
        with pytest.raises(NotUniqueError):
            add_book("d")

    with pytest.raises(NotUniqueError):
        pass_over()
    assert slugs() == ["a"]


def test_half_of_an_inner_unit_is_never_kept() -> None:
    @unit_of_work
    def inner() -> None:
        add_book("a")
        raise Conflict

    @unit_of_work
    def outer() -> None:
        add_book("b")
        with pytest.raises(Conflict):
            inner()

    with pytest.raises(Conflict):
        outer()
    assert slugs() == []


def test_an_inner_unit_that_refuses_before_it_writes_may_be_passed_over() -> None:
    @unit_of_work
    def inner() -> None:
        raise Conflict

    @unit_of_work
    def outer() -> None:
        with pytest.raises(Conflict):
            inner()
        add_book("a")

    outer()
    assert slugs() == ["a"]
