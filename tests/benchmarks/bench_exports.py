"""A novel of 124,000 words as PDF and EPUB, from the request over a worker to the finished file.

Printed beside the figures: the most memory that the heavy worker and all its children took
together (proportional set size), while the file was made and before it.
"""

import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import httpx
import psutil

from tests.acceptance.running import ROOT, Running, run_storychain, wait_until
from tests.benchmarks.measuring import Case

NOVEL = ROOT.parent / "shared" / "stories" / "pride-and-prejudice.txt"
GOALS = {"pdf": 4.0, "epub": 3.0}  # seconds, on two quiet cores
PATIENCE_SECONDS = 120
LOOK_EVERY_SECONDS = 0.05
MB = 2**20


@contextmanager
def cases() -> Iterator[list[Case]]:
    """Yield a case a format, measured on one running system that has the novel."""
    if not NOVEL.exists():
        print(f"{NOVEL.name} is not there: nothing to export.")
        yield []
        return
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        running = stack.enter_context(run_storychain(home))
        client = stack.enter_context(_sign_in(running))
        running.manage("import_story", str(NOVEL), "--author", "ada")
        story = client.get("/stories/my").json()["items"][0]["slug"]
        yield [
            Case(
                name=f"queue.export_{kind}_s",
                unit="s",
                better="lower",
                ours=partial(_export, running, client, story, kind),
            )
            for kind in GOALS
        ]


def _sign_in(running: Running) -> httpx.Client:
    token = running.manage("mint_token", "ada").strip().splitlines()[-1]
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=f"{running.url}/api/v1", headers=headers, timeout=30)


def _export(running: Running, client: httpx.Client, story: str, kind: str) -> float:
    """Ask for a file and wait until it can be fetched; return the seconds, print the memory."""
    with _watch_memory(running) as seen:
        began_at = time.monotonic()
        asked = client.post(f"/stories/{story}/exports", json={"format": kind, "language": "en"})
        place = asked.raise_for_status().headers["Location"].removeprefix("/api/v1")
        wait_until(partial(_is_done, client, place), seconds=PATIENCE_SECONDS)
        seconds = time.monotonic() - began_at
    size = len(client.get(client.get(place).json()["file_url"]).content)
    print(
        f"{kind}: {seconds:.2f} s (goal {GOALS[kind]:.0f}), {size / MB:.1f} MB;"
        f" worker and children {max(seen):.0f} MB at most, {seen[0]:.0f} MB before",
        file=sys.stderr,
    )
    return seconds


def _is_done(client: httpx.Client, place: str) -> bool:
    export = client.get(place).json()
    assert export["status"] != "failed", export
    return bool(export["status"] == "done")


@contextmanager
def _watch_memory(running: Running) -> Iterator[list[float]]:
    """Yield a list of the heavy worker's memory in MB, one value at once and then many a second."""
    worker = _heavy_worker(running)
    seen, ended = [_measure(worker)], threading.Event()

    def watch() -> None:
        while not ended.wait(LOOK_EVERY_SECONDS):
            seen.append(_measure(worker))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def _heavy_worker(running: Running) -> psutil.Process:
    family = psutil.Process(running.process.pid).children(recursive=True)
    return next(process for process in family if "heavy" in process.name())


def _measure(worker: psutil.Process) -> float:
    total = 0.0
    with suppress(psutil.Error):
        for process in [worker, *worker.children(recursive=True)]:
            with suppress(psutil.Error):
                total += process.memory_full_info().pss
    return total / MB
