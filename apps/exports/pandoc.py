"""Pandoc as a process that is kept short: sandboxed, within a time and a heap."""

from importlib.resources import files
from pathlib import Path

from apps.exports.processes import run_limited

HEAP = "768m"
_OUT_OF_HEAP = 251


def run_pandoc(*options: str, cwd: Path, seconds: float) -> None:
    """Run the packaged pandoc in this folder, with nothing of our environment.

    Raise TooLarge when it needs more time or memory than it may have.
    """
    program = str(files("pypandoc").joinpath("files/pandoc"))
    limits = ["--sandbox", "+RTS", f"-M{HEAP}", "-RTS"]
    run_limited(
        program, *options, *limits, cwd=cwd, seconds=seconds, too_large=frozenset({_OUT_OF_HEAP})
    )
