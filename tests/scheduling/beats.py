"""Beats in processes of their own, and the SQL database that they share."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from storychain.schedules.leader import Beat, list_beats
from tests.queueing.workers import ROOT, start_celery, wait_until

ANCIENT = datetime(2000, 1, 1, tzinfo=UTC)


class Sql:
    """A file with all tables, looked at and changed as an operator's hand would, past Django."""

    def __init__(self, path: Path) -> None:
        self.path, self.url = path, f"sqlite:///{path}"

    def migrate(self) -> None:
        run_migrations(self.url)
        with closing(self.connect()) as sql:  # what is copied is then one file
            sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=20, isolation_level=None)

    def ask(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(self.connect()) as sql:
            return sql.execute(question, values).fetchall()

    def add(
        self,
        name: str,
        trace: str,
        *,
        cron: str = "",
        zone: str = "UTC",
        since: datetime | None = None,
    ) -> None:
        """Schedule `test.leave_slot`: every second, or by a pattern."""
        column = "crontab_id" if cron else "interval_id"
        row = self._add_cron(cron, zone) if cron else self._add_second()
        since = since or datetime.now(UTC)
        columns = (
            "name, task, args, kwargs, enabled, one_off, total_run_count, date_changed,"
            f" description, headers, start_time, {column}"
        )
        kwargs = json.dumps({"trace": trace})
        self.ask(
            f"INSERT INTO django_celery_beat_periodictask ({columns})"  # noqa: S608
            " VALUES (?, 'test.leave_slot', '[]', ?, TRUE, FALSE, 0, ?, '', '{}', ?, ?)",
            *(name, kwargs, stamp(since), stamp(since), row),
        )

    def _add_second(self) -> int:
        return self._insert(
            "INSERT INTO django_celery_beat_intervalschedule (every, period) VALUES (1, 'seconds')"
        )

    def _add_cron(self, cron: str, zone: str) -> int:
        columns = "minute, hour, day_of_month, month_of_year, day_of_week, timezone"
        return self._insert(
            f"INSERT INTO django_celery_beat_crontabschedule ({columns}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608
            *cron.split(),
            zone,
        )

    def _insert(self, statement: str, *values: object) -> int:
        return int(self.ask(f"{statement} RETURNING id", *values)[0][0])

    def slots(self, name: str, *states: str) -> list[datetime]:
        """Return the due times that are written down, in order; of some states, or all."""
        found = self.ask(
            "SELECT due_at, state FROM schedules_slot WHERE schedule = ? ORDER BY due_at", name
        )
        return [
            datetime.fromisoformat(str(due_at)).replace(tzinfo=UTC)
            for due_at, state in found
            if not states or state in states
        ]


class PostgresSql(Sql):
    """The same on PostgreSQL."""

    def __init__(self, url: str) -> None:
        self.url = url

    def migrate(self) -> None:
        run_migrations(self.url)

    def ask(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True, options="-c timezone=UTC") as sql:
            done = sql.execute(question.replace("?", "%s"), values)
            return done.fetchall() if done.description else []


def run_migrations(url: str) -> None:
    command = [sys.executable, "manage.py", "migrate", "-v0"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "DATABASE_URL": url}, check=True)


class Beats:
    """The beats of one test; those that are left are killed when it ends."""

    def __init__(self, folder: Path, sql: Sql) -> None:
        self._folder, self._sql = folder, sql
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, **environ: str) -> subprocess.Popen[bytes]:
        process = start_celery(
            "beat",
            log=self._log(len(self.processes)),
            **{
                "DJANGO_SETTINGS_MODULE": "tests.scheduling.settings",
                "DATABASE_URL": self._sql.url,
                **environ,
            },
        )
        self.processes.append(process)
        return process

    def start_ready(self, **environ: str) -> subprocess.Popen[bytes]:
        """Start one and wait for its first tick."""
        return self.wait_for(self.start(**environ))

    def start_together(self, number: int) -> list[subprocess.Popen[bytes]]:
        """Start several at once and wait for the first tick of each."""
        return [self.wait_for(process) for process in [self.start() for _ in range(number)]]

    def wait_for(self, process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        """Wait for a beat's first tick."""
        wait_until(lambda: self.find(process) or process.poll() is not None, seconds=60)
        assert process.poll() is None, self.log()
        return process

    def find(self, process: subprocess.Popen[bytes]) -> Beat | None:
        """Return what a beat says of itself."""
        return next((beat for beat in list_beats() if f":{process.pid}:" in beat.name), None)

    def leads(self, process: subprocess.Popen[bytes]) -> bool:
        beat = self.find(process)
        return beat is not None and beat.leads

    def log(self) -> str:
        return "\n".join(self._log(n).read_text() for n in range(len(self.processes)))

    def _log(self, number: int) -> Path:
        return self._folder / f"beat{number}.log"

    def dismiss(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()


@contextmanager
def beating(folder: Path, sql: Sql) -> Iterator[Beats]:
    beats = Beats(folder, sql)
    try:
        yield beats
    finally:
        beats.dismiss()


def read_trace(trace: str) -> list[datetime]:
    """Return the slots whose job has had its effect, one for each time that it had."""
    path = Path(trace)
    lines = path.read_text().splitlines() if path.exists() else []
    return sorted(datetime.fromisoformat(line) for line in lines)


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def seconds_between(slots: list[datetime]) -> list[datetime]:
    """Return every second from the first to the last."""
    span = round((slots[-1] - slots[0]).total_seconds())
    return [slots[0] + timedelta(seconds=n) for n in range(span + 1)]
