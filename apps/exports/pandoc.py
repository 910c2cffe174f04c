"""Pandoc as a process that is kept short: sandboxed, within a time and a heap."""

import subprocess
from importlib.resources import files
from pathlib import Path

from apps.exports.errors import TooLarge

HEAP = "768m"
_OUT_OF_HEAP = 251


def run_pandoc(*options: str, cwd: Path, seconds: float) -> None:
    """Run the packaged pandoc in this folder, with nothing of our environment.

    Raise TooLarge when it needs more time or memory than it may have.
    """
    program = str(files("pypandoc").joinpath("files/pandoc"))
    limits = ["--sandbox", "+RTS", f"-M{HEAP}", "-RTS"]
    try:
        subprocess.run(
            [program, *options, *limits],
            cwd=cwd,
            env={"HOME": str(cwd), "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=True,
        )
    except subprocess.TimeoutExpired as slow:
        raise TooLarge from slow
    except subprocess.CalledProcessError as failed:
        if failed.returncode == _OUT_OF_HEAP:
            raise TooLarge from failed
        failed.add_note(failed.stderr.decode(errors="replace")[-2000:])
        raise
