"""One folder for the figures of all processes of the Procfile, so that /metrics adds them up."""

import os
from pathlib import Path

from storychain.embedded_home import home_of

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def share_figures() -> None:
    """Name the folder, unless the environment does, and empty it: other figures were of others.

    To be called before anything loads prometheus-client, which looks for the variable once.
    Where it cannot be written, each process keeps its own figures.
    """
    named = os.environ.setdefault(VARIABLE, str(home_of(os.environ) / "figures"))
    try:
        Path(named).mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in Path(named).glob("*.db"):
            file.unlink()
    except OSError:
        os.environ.pop(VARIABLE)
