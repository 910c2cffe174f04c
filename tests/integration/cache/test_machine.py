"""Whatever happens in whatever order, no reader is shown the past."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from hypothesis import HealthCheck, settings, strategies
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from storychain import redis
from tests.checking.world import PAGES, ROWS, StoppedRead, World, Writer

PAGE, ROW = strategies.sampled_from(PAGES), strategies.sampled_from(ROWS)
KEYS = strategies.sampled_from(["v:*", "f:*", "l:*", "e:*", "epoch", "v:user:*", "v:story:*", "*"])


CHECKED: list[int] = []


class Machine(RuleBasedStateMachine):
    """Readers that can be stopped in mid-load, writers step by step, and what befalls Redis."""

    begun, committed, dead, stopped = (
        Bundle(name) for name in ("begun", "committed", "dead", "stopped")
    )

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.reads: list[StoppedRead] = []
        self.steps_down = 0

    @initialize()
    def start(self) -> None:
        self.patch.setattr("django.conf.settings.KEY_PREFIX", f"m{secrets.token_hex(6)}")
        redis.breaker.cache_clear()
        self.world = World(self.patch)
        self.world.remember()

    @rule(page=PAGE)
    def read(self, page: str) -> None:
        self.world.read(page)

    @rule()
    def read_all_twice(self) -> None:
        for page in PAGES * 2:
            self.world.read(page)

    @rule(row=ROW)
    def write(self, row: str) -> None:
        Writer(self.world, row).begin(self.patch).commit().end()

    @rule(page=PAGE, row=ROW)
    def read_while_somebody_writes(self, page: str, row: str) -> None:
        self.world.evict("e:*")
        self.world.read(page, during=lambda: self.write(row))
        self.world.read(page)

    @rule(row=ROW)
    def fail_over_to_before_a_write(self, row: str) -> None:
        self.read_all_twice()
        self.world.remember()
        self.write(row)
        self.world.fail_over()
        self.read_all_twice()

    @rule(page=PAGE, target=stopped)
    def stop_a_read(self, page: str) -> StoppedRead:
        self.reads.append(StoppedRead(self.world, page))
        return self.reads[-1]

    @rule(read=consumes(stopped))
    def resume_a_read(self, read: StoppedRead) -> None:
        read.resume()

    @precondition(lambda self: self.can_begin())
    @rule(row=ROW, target=begun)
    def begin(self, row: str) -> Writer:
        return Writer(self.world, row).begin(self.patch)

    def can_begin(self) -> bool:
        """While somebody writes nothing is stored: more than two would leave little to find."""
        return sum(writer.is_open for writer in self.world.writers) < 2

    @precondition(lambda self: self.can_begin())
    @rule(target=begun)
    def begin_two(self) -> Writer:
        return Writer(self.world, "story", "author").begin(self.patch)

    @rule(writer=consumes(begun), target=committed)
    def commit(self, writer: Writer) -> Writer:
        return writer.commit()

    @rule(writer=consumes(committed))
    def end(self, writer: Writer) -> None:
        writer.end()

    @rule(writer=consumes(begun))
    def abort(self, writer: Writer) -> None:
        writer.abort()

    @rule(writer=consumes(committed), target=dead)
    def die(self, writer: Writer) -> Writer:
        return writer

    @rule(writer=consumes(begun), target=dead)
    def die_early(self, writer: Writer) -> Writer:
        return writer

    @rule(writer=consumes(dead))
    def lapse(self, writer: Writer) -> None:
        writer.lapse()

    @rule()
    def relay(self) -> None:
        self.world.flush()

    @rule(keys=KEYS)
    def evict(self, keys: str) -> None:
        self.world.evict(keys)

    @rule()
    def forget_the_scripts(self) -> None:
        redis.client("cache").script_flush()

    @rule()
    def remember(self) -> None:
        self.world.remember()

    @rule()
    def fail_over(self) -> None:
        self.world.fail_over()

    @rule(steps=strategies.integers(1, 4))
    def go_down(self, steps: int) -> None:
        self.steps_down = steps
        self.world.is_down = True

    @precondition(lambda self: self.steps_down)
    @invariant()
    def come_back_sometime(self) -> None:
        self.steps_down -= 1
        self.world.is_down = self.steps_down > 0

    @rule()
    def start_another_process(self) -> None:
        self.world.new_process()

    @invariant()
    def somebody_reads_without_the_cache(self) -> None:
        self.world.oracle.check(self.world.rows, floors={}, reader="the database")

    @invariant()
    def nobody_was_shown_the_past(self) -> None:
        assert self.world.oracle.violations == []

    def teardown(self) -> None:
        CHECKED.append(self.world.oracle.checked)
        for read in self.reads:
            read.resume()
        assert self.world.oracle.violations == []
        self.patch.undo()


def test_no_order_of_events_shows_anybody_the_past(settings: Any) -> None:
    settings.CACHE_WAIT_SECONDS = 0.1
    settings.CACHE_INTENT_SECONDS = settings.CACHE_LEASE_SECONDS = 60
    run_state_machine_as_test(Machine, settings=OFTEN)
    assert sum(CHECKED) > OFTEN.max_examples
    print(f"{sum(CHECKED):,} answers checked in {len(CHECKED)} orders of events")


OFTEN = settings(
    max_examples=15,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
