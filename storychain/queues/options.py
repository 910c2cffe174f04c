"""How a job may be enqueued: under which id, how late, how urgently."""

import math

from storychain.queues.payloads import BadPayload

LONGEST_ID = 250
LONGEST_DELAY = 366 * 24 * 3600
PRIORITIES = range(4)


def check_options(*, job_name: str, job_id: str | None, delay: float, priority: int) -> None:
    """Raise BadPayload, saying which option is wrong and what it takes."""
    for is_right, mend in (
        (_is_id(job_id), f"job_id is {job_id!r:.50}: use 1 to {LONGEST_ID} characters of UTF-8"),
        (_is_delay(delay), f"delay is {delay!r:.50}: use seconds from 0 to {LONGEST_DELAY:,}"),
        (priority in PRIORITIES, f"priority is {priority!r:.50}: use 0 (urgent), 1, 2 or 3 (low)"),
    ):
        if not is_right:
            raise BadPayload(f"{job_name}: {mend}.")


def _is_id(job_id: object) -> bool:
    if job_id is None:
        return True
    is_text = isinstance(job_id, str) and 0 < len(job_id) <= LONGEST_ID
    return is_text and not any("\ud800" <= letter <= "\udfff" for letter in str(job_id))


def _is_delay(delay: object) -> bool:
    is_number = isinstance(delay, int | float) and math.isfinite(delay)
    return is_number and 0 <= delay <= LONGEST_DELAY  # type: ignore[operator]
