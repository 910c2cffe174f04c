"""Secrets that the first start makes and keeps in STORYCHAIN_HOME, readable by their owner only."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile


def read_or_make(*, path: Path, make: Callable[[], str]) -> str:
    """Return the text kept at `path`; on first use keep there what `make` returns (mode 0600).

    Its folder is made if need be, for its owner only as well.

    Several processes may ask at once: all get the same text. Raises OSError if it cannot be kept.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=path.parent) as draft:  # made with mode 0600
            draft.write(make())
            draft.flush()
            with suppress(FileExistsError):
                os.link(draft.name, path)
    return path.read_text()
