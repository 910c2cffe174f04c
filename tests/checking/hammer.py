"""`python -m tests.checking.hammer SECONDS`: many processes against real servers, under an oracle.

Readers note the floor of every row, read a cached page of any kind, and hold what they are shown
against it. Writers write in every way and are killed by SIGKILL at any moment. For the first half
of the time that is all; in the second keys are evicted at random. Counted apart:

violations  shown below what had been acknowledged when the read began: there must be none
backwards   shown below what another reader had been shown: none while no intent is evicted
errors      reads and writes that were refused

What a killed writer committed counts as acknowledged once the relay has been there. At the end
every page is compared with the database.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import django
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from storychain.embedded import servers
from storychain.embedded_kinds import KINDS

READERS, THREADS, WRITERS = 2, 2, 2
KILL_SECONDS = 0.5
FLAGS = [f"flag-{number}" for number in range(WRITERS)]
JANITOR = READERS * THREADS + WRITERS
SLOTS = JANITOR + 3
KILLS, PHASE = JANITOR + 1, JANITOR + 2
CALM, STORM, OVER = 0, 1, 2
EVICTED = ("v:*", "e:*", "f:*", "l:*")


@dataclass
class Hammer:
    """One run: the board that all share, and where violations are written down."""

    board: Any
    log: Path

    def read(self, process: int) -> None:
        """Read with several threads until it is over."""
        threads = [
            threading.Thread(target=self._read, args=(process * THREADS + number,))
            for number in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _read(self, slot: int) -> None:
        from tests.checking import lamps

        shows = [lamps.show_lamp] * 6 + [lamps.show_all] + [lamps.show_nested] * 2
        while self.board.noted(PHASE) != OVER:
            try:
                if random.random() < 0.1:
                    self._read_flag(random.randrange(WRITERS), slot)
                else:
                    self._read_rows(random.choice(shows), random.choice(lamps.LAMPS), slot)
                self.board.count("reads", slot=slot)
            except Exception as error:  # noqa: BLE001 - counted, whatever it is
                self._report("errors", slot, error=repr(error))

    def _read_rows(self, show: Callable[[str], dict[str, int]], name: str, slot: int) -> None:
        rows = [row for row in self.board.rows if row not in FLAGS]
        acknowledged = {row: self.board.acknowledged(row) for row in rows}
        seen = {row: self.board.seen(row) for row in rows}
        for row, value in show(name).items():
            if value < acknowledged[row]:
                self._report("violations", slot, row, acknowledged[row], value, show.__name__)
            elif value < seen[row]:
                self._report("backwards", slot, row, seen[row], value, show.__name__)
            self.board.see(row, value, slot=slot)

    def _read_flag(self, number: int, slot: int) -> None:
        from tests.checking import lamps

        name, floor = FLAGS[number], self.board.acknowledged(FLAGS[number])
        value = lamps.show_flag(name)
        begun = self.board.seen(name)  # its writer notes there what he is about to write
        was_away = floor % 2 == 0 or begun > floor
        if value < floor if value is not None else not was_away:
            self._report("violations", slot, name, floor, value, f"up to {begun}")

    def _report(self, kind: str, slot: int, *facts: object, **more: object) -> None:
        self.board.count(kind, slot=slot)
        line = {"kind": kind, "phase": self.board.noted(PHASE), "facts": facts, **more}
        with self.log.open("a") as log:
            log.write(json.dumps(line) + "\n")

    def write(self, number: int) -> None:
        """Write until it is over, or until somebody kills us."""
        slot = READERS * THREADS + number
        while self.board.noted(PHASE) != OVER:
            try:
                for row, value in self._write_once(number, slot).items():
                    self.board.acknowledge(row, value, slot=slot)
                self.board.count("writes", slot=slot)
            except Exception as error:  # noqa: BLE001 - counted, whatever it is
                self._report("errors", slot, error=repr(error))
            time.sleep(random.uniform(0, 0.03))  # else nothing would ever be fresh

    def _write_once(self, number: int, slot: int) -> dict[str, int]:
        from tests.checking import lamps

        lamp, chance = random.choice(lamps.LAMPS), random.random()
        if chance < 0.15:
            return lamps.raise_owner(random.choice(lamps.OWNERS))
        if chance < 0.25:
            return self._flip_flag(number, slot)
        if chance < 0.30:
            return lamps.raise_all()
        if chance < 0.35:
            with suppress(ZeroDivisionError):
                lamps.raise_and_think_again(lamp)
            return {}
        way = random.choice(["save", "modify", "update_one"])
        owner = random.choice([None, None, random.choice(lamps.OWNERS)])
        return lamps.raise_lamp(lamp, way=way, owner=owner)

    def _flip_flag(self, number: int, slot: int) -> dict[str, int]:
        """Write the next version; who was here before us may have been killed at any point."""
        from tests.checking import lamps

        name = FLAGS[number]
        is_there = lamps.Flag.objects(name=name).first() is not None
        version = self.board.seen(name) + 1
        version += (version % 2 == 1) == is_there
        self.board.see(name, version, slot=slot)
        lamps.set_flag(name, version)
        return {name: version}

    def keep_house(self) -> None:
        """Relay, evict, and believe the killed after the relay; until it is over."""
        from django.conf import settings

        from storychain import mongodb, outbox, redis

        kills, waiting = 0, list[tuple[float, dict[str, int]]]()
        while self.board.noted(PHASE) != OVER:
            if self.board.noted(KILLS) > kills:
                kills = self.board.noted(KILLS)
                # The dead keep their locks for a minute; the living begin again.
                mongodb.client().admin.command("killAllSessions", [])
                waiting.append((time.monotonic() + settings.OUTBOX_RELAY_SECONDS, _stored()))
            began_at = time.monotonic()
            outbox.relay_once()
            while waiting and waiting[0][0] < began_at:
                for row, value in waiting.pop(0)[1].items():
                    self.board.acknowledge(row, value, slot=JANITOR)
            if self.board.noted(PHASE) == STORM:
                _evict(redis)
            time.sleep(0.05)

    def settle(self) -> None:
        """Once everything has been delivered, every page shows what is stored."""
        from django.conf import settings

        from storychain import outbox
        from tests.checking import lamps

        time.sleep(max(settings.CACHE_INTENT_SECONDS, settings.OUTBOX_RELAY_SECONDS))
        outbox.relay_once()
        stored = _stored()
        shown: dict[str, int] = {}
        for name in lamps.LAMPS:
            shown |= lamps.show_nested(name) | lamps.show_lamp(name) | lamps.show_all("")
        for row, value in shown.items():
            if value != stored[row]:
                self._report("violations", JANITOR, row, stored[row], value, "at the end")


def _stored() -> dict[str, int]:
    from tests.checking import lamps

    return {row.name: row.value for kind in (lamps.Lamp, lamps.Owner) for row in kind.objects()}


def _evict(redis: Any) -> None:
    client = redis.client("cache")
    keys = list(client.scan_iter(redis.key(random.choice(EVICTED)), count=1000))
    for key in random.sample(keys, min(len(keys), 3)):
        client.unlink(key)


def _fork(work: Callable[[], object]) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        random.seed()
        work()
    except BaseException:  # noqa: BLE001 - the fork ends here
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _prepare() -> None:
    """Fill the database."""
    from storychain.documents import ensure_indexes
    from tests.checking import lamps

    ensure_indexes()
    for name in lamps.OWNERS:
        lamps.Owner(name=name).save(force_insert=True)
    for name in lamps.LAMPS:
        lamps.Lamp(name=name, owner=random.choice(lamps.OWNERS)).save(force_insert=True)


def _wait(pid: int) -> None:
    _, status = os.waitpid(pid, 0)
    if status:
        sys.exit(f"process {pid} ended with {status}")


def run(seconds: float) -> dict[str, Any]:
    """Hammer for so long and return the figures."""
    from tests.checking import lamps
    from tests.checking.board import COUNTS, Board

    _wait(_fork(_prepare))  # in a fork, as is all that connects: this process only starts and kills
    with TemporaryDirectory() as folder:
        board = Board([*lamps.LAMPS, *lamps.OWNERS, *FLAGS], SLOTS)
        hammer = Hammer(board, Path(folder) / "log")
        others = [_fork(hammer.keep_house)]
        others += [_fork(lambda n=n: hammer.read(n)) for n in range(READERS)]
        _kill_writers(hammer, seconds)
        for pid in others:
            _wait(pid)
        _wait(_fork(hammer.settle))
        lines = hammer.log.read_text().splitlines() if hammer.log.exists() else []
    found = [json.loads(line) for line in lines]
    figures = {name: board.total(name) for name in COUNTS} | {"kills": board.noted(KILLS)}
    calm = sum(line["kind"] == "backwards" and line["phase"] == CALM for line in found)
    return figures | {"backwards_while_calm": calm, "first": found[:10]}


def _kill_writers(hammer: Hammer, seconds: float) -> None:
    writers = {n: _fork(lambda n=n: hammer.write(n)) for n in range(WRITERS)}
    end, kills = time.monotonic() + seconds, 0
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=seconds)
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, random.uniform(0, 2 * KILL_SECONDS)))
            number = random.randrange(WRITERS)
            os.kill(writers[number], signal.SIGKILL)
            os.waitpid(writers[number], 0)
            kills += 1
            hammer.board.note(KILLS, kills)
            hammer.board.note(PHASE, CALM if left > seconds / 2 else STORM)
            writers[number] = _fork(lambda number=number: hammer.write(number))
            progress.update(task, completed=seconds - left, description=_status(hammer.board))
    hammer.board.note(PHASE, OVER)
    for pid in writers.values():
        _wait(pid)


def _status(board: Any) -> str:
    return (
        f"{board.total('reads'):,} reads, {board.total('writes'):,} writes, "
        f"{board.noted(KILLS)} kills, {board.total('violations')} violations"
    )


def main(seconds: float) -> int:
    """Hammer servers of our own; print the figures and return 1 if anything old was shown."""
    for variable in KINDS:
        os.environ.pop(variable, None)
    with TemporaryDirectory() as home:
        os.environ |= {"STORYCHAIN_HOME": home, "DJANGO_SETTINGS_MODULE": "config.settings"}
        with servers(durable=False) as urls:
            os.environ |= urls
            django.setup()
            from django.conf import settings

            # Writers die twice a second: with a minute's intents nothing would be stored.
            settings.CACHE_INTENT_SECONDS, settings.UNIT_OF_WORK_SECONDS = 3, 1
            settings.OUTBOX_RELAY_SECONDS = 0.2
            figures = run(seconds)
    print(json.dumps(figures, indent=2))
    return int(bool(figures["violations"] or figures["backwards_while_calm"]))


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if sys.argv[1:] else 600))
