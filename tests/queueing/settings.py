"""The settings of a test's worker: the project's, and the jobs beside this file."""

import os

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS, QUEUE_CHILD_MEMORY_KB

INSTALLED_APPS = [*INSTALLED_APPS, "tests.queueing"]
QUEUE_CHILD_MEMORY_KB = int(os.environ.get("TEST_CHILD_MEMORY_KB", QUEUE_CHILD_MEMORY_KB))
