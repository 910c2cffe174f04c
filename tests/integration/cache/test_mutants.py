"""The checker finds nothing in the cache, and something as soon as one safeguard is taken out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextvars import Context
from typing import Any

import pytest

from storychain import redis
from storychain.cache.invalidation import bump
from storychain.cache.region import Region
from storychain.cache.tags import tag
from tests.checking import mutants, schedules
from tests.checking.mutants import Mutant
from tests.checking.schedules import SCHEDULES, Schedule
from tests.checking.world import World

RED: list[tuple[Mutant, Schedule]] = [
    (mutants.tokens_read_after_the_load, schedules.a_write_during_a_load),
    (mutants.fence_not_compared, schedules.a_write_of_what_a_load_found),
    (mutants.intents_merged_into_one_flag, schedules.overlapping_writers),
    (mutants.no_intents, schedules.a_writer_killed_before_end),
    (mutants.epoch_not_compared, schedules.a_failover_to_an_old_copy),
    (mutants.flights_boarded_by_key_alone, schedules.a_second_reader_after_a_write),
    (mutants.nested_pages_shared, schedules.a_second_reader_of_a_nested_page),
    (mutants.tags_inside_kept_to_themselves, schedules.a_write_of_what_a_page_inside_shows),
    (mutants.tags_inside_taken_as_read, schedules.a_write_between_a_load_and_a_page_inside_it),
    (mutants.counted_tokens, schedules.an_evicted_tag),
    (mutants.end_before_commit, schedules.overlapping_writers),
    (mutants.bumps_not_stored_with_the_write, schedules.a_writer_killed_whose_intent_was_evicted),
    (mutants.debts_forgotten, schedules.an_outage_over_a_whole_write),
]


@pytest.fixture
def patch(settings: Any) -> Iterator[pytest.MonkeyPatch]:
    """What stands in and what is taken out, for one test; nobody here waits for time to pass."""
    settings.CACHE_INTENT_SECONDS = settings.CACHE_LEASE_SECONDS = 60
    settings.CACHE_WAIT_SECONDS = 1
    found = pytest.MonkeyPatch()
    yield found
    found.undo()
    redis.script.cache_clear()


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_cache_shows_nobody_the_past(schedule: Schedule, patch: pytest.MonkeyPatch) -> None:
    world = World(patch)
    schedule(world, patch)
    assert world.oracle.checked
    assert world.oracle.violations == []


@pytest.mark.parametrize(("mutant", "schedule"), RED)
def test_without_this_safeguard_the_checker_goes_red(
    mutant: Mutant, schedule: Schedule, patch: pytest.MonkeyPatch
) -> None:
    redis.script.cache_clear()
    mutant(patch)
    world = World(patch)
    schedule(world, patch)
    assert world.oracle.violations


@pytest.mark.parametrize("is_checked", [True, False])
def test_who_has_lost_his_lease_does_not_displace_a_newer_page(
    is_checked: bool, patch: pytest.MonkeyPatch, settings: Any
) -> None:
    """The tokens keep the old page from being believed, but the newer would have to be loaded."""
    redis.script.cache_clear()
    if not is_checked:
        mutants.lease_not_checked(patch)
    region: Region[Any] = Region("slow", ttl=60, type=Any)
    settings.CACHE_LEASE_SECONDS = 0.05
    key, name, client = redis.key("l", "k"), tag("story", "s"), redis.client("cache")

    def slowly() -> int:
        while client.exists(key):
            time.sleep(0.01)
        Context().run(write_and_read)  # as another caller
        return 1

    def write_and_read() -> None:
        bump(name)
        region.get_or_load("k", tags=[name], load=lambda: 2)

    region.get_or_load("k", tags=[name], load=slowly)
    last = region.get_or_load("k", tags=[name], load=lambda: 2)
    assert (last.state, last.value) == ("HIT" if is_checked else "MISS", 2)
