"""The queues of a running system, as its operator meets them in a browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.browser import CHROMIUM, DRIVER, MISSING, Browser, sign_in
from tests.acceptance.running import Running, run_storychain, wait_until

pytestmark = pytest.mark.skipif(not (DRIVER and CHROMIUM), reason=MISSING)
QUEUES, LETTERS, OUTBOX, JOB, RUNS = (
    f"/admin/queues/{path}/" for path in ("overview", "dead-letters", "outbox", "job", "jobrun")
)
SCRIPT = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\">"
NARROW, WIDE = (375, 812), (1280, 1000)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Everything, as `make run` starts it, with the tests' jobs beside the features'."""
    with run_storychain(
        tmp_path_factory.mktemp("home"), DJANGO_SETTINGS_MODULE="tests.queueing.settings"
    ) as running:
        yield running


@pytest.fixture
def browser(running: Running, tmp_path: Path) -> Iterator[Browser]:
    """A browser in which the first admin has signed in."""
    with sign_in(running, tmp_path) as browser:
        yield browser


def die(running: Running, name: str = "test.permanent", payload: str = "{}") -> str:
    """Let a real worker find a job hopeless; return its id once its letter is there."""
    job_id = running.manage("jobs", "enqueue", name, payload).strip()
    wait_until(lambda: job_id in running.manage("dead_letters", "list", "--json"), seconds=30)
    return job_id


def fits(browser: Browser) -> bool:
    """Tell whether nothing of the page lies beyond the window's edge, sideways."""
    return bool(browser.run("return document.documentElement.scrollWidth <= window.innerWidth"))


def look(browser: Browser, running: Running, url: str, picture: Path) -> None:
    """Look at a page in light and dark, wide and narrow; nothing may stick out."""
    for theme in ("light", "dark"):
        browser.run(f"localStorage.setItem('theme', '{theme}')")
        browser.open(running.url + url)
        for size in (WIDE, NARROW):
            browser.resize(*size)
            browser.keep_picture(picture.with_name(f"{picture.name}-{theme}-{size[0]}.png"))
            assert fits(browser), (url, theme, size)
            assert browser.run("return document.title") != "owned"
    browser.resize(*WIDE)


def test_an_operator_pauses_and_resumes_a_queue(
    running: Running, browser: Browser, tmp_path: Path
) -> None:
    browser.open(running.url + QUEUES)
    browser.wait_for("analytics")
    assert browser.text.count("yes") >= 5  # the workers of five queues run
    browser.click("input[value=analytics] + button[value=pause]")
    browser.wait_for("Pause analytics: 1 done")
    job_id = running.manage("jobs", "enqueue", "test.nothing", '{"n": 1}').strip()
    browser.open(f"{running.url}/admin/queues/jobs/analytics/waiting/")
    browser.wait_for(job_id)
    look(browser, running, QUEUES, tmp_path / "queues")
    browser.open(running.url + QUEUES)
    browser.click("input[value=analytics] + button[value=resume]")
    browser.wait_for("Resume analytics: 1 done")
    wait_until(lambda: '"state": "completed"' in running.manage("jobs", "show", job_id), seconds=20)


def test_dead_letters_are_chosen_replayed_and_discarded(
    running: Running, browser: Browser, tmp_path: Path
) -> None:
    marked = die(running, "test.permanent_note", json.dumps({"note": SCRIPT}))
    plain = die(running)
    look(browser, running, LETTERS, tmp_path / "letters")
    look(browser, running, f"{JOB}?id={marked}", tmp_path / "job")
    browser.open(f"{running.url}{JOB}?id={marked}")
    browser.wait_for("<script>")
    browser.wait_for("dead")
    browser.open(running.url + LETTERS)
    browser.click(f"input[value='{plain}']")
    browser.click("button[value=discard]")
    browser.wait_for("Discard: 1 done")
    assert plain not in browser.text
    browser.click("#choose-all")
    browser.click("button[value=replay]")
    browser.wait_for("Replay: 1 done")
    wait_until(  # it is as hopeless as before
        lambda: running.manage("jobs", "show", marked).count('"outcome": "dead"') == 2, seconds=30
    )


def test_job_runs_are_found_and_the_outbox_is_shown(
    running: Running, browser: Browser, tmp_path: Path
) -> None:
    job_id = die(running)
    browser.open(f"{running.url}{RUNS}?q={job_id}")
    browser.wait_for("PermanentError: never")
    assert "1 job run" in browser.text
    look(browser, running, RUNS, tmp_path / "runs")
    look(browser, running, OUTBOX, tmp_path / "outbox")
