"""`make bench [ONLY=name] [CASES=part,...]`: measures, prints tables, writes .bench/<name>.json.

Each value is printed when it is there, and what was measured is kept when a run breaks off. CASES
takes only the cases with one of these parts in their names.

A benchmark is a module bench_<name>.py with a context manager `cases()` that yields its cases, and
holds for as long as they are measured whatever they need.
"""

import json
import sys
import time
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.measuring import Figure, measure, middle, spread

HERE = Path(__file__).parent
WIDE = 150  # where no terminal says how much it shows
RESULTS = HERE.parents[1] / ".bench"


def run(only: str = "", parts: str = "") -> None:
    """Run one benchmark, or all of them; of each the cases that are named by a part."""
    names = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    if only and only not in names:
        sys.exit(f"There is no benchmark {only!r}: use one of {', '.join(names)}.")
    RESULTS.mkdir(exist_ok=True)
    failed = []
    for name in [only] if only else names:
        with import_module(f"tests.benchmarks.bench_{name}").cases() as cases:
            wanted = [case for case in cases if any(p in case.name for p in parts.split(","))]
            if not wanted:
                sys.exit(f"No case of {name} has {parts!r} in its name.")
            figures = [Figure(case=case) for case in wanted]
            _measure(name, figures)
            failed += [f.case.name for f in figures if f.is_lost and not f.case.may_lose]
    if failed:
        sys.exit(f"These may not do worse than their peers: {', '.join(failed)}.")


def _measure(name: str, figures: list[Figure]) -> None:
    try:
        measure(figures, tell=_tell)
    finally:
        taken = [figure for figure in figures if figure.is_taken]
        rows = [figure.as_row() for figure in taken]
        (RESULTS / f"{name}.json").write_text(json.dumps(rows, indent=2) + "\n")
        console = Console(width=None if sys.stdout.isatty() else WIDE)
        console.print(_table(name, taken))
        console.print(_losses(taken))


def _tell(figure: Figure) -> None:
    case, number = figure.case, len(figure.ours)
    peer = f", {case.peer_name} {figure.peer[-1]:,.4g}" if figure.peer else ""
    print(
        f"{time.strftime('%H:%M:%S')} {case.name} {number}/{case.repeats}:"
        f" {figure.ours[-1]:,.4g}{peer} {case.unit}",
        flush=True,
    )


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
    run(*sys.argv[1:3])
