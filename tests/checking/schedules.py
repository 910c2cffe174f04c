"""The races of a cached read, each as the one order of steps that loses without its safeguard."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.checking.world import StoppedRead, World, Writer

Schedule = Callable[[World, pytest.MonkeyPatch], None]


def write(world: World, patch: pytest.MonkeyPatch, *rows: str) -> None:
    """Write from BEGIN to END."""
    Writer(world, *rows).begin(patch).commit().end()


def a_write_during_a_load(world: World, patch: pytest.MonkeyPatch) -> None:
    world.read("page", during=lambda: write(world, patch, "story"))
    world.read("page")


def a_write_of_what_a_load_found(world: World, patch: pytest.MonkeyPatch) -> None:
    world.read("page", during=lambda: write(world, patch, "author"))
    world.read("page")


def a_write_between_a_load_and_a_page_inside_it(world: World, patch: pytest.MonkeyPatch) -> None:
    world.read("around", during=lambda: write(world, patch, "author"))
    world.read("around")


def a_write_of_what_a_page_inside_shows(world: World, patch: pytest.MonkeyPatch) -> None:
    world.read("nested")
    write(world, patch, "author")
    world.read("nested")


def overlapping_writers(world: World, patch: pytest.MonkeyPatch) -> None:
    first, second = Writer(world, "story").begin(patch), Writer(world, "story").begin(patch)
    first.commit().end()
    world.read("page")
    second.commit()
    world.oracle.check(world.rows | {"lamp": 1}, floors={}, reader="one who reads no cache")
    world.read("page")
    second.end()
    world.read("page")


def a_failover_to_an_old_copy(world: World, patch: pytest.MonkeyPatch) -> None:
    world.read("page")
    world.remember()
    write(world, patch, "story")
    world.fail_over()
    world.read("page")


def an_evicted_tag(world: World, patch: pytest.MonkeyPatch) -> None:
    world.read("page")
    world.evict("v:*")
    write(world, patch, "story")
    world.evict("v:*")
    world.read("page")


def a_second_reader_after_a_write(world: World, patch: pytest.MonkeyPatch) -> None:
    world.read("page")  # so that the process knows of the author before it loads again
    world.evict("e:*")
    early = StoppedRead(world, "page")
    write(world, patch, "author")
    late = StoppedRead(world, "page")
    early.resume()
    late.resume()


def a_second_reader_of_a_nested_page(world: World, patch: pytest.MonkeyPatch) -> None:
    early = StoppedRead(world, "nested")
    write(world, patch, "author")
    late = StoppedRead(world, "nested")
    early.resume()
    late.resume()


def a_writer_killed_before_end(world: World, patch: pytest.MonkeyPatch) -> None:
    world.read("page")
    dead = Writer(world, "story").begin(patch)
    world.read("page")
    dead.commit().lapse()
    dead.settle()
    world.read("page")


def a_writer_killed_whose_intent_was_evicted(world: World, patch: pytest.MonkeyPatch) -> None:
    dead = Writer(world, "story").begin(patch)
    world.evict("v:*")
    world.read("page")
    dead.commit()
    world.flush()
    dead.settle()
    world.read("page")


def an_outage_between_begin_and_end(world: World, patch: pytest.MonkeyPatch) -> None:
    world.read("page")
    writer = Writer(world, "story").begin(patch).commit()
    world.is_down = True
    writer.end()
    world.is_down = False
    world.read("page")


def an_outage_over_a_whole_write(world: World, patch: pytest.MonkeyPatch) -> None:
    world.read("page")
    world.is_down = True
    write(world, patch, "story")
    world.is_down = False
    world.read("page")


SCHEDULES: tuple[Schedule, ...] = (
    a_write_during_a_load,
    a_write_of_what_a_load_found,
    a_write_between_a_load_and_a_page_inside_it,
    a_write_of_what_a_page_inside_shows,
    overlapping_writers,
    a_failover_to_an_old_copy,
    an_evicted_tag,
    a_second_reader_after_a_write,
    a_second_reader_of_a_nested_page,
    a_writer_killed_before_end,
    a_writer_killed_whose_intent_was_evicted,
    an_outage_between_begin_and_end,
    an_outage_over_a_whole_write,
)
