"""The settings of a test's beat: the project's, the jobs of the queue tests, and a clock to set."""

from tests.queueing.settings import *  # noqa: F403

SCHEDULE_CLOCK = "tests.scheduling.clocks.SetClock"
