"""The schedules of a running system, as its operator meets them: in a browser, with real beats."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from tests.acceptance.browser import CHROMIUM, DRIVER, MISSING, Browser, sign_in
from tests.acceptance.running import ROOT, Running, run_storychain, wait_until

LIST = "/admin/schedules/schedule/"
needs_browser = pytest.mark.skipif(not (DRIVER and CHROMIUM), reason=MISSING)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Everything, as `make run` starts it."""
    with run_storychain(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def browser(running: Running, tmp_path: Path) -> Iterator[Browser]:
    """A browser in which the first admin has signed in."""
    with sign_in(running, tmp_path) as browser:
        yield browser


def ask(running: Running, question: str, *values: object) -> list[tuple[str, ...]]:
    """Ask or tell the running system's SQL database."""
    with closing(sqlite3.connect(running.home / "sql.sqlite3", timeout=20)) as sql, sql:
        return sql.execute(question, values).fetchall()


def choose(browser: Browser, name: str, action: str) -> None:
    """Tick a schedule in the list and carry out an action."""
    browser.run(
        "for (const row of document.querySelectorAll('#result_list tbody tr'))"
        f"  if (row.innerText.includes({name!r})) row.querySelector('.action-select').click()"
    )
    browser.run(f"document.querySelector('select[name=action]').value = {action!r}")
    browser.click("button[name=index]")


@needs_browser
def test_an_operator_sees_edits_and_runs_schedules(
    running: Running, browser: Browser, tmp_path: Path
) -> None:
    browser.open(running.url + LIST)
    browser.keep_picture(tmp_path / "schedules.png")
    seen = browser.text
    for text in ("health-check", "Every 5 minutes UTC", "At 03:03 UTC", "from now", "TOOK"):
        assert text in seen
    assert browser.run("return document.body.scrollWidth <= window.innerWidth")
    table = "document.querySelector('.results')"
    assert browser.run(f"return {table}.scrollWidth <= {table}.clientWidth")  # no column is cut off

    browser.run("[...document.links].find(a => a.innerText === 'health-check').click()")
    wait_until(lambda: browser.url.endswith("/change/"), seconds=10)
    page = browser.url
    browser.fill("#id_cron", "0 0 30 2 *")
    browser.fill("#id_kwargs", '{"floor": 1}')
    browser.click("input[name=_save]")
    browser.wait_for("never occurs")
    browser.wait_for("unknown field `floor`")
    browser.keep_picture(tmp_path / "refused.png")
    browser.fill("#id_cron", "7 * * * *")
    browser.fill("#id_kwargs", "{}")
    browser.click("input[name=_save]")
    browser.wait_for("At 7 minutes past the hour UTC")

    browser.open(page)
    browser.keep_picture(tmp_path / "schedule.png")
    browser.run("[...document.links].find(a => a.innerText.toLowerCase() === 'run now').click()")
    browser.wait_for("Runs now: health-check, as job")
    wait_until(lambda: ask(running, "SELECT 1 FROM maintenance_healthcheck"), seconds=20)
    choose_from(running, browser)
    browser.open(f"{running.url}/admin/maintenance/healthcheck/")
    browser.keep_picture(tmp_path / "health.png")
    browser.wait_for("health check")
    assert "kept health-check: timing" in running.manage("sync_schedules")


def choose_from(running: Running, browser: Browser) -> None:
    """Run a schedule from the list, and see both its runs in the history."""
    browser.open(running.url + LIST)
    choose(browser, "health-check", "run_at_once")
    browser.wait_for("Runs now: health-check, as job")
    done = "SELECT 1 FROM schedules_slot WHERE is_manual AND state = 'completed'"
    wait_until(lambda: len(ask(running, done)) == 2, seconds=30)
    browser.open(f"{running.url}/admin/schedules/slot/?schedule=health-check&state=completed")
    browser.wait_for("completed")


@needs_browser
def test_an_operator_reads_the_history_and_the_day_ahead(
    running: Running, browser: Browser, tmp_path: Path
) -> None:
    ask(
        running,
        "INSERT INTO schedules_slot"
        " (schedule, due_at, is_manual, state, job, job_id, attempts, error)"
        " VALUES ('purge-expired-exports', '2026-11-24 10:17:00', 0, 'failed', 'exports.purge',"
        " 'sched:x', 3, 'OSError: no space left on device')",
    )
    browser.open(f"{running.url}/admin/schedules/slot/")
    browser.wait_for("no space left on device")
    browser.keep_picture(tmp_path / "history.png")
    assert browser.run("return document.body.scrollWidth <= window.innerWidth")
    browser.open(f"{running.url}/admin/schedules/slot/?state=missed")
    assert "no space left" not in browser.text
    browser.open(f"{running.url}{LIST}upcoming/")
    browser.wait_for("purge-expired-exports")
    browser.keep_picture(tmp_path / "upcoming.png")
    assert browser.run("return document.body.scrollWidth <= window.innerWidth")


def test_two_beats_one_of_them_killed_run_every_slot_once(running: Running) -> None:
    before = completed(running)
    start_pulse(running)
    second = start_beat(running)
    try:
        wait_until(lambda: len(slots(running)) >= 3, seconds=30)
        second.send_signal(signal.SIGKILL)
        wait_until(lambda: len(slots(running)) >= 6, seconds=30)
    finally:
        second.kill()
        second.wait()
    ask(running, "UPDATE django_celery_beat_periodictask SET enabled = 0 WHERE name = 'pulse'")
    told = time.monotonic()
    wait_until(lambda: is_quiet(running), seconds=10)
    found = slots(running)
    assert found[-1].timestamp() - (time.time() - (time.monotonic() - told)) < 5
    assert {b - a for a, b in pairwise(found)} == {timedelta(seconds=1)}
    wait_until(lambda: completed(running) - before >= len(found), seconds=20)


def start_pulse(running: Running) -> None:
    """Schedule the health check every second, which only SQL can."""
    ask(
        running,
        "INSERT INTO django_celery_beat_intervalschedule (every, period) VALUES (1, 'seconds')",
    )
    row = "SELECT * FROM django_celery_beat_periodictask WHERE name = 'health-check'"
    with closing(sqlite3.connect(running.home / "sql.sqlite3", timeout=20)) as sql, sql:
        sql.row_factory = sqlite3.Row
        values = dict(sql.execute(row).fetchone())
        interval = sql.execute(
            "SELECT max(id) FROM django_celery_beat_intervalschedule"
        ).fetchone()[0]
        values |= {"id": None, "name": "pulse", "crontab_id": None, "interval_id": interval}
        values |= {"start_time": datetime.now().astimezone().isoformat(" "), "last_run_at": None}
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        sql.execute(
            f"INSERT INTO django_celery_beat_periodictask ({names}) VALUES ({marks})",  # noqa: S608
            list(values.values()),
        )


def start_beat(running: Running) -> subprocess.Popen[bytes]:
    """Start another beat beside the one that runs."""
    command = [sys.executable, "-m", "celery", "-A", "config.celery", "beat"]
    with (running.home / "second-beat.log").open("wb") as log:
        return subprocess.Popen(command, cwd=ROOT, env=running.environ, stdout=log, stderr=log)


def slots(running: Running) -> list[datetime]:
    """Return the slots of the pulse that were run, in order."""
    prefix = "sched:pulse:"
    rows = ask(
        running, "SELECT job_id FROM maintenance_healthcheck WHERE job_id LIKE ?", f"{prefix}%"
    )
    return sorted(datetime.fromisoformat(job_id.removeprefix(prefix)) for (job_id,) in rows)


def completed(running: Running) -> int:
    """Return how many runs of the health check's queue have ended well, by the ledger's count."""
    queues = httpx.get(f"{running.url}/health").json()["queues"]
    return sum(queue["completed"] for queue in queues if queue["name"] == "notification")


def is_quiet(running: Running) -> bool:
    """Tell whether the latest slot is more than two seconds old."""
    return time.time() - slots(running)[-1].timestamp() > 2
