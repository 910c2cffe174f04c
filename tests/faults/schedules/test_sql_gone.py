"""SQL goes away, for one beat and for all: another leads, nothing fires, nothing vanishes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storychain.schedules.leader import list_beats
from tests.faults.schedules.test_beats import assert_once, wait_for_runs
from tests.queueing.sizes import sized
from tests.queueing.workers import Crew, wait_until
from tests.scheduling.beats import Beats, PostgresSql, Sql, beating, read_trace
from tests.scheduling.postgresql import IS_HERE, MISSING, Cluster, run_cluster

OUTAGE = timedelta(seconds=sized(60))
pytestmark = pytest.mark.timeout(600)  # each starts several processes


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with run_cluster() as running:
        yield running


@pytest.mark.skipif(not IS_HERE, reason=MISSING)
def test_while_postgresql_is_gone_nobody_leads_and_then_every_slot_is_told_of(
    cluster: Cluster, tmp_path: Path, crew: Crew, trace: str
) -> None:
    sql = PostgresSql(cluster.url())
    sql.migrate()
    sql.ask("CREATE ROLE other SUPERUSER LOGIN")
    sql.add("pulse", trace)
    with beating(tmp_path, sql) as beats:
        first = beats.start_ready(DATABASE_URL=cluster.url("other"))
        second = beats.start()
        crew.start(DATABASE_URL=sql.url)
        beats.wait_for(second)
        assert (beats.leads(first), beats.leads(second)) == (True, False)
        wait_for_runs(trace, 2)

        sql.ask("ALTER ROLE other NOLOGIN")
        sql.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'other'")
        wait_until(lambda: beats.leads(second))
        assert not beats.leads(first)
        wait_for_runs(trace, len(read_trace(trace)) + 2)
        sql.ask("ALTER ROLE other LOGIN")

        stopped_at = datetime.now(UTC)
        cluster.stop()
        wait_until(lambda: not any(beat.leads for beat in list_beats()))
        seen = read_trace(trace)
        wait_until(lambda: datetime.now(UTC) > stopped_at + OUTAGE, seconds=30)
        assert [slot for slot in read_trace(trace) if slot > max(seen)] == []
        cluster.start()
        back_at = datetime.now(UTC)

        wait_until(lambda: sum(beat.leads for beat in list_beats()) == 1)
        wait_for_runs(trace, len(seen) + 3)
        assert_once(sql, "pulse", trace)
        during = [slot for slot in sql.slots("pulse") if stopped_at < slot < back_at]
        assert len(during) == pytest.approx((back_at - stopped_at).total_seconds(), abs=1)


def test_a_beat_that_starts_before_its_sql_is_there_waits_for_it(
    beats: Beats, sql: Sql, worker: Crew, trace: str
) -> None:
    sql.add("pulse", trace)
    away = sql.path.with_suffix(".away")
    sql.path.rename(away)
    sql.path.mkdir()  # so that nobody makes an empty one
    beats.start_ready()
    wait_until(lambda: "schedules cannot be read or recorded" in beats.log())
    assert [beat.leads for beat in list_beats()] == [False]
    sql.path.rmdir()
    away.rename(sql.path)
    wait_for_runs(trace, 2)
    assert_once(sql, "pulse", trace)
