"""`make soak [SECONDS=3600]`: the whole system under readers and a writer, for long.

Prints a line every ten seconds. Fails if a request fails, if a process dies, or if the memory of
all together grows by more than a quarter after the first minute.
"""

import sys
import tempfile
import threading
import time
from itertools import cycle
from pathlib import Path

import httpx
import psutil
from rich.console import Console

from tests.acceptance.running import Running, run_storychain

READERS = 4
REPORT_SECONDS = 10
SETTLED_SECONDS = 60
MOST_GROWTH = 1.25
MB = 2**20
console = Console()


class Soak:
    """The load on a running system, and what has come of it."""

    def __init__(self, running: Running) -> None:
        """Sign somebody in; find what there is to read."""
        token = running.manage("mint_token", "ada").strip().splitlines()[-1]
        self.api = httpx.Client(
            base_url=f"{running.url}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
            limits=httpx.Limits(max_connections=READERS + 1),
        )
        self.family = psutil.Process(running.process.pid).children(recursive=True)
        self.stories = [item["slug"] for item in self.api.get("/stories").json()["items"]]
        self.stopping = threading.Event()
        self.answers, self.failures = 0, list[str]()

    def read(self) -> None:
        """Read shelves, stories and their chapters, round and round."""
        for slug in cycle(self.stories):
            if self.stopping.is_set():
                return
            self._get("/stories")
            self._get(f"/stories/{slug}")
            for node in self._get(f"/stories/{slug}/tree").json().get("nodes", [])[:20]:
                self._get(f"/stories/{slug}/chapters/{node['slug']}")

    def write(self) -> None:
        """Write a story of our own, and go on writing it."""
        body = {"title": "A long day", "description": "It went on, hour after hour after hour."}
        slug = self.api.post("/stories", json=body).json()["slug"]
        while not self.stopping.wait(1):
            title = f"It is {time.strftime('%H:%M:%S')}"
            answer = self.api.patch(f"/stories/{slug}", json={"title": title})
            if answer.is_error or self._get(f"/stories/{slug}").json()["title"] != title:
                self.failures.append(f"{answer.status_code}: the new title was not seen")

    def _get(self, path: str) -> httpx.Response:
        answer = self.api.get(path)
        self.answers += 1
        if answer.is_error:
            self.failures.append(f"{answer.status_code}: {path}")
        return answer

    def memory(self) -> float:
        """Return the memory of all processes in MB; one that is gone is a failure."""
        gone = [process for process in self.family if not process.is_running()]
        self.failures += [f"process {process.pid} has died" for process in gone]
        return sum(p.memory_full_info().pss for p in self.family if p not in gone) / MB


def run(seconds: int) -> int:
    """Soak for so long; return the exit code."""
    with tempfile.TemporaryDirectory() as home, run_storychain(Path(home)) as running:
        soak = Soak(running)
        threads = [threading.Thread(target=soak.read) for _ in range(READERS)]
        threads.append(threading.Thread(target=soak.write))
        for thread in threads:
            thread.start()
        settled = _watch(soak, seconds)
        soak.stopping.set()
        for thread in threads:
            thread.join()
        growth = soak.memory() / settled
    console.print(f"{soak.answers:,} answers, {len(soak.failures)} failures, memory x {growth:.2f}")
    for failure in sorted(set(soak.failures))[:20]:
        console.print(f"  {failure}")
    return int(bool(soak.failures) or growth > MOST_GROWTH)


def _watch(soak: Soak, seconds: int) -> float:
    """Report until the time is over; return the memory in MB when everything had settled."""
    began_at, settled = time.monotonic(), 0.0
    while (passed := time.monotonic() - began_at) < seconds:
        time.sleep(min(REPORT_SECONDS, seconds - passed))
        memory = soak.memory()
        settled = memory if passed < SETTLED_SECONDS or not settled else settled
        rate = soak.answers / (time.monotonic() - began_at)
        console.print(
            f"{passed + REPORT_SECONDS:>7.0f} s  {soak.answers:>9,} answers ({rate:.0f}/s)  "
            f"{len(soak.failures)} failures  {memory:.0f} MB"
        )
    return settled


if __name__ == "__main__":
    sys.exit(run(int(sys.argv[1]) if sys.argv[1:] else 3600))
