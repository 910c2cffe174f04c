"""Every query that the suite makes the features send must be served by an index.

A listener notes the shape of each filter on its way to MongoDB; at the end of the test each shape
that is new in this run is held against the indexes that stand. A filter that binds no index's first
field fails the test; so does a list whose order, or any field of whose filter, is not in the index
that serves it, but for the few that are named below. (The stand-in's `explain` says COLLSCAN for
every filter that names a field beyond its index, even beside `_id`, so it cannot be asked.)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.monitoring import CommandListener

ROOT = Path(__file__).parents[1]
FACES = {Path(__file__), *(ROOT / "storychain" / f"{n}.py" for n in ("documents", "unit_of_work"))}
READS = ("find", "aggregate", "count", "distinct")
Order = list[tuple[str, int]]  # fields, each with 1 or -1
BY_ID: dict[str, Any] = {"key": [("_id", 1)]}
EQUAL = {"", " $eq", " $all", " $all $nin"}  # of an array's values, one that is equal is enough
# (collection, field and operators, first of the sort): what no index of a list holds, so that
# rows are read in vain; and why they are few.
READ_IN_VAIN = {
    ("chapters", "status $in", "number"): "a story's drafts are few beside what its readers have",
    ("chapters", "status", "number"): "the feed passes over a story's drafts, and emptied chapters",
    ("chapter_autosaves", "story_slug", "last_saved_at"): "one person's drafts; old ones go",
    ("pull_requests", "status $in", "created_at"): "what one person proposed to one story",
    ("collaborators", "role", "accepted_at"): "a story's team: at most LARGEST_TEAM",
    ("stories", "is_listed", "last_activity_at"): "the public ones of those that one person writes",
    ("stories", "labels $nin", "published_at"): "only those of the one tag that is left out",
    ("stories", "labels $nin", "last_activity_at"): "only those of the one tag that is left out",
    ("users", "is_active", "_id"): "nobody: who is gone wants no digest",
}
# (collection, first of the sort): what is found by an index and sorted after; and why it is small.
SORTED_IN_MEMORY = {("collaborators", "accepted_at"): "a story's team: at most LARGEST_TEAM"}
# A write of everything is only ever a test's own.
WRITES = {"update": "updates", "delete": "deletes"}


class IndexAudit(CommandListener):
    """Notes the filters of commands on features' collections."""

    def __init__(self) -> None:
        """Have seen nothing."""
        self._new: dict[str, tuple[str, dict[str, Any]]] = {}
        self._explained: set[str] = set()

    def started(self, event: Any) -> None:
        """Note the filters of a command."""
        command, name = event.command, event.command_name
        if name in READS or name == "findAndModify":
            found = command.get("filter", command.get("query"))
            if name == "aggregate":
                first = (command["pipeline"] or [{}])[0]
                found = first.get("$match", {}) if isinstance(command[name], str) else None
            if found is not None or name == "find":
                self._note(str(command[name]), found or {}, command.get("sort"))
        for statement in command.get(WRITES.get(name, ""), []):
            if statement["q"]:
                self._note(str(command[name]), statement["q"], None)

    def succeeded(self, event: Any) -> None:
        """Nothing."""

    failed = succeeded

    def _note(self, collection: str, found: dict[str, Any], sort: Any) -> None:
        query = {"filter": dict(found), "sort": list(dict(sort or {}).items())}
        shape = f"{collection} {_shape(found)} {query['sort']}"
        if shape in self._explained or shape in self._new:
            return
        if not _is_asked_by_a_test():
            self._new[shape] = (collection, query)

    def find_scans(self, database: Any, collections: set[str]) -> list[str]:
        """Return the new shapes that no index serves, on these collections."""
        new, self._new = self._new, {}
        scans = []
        for shape, (collection, query) in new.items():
            if collection in collections:
                self._explained.add(shape)
                indexes = [*database[collection].index_information().values(), BY_ID]
                if not is_served(collection, query["filter"], query["sort"], indexes):
                    scans.append(shape)
        return scans


def _is_asked_by_a_test() -> bool:
    """Tell whether the nearest caller of ours, past the Document face, is a test."""
    frame = sys._getframe(1)
    while (frame := frame.f_back) is not None:
        whose = _whose(frame.f_code.co_filename)
        if whose is not None:
            return whose == "tests"
    return True


@cache
def _whose(name: str) -> str | None:
    """Return the top folder that a source file of ours is in; None for any other, and the face."""
    file = Path(name)
    is_ours = file.is_relative_to(ROOT) and ".venv" not in file.parts
    return file.relative_to(ROOT).parts[0] if is_ours and file not in FACES else None


def feature_collections() -> set[str]:
    """Return the collections of the features and of the platform."""
    from mongoengine.base import _document_registry

    return {
        model._get_collection_name()
        for model in _document_registry.values()
        if model.__module__.startswith(("apps.", "storychain.")) and not model._meta.get("abstract")
        if hasattr(model, "_get_collection_name")
    }


def audit(listener: IndexAudit, mongo: MongoClient[Any], database: str) -> None:
    """Fail with the shapes that were served by no index."""
    scans = listener.find_scans(mongo[database], feature_collections())
    assert not scans, f"no index serves: {scans}"


def _is_bound(found: dict[str, Any], firsts: set[str]) -> bool:
    """Tell whether a filter binds an index's first field, directly or in each branch of $or."""
    if any(name in firsts for name in found):
        return True
    if any(_is_bound(part, firsts) for part in found.get("$and", [])):
        return True
    branches = found.get("$or", [])
    return bool(branches) and all(_is_bound(part, firsts) for part in branches)


def is_served(
    collection: str, found: dict[str, Any], sort: Order, indexes: list[dict[str, Any]]
) -> bool:
    """Tell whether an index serves a filter and, with a sort, holds its order and all its fields.

    Then what is equal stands in front, the order behind it, and whatever else is asked somewhere.
    """
    if not sort:
        return _is_bound(found, {index["key"][0][0] for index in indexes})
    asked, by = list(_parts(found)), sort[0][0]
    equal = {name for name, how in asked if how in EQUAL}
    held = {name for name, how in asked if (collection, name + how, by) not in READ_IN_VAIN}
    order = [] if (collection, by) in SORTED_IN_MEMORY else sort
    return any(
        held <= {name for name, _ in index["key"]}
        and _is_in_order(index["key"], equal=equal, held=held, order=order)
        for index in indexes
        if "partialFilterExpression" not in index
    )


def _is_in_order(key: Order, *, equal: set[str], held: set[str], order: Order) -> bool:
    """Tell whether an index holds what is equal in these fields in this order, or its reverse."""
    front = set(takewhile(equal.__contains__, (name for name, _ in key)))
    left = [(name, way) for name, way in order if name not in equal]
    behind = key[len(front) : len(front) + len(left)]
    ways = {way * wanted for (_, way), (_, wanted) in zip(behind, left, strict=False)}
    names = [name for name, _ in behind] == [name for name, _ in left]
    return equal & held <= front and names and len(ways) <= 1


def _parts(found: dict[str, Any], way: str = "") -> Iterator[tuple[str, str]]:
    """Every field that a filter names, with how: "" for equality, else its operators."""
    for name, value in found.items():
        if name in ("$and", "$or"):
            for part in value:
                yield from _parts(part, way if name == "$and" else " $or")
        else:
            operators = value if isinstance(value, dict) else {}
            yield name, "".join(f" {operator}" for operator in operators) or way


def _shape(value: Any) -> Any:
    """Return a filter without its values."""
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shape(item) for item in value if isinstance(item, dict)]
    return "?"
