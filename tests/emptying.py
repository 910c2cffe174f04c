"""What a test leaves: the cache's entries, and its documents, taken away."""

import os
from typing import Any

from pymongo import MongoClient
from pymongo.monitoring import CommandListener

from storychain import redis

WRITES = ("insert", "update", "findAndModify")


def empty_the_cache() -> None:
    """Take all entries away as by eviction: tokens and epoch stay; the next reads are misses."""
    client = redis.client("cache")
    if names := list(client.scan_iter(redis.key("e", "*"), count=1_000)):
        client.delete(*names)


class Written(CommandListener):
    """Notes which collections this process writes to: to ask all costs more than many a test."""

    def __init__(self) -> None:
        """Have seen nothing."""
        self._names: set[str] = set()
        self._children = _time_of_children()

    def started(self, event: Any) -> None:
        """Note the collection of a write."""
        if event.command_name in WRITES:
            self._names.add(str(event.command[event.command_name]))

    def succeeded(self, event: Any) -> None:
        """Nothing."""

    failed = succeeded

    def empty(self, mongo: MongoClient[Any], database: str) -> None:
        """Take all documents away; where a child process has ended, it may have written as well."""
        names, self._names = self._names, set()
        before, self._children = self._children, _time_of_children()
        if before != self._children:
            names = set(mongo[database].list_collection_names())
        for name in names:
            mongo[database][name].delete_many({})


def _time_of_children() -> float:
    return sum(os.times()[2:4])


WRITTEN = Written()
