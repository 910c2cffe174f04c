"""A thread that does a few things again and again, each at its own pace."""

import logging
import threading
import time
from collections.abc import Callable, Mapping

logger = logging.getLogger(__name__)


class Ticker:
    """Calls each function every so many seconds; what fails is logged and tried again."""

    def __init__(self, tasks: Mapping[Callable[[], object], float]) -> None:
        """Take the functions and their seconds."""
        self._tasks = dict(tasks)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="queues-ticker", daemon=True)

    def start(self) -> None:
        """Begin, with a first call of each."""
        self._thread.start()

    def stop(self) -> None:
        """End after what is being done."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        due = dict.fromkeys(self._tasks, time.monotonic())
        while not self._stopping.wait(max(0, min(due.values()) - time.monotonic())):
            for task in [task for task, at in due.items() if at <= time.monotonic()]:
                _attempt(task)
                due[task] = time.monotonic() + self._tasks[task]


def _attempt(task: Callable[[], object]) -> None:
    try:
        task()
    except Exception as error:  # noqa: BLE001 - the next tick tries again
        logger.warning("%s failed: %r", getattr(task, "__qualname__", task), error)
