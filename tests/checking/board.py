"""What the processes of the hammer know of each other: numbers in shared memory.

Every number has one process, or one thread, that writes it; so a process that is killed leaves
neither a lock nor half a number behind.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable

COUNTS = ("reads", "violations", "backwards", "errors", "writes")


class Board:
    """Floors of rows by who wrote them, and counts by who counted."""

    def __init__(self, rows: Iterable[str], slots: int) -> None:
        """Lay it out; children that are forked afterwards share it."""
        self.rows = {name: number for number, name in enumerate(rows)}
        self.slots = slots
        self._size = len(self.rows) * slots
        cells = 2 * self._size + len(COUNTS) * slots + slots
        self._cells = memoryview(mmap.mmap(-1, 8 * cells)).cast("q")

    def acknowledge(self, row: str, value: int, *, slot: int) -> None:
        """Note what a writer was told is kept."""
        self._raise(self.rows[row] * self.slots + slot, value)

    def see(self, row: str, value: int, *, slot: int) -> None:
        """Note what a reader was shown."""
        self._raise(self._size + self.rows[row] * self.slots + slot, value)

    def acknowledged(self, row: str) -> int:
        """Return the highest value that any writer was told is kept."""
        at = self.rows[row] * self.slots
        return max(self._cells[at : at + self.slots])

    def seen(self, row: str) -> int:
        """Return the highest value that any reader was shown."""
        at = self._size + self.rows[row] * self.slots
        return max(self._cells[at : at + self.slots])

    def count(self, name: str, *, slot: int, by: int = 1) -> None:
        """Count something."""
        self._cells[self._counts_at(name) + slot] += by

    def total(self, name: str) -> int:
        """Return a count over everybody."""
        at = self._counts_at(name)
        return sum(self._cells[at : at + self.slots])

    def note(self, slot: int, value: int) -> None:
        """Keep a number of one's own, for whoever comes after."""
        self._cells[-1 - slot] = value

    def noted(self, slot: int) -> int:
        """Return that number."""
        return self._cells[-1 - slot]

    def _counts_at(self, name: str) -> int:
        return 2 * self._size + COUNTS.index(name) * self.slots

    def _raise(self, at: int, value: int) -> None:
        self._cells[at] = max(self._cells[at], value)
