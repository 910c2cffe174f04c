"""How much the queues' faults are tried with: a part in the suite, all of it in the soak.

`make soak ONLY=queues` says full, and runs at the pace of production (TIME_SCALE=1).
"""

import os

IS_FULL = os.environ.get("QUEUE_PROOF") == "full"
# How much longer than in the suite a condition may take.
PATIENCE = 10 if IS_FULL else 1


def sized(full: int, *, suite: int | None = None) -> int:
    """Return a size for this run: a tenth of it in the suite, unless another is given."""
    if IS_FULL:
        return full
    return full // 10 if suite is None else suite
