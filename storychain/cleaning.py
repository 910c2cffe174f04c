"""What goes when it is old: features register what they hold, apps/maintenance clears it away.

A holding finds what is old a step at a time, the oldest first, behind the place where the step
before ended: so what is to stay holds up nothing. What it deletes is asked once more whether it is
old, so that nobody loses what he wrote a moment ago.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol

from django.db.models import Q

from storychain.documents import MOST_LISTED, Document, unit_of_work

STEP = MOST_LISTED
MOST_COUNTED = 100_000
Kind = Literal["autosave", "sessions", "notifications", "logs"]


class Place(NamedTuple):
    """Where something stands among what is old."""

    at: datetime
    id: Any


class Holding(Protocol):
    """One collection or table, and what of it may go."""

    def count(self, *, before: datetime) -> int:
        """Return how much is older than `before`, for a forecast; MOST_COUNTED may be more."""

    def find(self, *, before: datetime, after: Place | None) -> list[Place]:
        """Return the next STEP, at most, of what is older than `before`, in the order of age."""

    def sort_out(self, ids: Sequence[Any]) -> Sequence[Any]:
        """Return those of them that may go."""

    def delete(self, ids: Sequence[Any], *, before: datetime) -> int:
        """Delete what of this is still old and may go; return how many went."""


_holdings: dict[Kind, list[Holding]] = defaultdict(list)


def register_holding(kind: Kind, holding: Holding) -> None:
    """Have a type of clean-up clear this away as well."""
    _holdings[kind].append(holding)


def list_holdings(kind: Kind) -> list[Holding]:
    """Return everything that a type of clean-up clears away."""
    return list(_holdings[kind])


def _spare_nothing(_ids: Sequence[Any]) -> Collection[Any]:
    return ()


class OldDocuments:
    """Documents by the age of one field.

    An index begins with what `where` binds, goes on with the field, and ends with the id.
    `spare` is given ids and returns those that stay all the same.
    """

    def __init__(
        self,
        model: type[Document],
        *,
        by: str,
        where: Mapping[str, Any] = MappingProxyType({}),
        spare: Callable[[Sequence[Any]], Collection[Any]] = _spare_nothing,
    ) -> None:
        """Name the documents, and what else must be true of them."""
        self._model, self._by, self._where, self._spare = model, by, dict(where), spare

    def count(self, *, before: datetime) -> int:
        """Return how much is older than `before`, at most MOST_COUNTED."""
        old = self._old(**{f"{self._by}__lt": before}).limit(MOST_COUNTED)
        return int(old.count(with_limit_and_skip=True))

    def find(self, *, before: datetime, after: Place | None) -> list[Place]:
        """Return the next STEP of what is older than `before`."""
        bounds: dict[str, Any] = {self._by: {"$lt": before}}
        if after:
            bounds[self._by]["$gte"] = after.at
            bounds["$or"] = [{self._by: {"$gt": after.at}}, {"_id": {"$gt": after.id}}]
        found = self._old(__raw__=bounds).order_by(self._by, "pk").limit(STEP)
        return [Place(getattr(old, self._by), old.pk) for old in found.only(self._by)]

    def sort_out(self, ids: Sequence[Any]) -> Sequence[Any]:
        """Return those of them that may go."""
        spared = self._spare(ids)
        return [one for one in ids if one not in spared]

    @unit_of_work
    def delete(self, ids: Sequence[Any], *, before: datetime) -> int:
        """Delete what of this is still old and may go, in one transaction."""
        going = self.sort_out(ids)
        if not going:
            return 0
        old = self._old(pk__in=going, **{f"{self._by}__lt": before})
        return int(old.delete())

    def _old(self, **bounds: Any) -> Any:
        return self._model.objects(**self._where, **bounds)


class OldRows:
    """Rows of SQL, by the age of one indexed column."""

    def __init__(self, model: Any, *, by: str) -> None:
        """Name the Django model."""
        self._rows, self._by = model.objects, by

    def count(self, *, before: datetime) -> int:
        """Return how much is older than `before`, at most MOST_COUNTED."""
        return self._rows.filter(**{f"{self._by}__lt": before})[:MOST_COUNTED].count()

    def find(self, *, before: datetime, after: Place | None) -> list[Place]:
        """Return the next STEP of what is older than `before`."""
        old = self._rows.filter(**{f"{self._by}__lt": before})
        if after:
            same = Q(**{self._by: after.at, "pk__gt": after.id})
            old = old.filter(Q(**{f"{self._by}__gt": after.at}) | same)
        return [
            Place(*row) for row in old.order_by(self._by, "pk").values_list(self._by, "pk")[:STEP]
        ]

    def sort_out(self, ids: Sequence[Any]) -> Sequence[Any]:
        """Return all of them."""
        return ids

    def delete(self, ids: Sequence[Any], *, before: datetime) -> int:
        """Delete what of this is still old."""
        old = self._rows.filter(pk__in=ids, **{f"{self._by}__lt": before})
        return old.delete()[0]
