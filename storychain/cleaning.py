"""What goes when it is old: features register what they hold, apps/maintenance clears it away.

A holding lists what is old, the oldest first and LISTED at a time, behind the place where the list
before ended: so what is to stay holds up nothing. It deletes a step of a list in a transaction of
its own, so that no writer waits for long, and asks once more whether it is old, so that nobody
loses what he wrote a moment ago.

The lists are long, and of ids alone: MongoDB reads them from an index, while the stand-in reads all
that matches for each list, however short.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol

from django.db.models import Q

from storychain.documents import Document, unit_of_work
from storychain.mongodb import time_for_a_list

LISTED, STEP = 50_000, 25
Kind = Literal["autosave", "sessions", "notifications", "logs"]


class Place(NamedTuple):
    """Where something stands among what is old."""

    at: datetime
    id: Any


class Holding(Protocol):
    """One collection or table, and what of it may go."""

    def find(self, *, before: datetime, after: Place | None) -> list[Place]:
        """Return the next LISTED, at most, of what is older than `before`, in the order of age."""

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

    def find(self, *, before: datetime, after: Place | None) -> list[Place]:
        """Return the next LISTED of what is older than `before`."""
        bounds: dict[str, Any] = {self._by: {"$lt": before}}
        if after:
            bounds[self._by]["$gte"] = after.at
            bounds["$or"] = [{self._by: {"$gt": after.at}}, {"_id": {"$gt": after.id}}]
        found = self._old(__raw__=bounds).order_by(self._by, "pk").limit(LISTED)
        with time_for_a_list():
            return [Place(*row) for row in found.scalar(self._by, "pk")]

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

    def find(self, *, before: datetime, after: Place | None) -> list[Place]:
        """Return the next LISTED of what is older than `before`."""
        old = self._rows.filter(**{f"{self._by}__lt": before})
        if after:
            same = Q(**{self._by: after.at, "pk__gt": after.id})
            old = old.filter(Q(**{f"{self._by}__gt": after.at}) | same)
        return [
            Place(*row) for row in old.order_by(self._by, "pk").values_list(self._by, "pk")[:LISTED]
        ]

    def sort_out(self, ids: Sequence[Any]) -> Sequence[Any]:
        """Return all of them."""
        return ids

    def delete(self, ids: Sequence[Any], *, before: datetime) -> int:
        """Delete what of this is still old."""
        old = self._rows.filter(pk__in=ids, **{f"{self._by}__lt": before})
        return int(old.delete()[0])
