"""`make bench [ONLY=name]`: runs the benchmarks, prints a table each, writes .bench/<name>.json.

A benchmark is a module bench_<name>.py with a context manager `cases()` that yields its cases, and
holds for as long as they are measured whatever they need.
"""

import json
import sys
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.measuring import Figure, measure, middle, spread

HERE = Path(__file__).parent
RESULTS = HERE.parents[1] / ".bench"


def run(only: str = "") -> None:
    """Run one benchmark, or all of them."""
    names = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    if only and only not in names:
        sys.exit(f"There is no benchmark {only!r}: use one of {', '.join(names)}.")
    RESULTS.mkdir(exist_ok=True)
    for name in [only] if only else names:
        with import_module(f"tests.benchmarks.bench_{name}").cases() as cases:
            figures = measure(cases)
        rows = [figure.as_row() for figure in figures]
        (RESULTS / f"{name}.json").write_text(json.dumps(rows, indent=2) + "\n")
        Console().print(_table(name, figures))
        Console().print(_losses(figures))


def _table(name: str, figures: list[Figure]) -> Table:
    columns = ("case", "ours", "peer", "ours/peer", "unit", "better", "times")
    table = Table(*columns, title=name, title_justify="left")
    for figure in figures:
        table.add_row(
            figure.case.name,
            _value(figure.ours),
            f"{_value(figure.peer)} ({figure.case.peer_name})" if figure.peer else "",
            f"{figure.ratio:.2f}" if figure.ratio else "",
            figure.case.unit,
            figure.case.better,
            str(len(figure.ours)),
        )
    return table


def _losses(figures: list[Figure]) -> str:
    """Say where a peer does better, in so many words."""
    lost = [f"{figure.case.name} ({figure.case.peer_name})" for figure in figures if figure.is_lost]
    return f"Lost: {', '.join(lost)}." if lost else "Lost: none."


def _value(values: list[float]) -> str:
    return f"{middle(values):,.4g} (spread {spread(values):.0%})"


if __name__ == "__main__":
    run(*sys.argv[1:2])
