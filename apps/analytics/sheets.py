"""A story's figures as CSV, a table at a time: each has one kind of row."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any
from unicodedata import normalize

from apps.analytics.pages import AnalyticsPage

# Where a spreadsheet begins a formula: what people named a chapter or a choice is no command.
FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@]")


def write_csv(page: AnalyticsPage, *, part: str) -> bytes:
    """Return one of PARTS, its names first; a share that is not known is empty."""
    out = io.StringIO()
    names, rows = PARTS[part]
    sheet = csv.writer(out, lineterminator="\r\n")
    sheet.writerow(names)
    sheet.writerows([_harmless(cell) for cell in row] for row in rows(page))
    return out.getvalue().encode()


def _harmless(cell: Any) -> Any:
    """Return a cell that a spreadsheet shows as it is; before what it would run stands a "'"."""
    plain = normalize("NFKC", str(cell))  # "=" in any width
    return f"'{cell}" if FORMULA.match(plain) else cell


def _days(page: AnalyticsPage) -> Iterator[tuple[Any, ...]]:
    return ((day.date, day.reads, day.readers, day.views) for day in page.days)


def _sources(page: AnalyticsPage) -> Iterator[tuple[Any, ...]]:
    return ((day.date, source.name, source.views) for day in page.days for source in day.sources)


def _forks(page: AnalyticsPage) -> Iterator[tuple[Any, ...]]:
    for fork in page.forks:
        here = (fork.chapter_slug, fork.title, fork.readers, fork.drop_off)
        for way in fork.ways:
            yield (*here, way.text, way.chapter_slug, way.readers, way.share)


def _totals(page: AnalyticsPage) -> Iterator[tuple[Any, ...]]:
    yield page.reads, page.readers, page.completions, page.finishers, page.completion


PARTS = {
    "days": (("date", "reads", "readers", "views"), _days),
    "sources": (("date", "source", "views"), _sources),
    "forks": (
        (
            *("chapter", "title", "readers", "drop_off"),
            *("choice", "leads_to", "choice_readers", "share"),
        ),
        _forks,
    ),
    "totals": (("reads", "readers", "completions", "finishers", "completion"), _totals),
}
