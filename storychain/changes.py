"""What a write did, as whoever must act on it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

if TYPE_CHECKING:
    from storychain.documents import Document

D = TypeVar("D", bound="Document")
Kind = Literal["insert", "update", "delete", "unknown"]
_MISSING = object()


@dataclass(frozen=True)
class Change(Generic[D]):
    """What a write did to one document; without before and after: to documents that are not known.

    `model` is the class that owns the collection, whichever subclass was written. `before` and
    `after` are what is stored, by the names of the database; `old` and `new` the same as documents.
    """

    model: type[D]
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None

    @cached_property
    def old(self) -> D | None:
        """The document as it was; None where it was not."""
        return None if self.before is None else self.model._from_son(self.before)

    @cached_property
    def new(self) -> D | None:
        """The document as it is; None where it is no more."""
        return None if self.after is None else self.model._from_son(self.after)

    @property
    def document(self) -> D:
        """The document as it is now, or was before it was deleted; LookupError if not known."""
        found = self.new if self.new is not None else self.old
        if found is None:
            raise LookupError("the documents of this change are not known")
        return found

    @property
    def kind(self) -> Kind:
        """What the write was."""
        if self.before is None:
            return "unknown" if self.after is None else "insert"
        return "delete" if self.after is None else "update"

    def touches(self, *paths: str) -> bool:
        """Tell whether anything at or below these paths changed; an update is compared.

        Paths are those of the database: "stats.total_reads", or "settings" for all of them.
        """
        if self.kind != "update":
            return True
        return any(_at(self.before, path) != _at(self.after, path) for path in paths)


def _at(stored: Any, path: str) -> Any:
    for name in path.split("."):
        stored = stored.get(name, _MISSING) if isinstance(stored, Mapping) else _MISSING
    return stored
