"""Programs that run for one file: alone in its folder, and kept short of time and memory."""

import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

from apps.exports.errors import TooLarge

# The shell sets the limits and becomes the program: nothing of ours runs between fork and exec.
_LIMITED = 'ulimit -v "$1" && ulimit -t "$2" && ulimit -c 0 && shift 2 && exec "$@"'
_KILLED = {-signal.SIGKILL, -signal.SIGXCPU, -signal.SIGABRT}


def run_limited(
    *command: str,
    cwd: Path,
    seconds: float,
    too_large: frozenset[int] = frozenset(),
    also_fine: frozenset[int] = frozenset(),
    environ: Mapping[str, str] | None = None,
    sent: bytes = b"",
) -> int:
    """Run a program in a folder, with nothing of our environment; return how it ended.

    `seconds` bound both the clock and the processor's time (of each core), EXPORT_MEMORY_MB the
    address space. Raise TooLarge when it needs more, or ends with a code that says so; another code
    than 0 or one that is `also_fine` is CalledProcessError with its last words.
    """
    limits = [str(settings.EXPORT_MEMORY_MB * 1024), str(max(1, round(seconds * 2)))]
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", _LIMITED, "sh", *limits, *command],
            cwd=cwd,
            env={"HOME": str(cwd), "LANG": "C.UTF-8", **(environ or {})},
            input=sent,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as slow:
        raise TooLarge from slow
    if done.returncode in too_large | _KILLED:
        raise TooLarge
    if done.returncode and done.returncode not in also_fine:
        failed = subprocess.CalledProcessError(done.returncode, command)
        failed.add_note(done.stderr.decode(errors="replace")[-2000:])
        raise failed
    return done.returncode
