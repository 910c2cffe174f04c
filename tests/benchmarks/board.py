"""Where jobs of a benchmark note that they ran: memory that several processes share, in a file.

Two 64-bit numbers a job: how often it ran, and when it began last, in ns of the monotonic clock.
"""

import mmap
import os
import time
from functools import cache
from pathlib import Path

MOST = 200_000
VARIABLE = "STORYCHAIN_BENCH_BOARD"


class Board:
    """The notes of jobs 0 to MOST - 1."""

    def __init__(self, path: Path) -> None:
        """Open a board; a new one is blank."""
        with path.open("ab") as file:
            file.truncate(16 * MOST)
        with path.open("r+b") as file:
            self._numbers = memoryview(mmap.mmap(file.fileno(), 16 * MOST)).cast("q")

    def note(self, n: int) -> None:
        """Note that a job runs."""
        self._numbers[n] += 1
        self._numbers[MOST + n] = time.monotonic_ns()

    def clear(self) -> None:
        """Forget everything."""
        self._numbers[:] = memoryview(bytes(16 * MOST)).cast("q")

    def runs(self, count: int) -> list[int]:
        """Return how often each of the first `count` jobs ran."""
        return self._numbers[:count].tolist()

    def begun(self, count: int) -> list[int]:
        """Return when each of the first `count` jobs began, in ns; 0 where it never did."""
        return self._numbers[MOST : MOST + count].tolist()


@cache
def shared_board() -> Board:
    """Return the board that this process was told to write on."""
    return Board(Path(os.environ[VARIABLE]))
