"""What Prometheus is told: by whichever process answers, the figures of all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.acceptance.running import Running, run_storychain, wait_until

ASKED = 40


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Everything, with two web processes; something of an earlier run lies about."""
    home = tmp_path_factory.mktemp("home")
    (home / "figures").mkdir()
    (home / "figures" / "counter_1.db").write_bytes(b"\0" * 64)
    with run_storychain(home, WEB_CONCURRENCY="2") as running:
        yield running


def sample(running: Running, name: str, **labels: str) -> float:
    """Return the sum of the samples of this name that have these labels."""
    text = httpx.get(f"{running.url}/metrics").text
    return sum(
        found.value
        for family in text_string_to_metric_families(text)
        for found in family.samples
        if found.name == name and labels.items() <= found.labels.items()
    )


def web_processes(running: Running) -> list[psutil.Process]:
    """Return the two that serve."""
    found = []
    with suppress(psutil.Error):
        for process in psutil.Process(running.process.pid).children(recursive=True):
            with suppress(psutil.Error):
                if process.name() == "web" and process.parent().name() == "web":
                    found.append(process)
    return found


def answered(running: Running) -> float:
    return sample(running, "storychain_http_requests_total", route="/api/v1/stories", status="200")


def test_two_web_processes_count_as_one(running: Running) -> None:
    wait_until(lambda: len(web_processes(running)) == 2, seconds=30)
    for _ in range(ASKED):  # each on a connection of its own, so that both are asked
        assert httpx.get(f"{running.url}/api/v1/stories").status_code == 200
    assert {answered(running) for _ in range(10)} == {ASKED}
    files = {file.name for file in (running.home / "figures").glob("counter_*.db")}
    assert {f"counter_{process.pid}.db" for process in web_processes(running)} <= files


def test_what_workers_count_shows_as_well(running: Running) -> None:
    before = sample(running, "storychain_job_runs_total", fate="kept")
    running.manage("jobs", "enqueue", "maintenance.check_health")
    # Schedules have jobs of their own run meanwhile.
    wait_until(
        lambda: sample(running, "storychain_job_runs_total", fate="kept") > before, seconds=30
    )


def test_a_process_that_died_has_counted_but_is_not_any_more(running: Running) -> None:
    before = answered(running)
    victim = web_processes(running)[0]
    victim.kill()
    wait_until(lambda: len(set(web_processes(running)) - {victim}) == 2, seconds=30)
    assert answered(running) == before
    live = {file.name for file in (running.home / "figures").glob("gauge_live*.db")}
    assert f"gauge_livesum_{victim.pid}.db" not in live
