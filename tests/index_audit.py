"""Every query that the suite makes the features send must be served by an index.

A listener notes the shape of each filter on its way to MongoDB; at the end of the test each shape
that is new in this run is held against the indexes that stand. A filter that binds no index's first
field fails the test. (The stand-in's `explain` says COLLSCAN for every filter that names a field
beyond its index, even beside `_id`, so it cannot be asked.)
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.monitoring import CommandListener

ROOT = Path(__file__).parents[1]
FACES = {Path(__file__), *(ROOT / "storychain" / f"{n}.py" for n in ("documents", "unit_of_work"))}
READS = ("find", "aggregate", "count", "distinct")
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
        query = {"find": collection, "filter": dict(found), **({"sort": sort} if sort else {})}
        shape = f"{collection} {_shape(found)} {sorted(dict(sort or {}).items())}"
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
                firsts = [i["key"][0][0] for i in database[collection].index_information().values()]
                if not _is_bound(query["filter"], {*firsts, "_id"}):
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


def _shape(value: Any) -> Any:
    """Return a filter without its values."""
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shape(item) for item in value if isinstance(item, dict)]
    return "?"
