"""Reading one page of a list: from where its cursor stands, and one row more than is shown."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from storychain.api.pagination import encode_cursor

D = TypeVar("D")


class Slice(NamedTuple, Generic[D]):
    """What a page shows of a list, and how it goes on."""

    rows: Sequence[D]
    next_cursor: str | None
    has_more: bool


def cut_page(
    rows: Sequence[D], *, limit: int, scope: str, place: Callable[[D], list[Any]]
) -> Slice[D]:
    """Return a page of at most `limit` of these rows, of which there may be one more.

    `place` tells what the cursor of this scope remembers of the last row shown (JSON types).
    """
    shown, has_more = rows[:limit], len(rows) > limit
    return Slice(shown, encode_cursor(scope, place(shown[-1])) if has_more else None, has_more)


def read_latest(
    found: Any, *, order: str, limit: int, scope: str, after: list[Any] | None
) -> Slice[Any]:
    """Read a page of a query set, the highest `order` first and among equals the highest key.

    `after` are the values of the cursor, if any. `order` is a date or a number, and an index of
    the query set ends with it and the primary key.
    """
    newest = found.order_by(f"-{order}", "-pk")
    rows = _read_behind(newest, order=order, after=after, most=limit + 1)
    return cut_page(
        rows, limit=limit, scope=scope, place=lambda row: [_encode(getattr(row, order)), row.pk]
    )


def _read_behind(newest: Any, *, order: str, after: list[Any] | None, most: int) -> list[Any]:
    """Return up to so many rows behind a place: the rest of its equals, then the lower ones.

    Two questions to the index, as one with `$or` is a scan where the planner does not split it.
    """
    if after is None:
        return list(newest.limit(most))
    value, key = _decode(after[0]), after[1]
    rows = list(newest.filter(**{order: value, "pk__lt": key}).limit(most))
    if len(rows) < most:
        rows += newest.filter(**{f"{order}__lt": value}).limit(most - len(rows))
    return rows


def _encode(value: datetime | float) -> str | float:
    return value.isoformat() if isinstance(value, datetime) else value


def _decode(value: str | float) -> datetime | float:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
