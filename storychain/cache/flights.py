"""In this process, one load of a key at a time: who asks for the same meanwhile gets its result.

A flight is named by the key and the tokens that its load began with. Who read the same tokens may
take the result, as no write of these tags ended in between. For tags that the load only finds, the
same holds while the flight takes passengers: boarding ends before the found tags' tokens are read,
and a result is handed over only if their fences stood still until then.
"""

import threading
from typing import Generic, TypeVar

T = TypeVar("T")
Name = tuple[str, tuple[bytes, ...]]


class Flight(Generic[T]):
    """A load under way; `result` is None until it landed, and afterwards if nobody may share it."""

    def __init__(self) -> None:
        """Be under way."""
        self.landed = threading.Event()
        self.result: T | None = None


class Flights(Generic[T]):
    """The loads that can be boarded."""

    def __init__(self) -> None:
        """Have none."""
        self._open: dict[Name, Flight[T]] = {}
        self._lock = threading.Lock()

    def start(self, name: Name) -> Flight[T]:
        """Open a flight for passengers."""
        flight: Flight[T] = Flight()
        with self._lock:
            self._open[name] = flight
        return flight

    def board(self, name: Name) -> Flight[T] | None:
        """Return the flight of this name, if it still takes passengers."""
        return self._open.get(name)

    def close(self, name: Name) -> None:
        """Take no more passengers."""
        with self._lock:
            self._open.pop(name, None)
