"""What a file becomes, whatever its format: a title, an author and a tree of chapters."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from apps.chapters.planting import TreeNode


@dataclass(frozen=True, kw_only=True)
class ImportedStory:
    """A story as a parser found it; `title`, `author` and `tags` are empty where it names none.

    `nodes` stand parents before children, the first is the root. `notes` tell the importing person
    what was left out, or put where he may not expect it. Chapters may be shorter than those that
    people write, even empty: an import changes nothing of what it takes over.
    """

    nodes: Sequence[TreeNode]
    title: str = ""
    author: str = ""
    tags: Sequence[str] = field(default=())
    notes: Sequence[str] = field(default=())


def lay_chain(texts: Sequence[tuple[str, str]]) -> list[TreeNode]:
    """Return chapters of (title, content) that follow one another; the last is an ending."""
    last = len(texts) - 1
    return [
        TreeNode(
            title=title,
            content=content,
            parent=position - 1 if position else None,
            is_ending=position == last,
        )
        for position, (title, content) in enumerate(texts)
    ]
