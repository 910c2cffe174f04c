"""Passages that link to one another, as a tree of chapters with links across it.

Where all passages but the start say what they hang below, as those of our own export do, that is
the tree. Else breadth first from the start: a passage hangs below the one that reaches it in the
fewest steps, and every other link to it, also from further down, becomes a choice across the tree.
What the start never reaches is kept: it hangs below a chapter of its own, the last branch of the
first.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from apps.chapters.planting import TreeNode
from apps.imports.limits import LONGEST_LABEL
from apps.imports.links import Link, shorten

LOOSE_TITLE = "Passages that nothing leads to"
LOOSE_TEXT = "Nothing in the imported file leads from its start to these passages."


@dataclass(frozen=True)
class Scene:
    """A passage without its links, which stand beside it.

    `parent` names the one that it hangs below; `title` and `is_ending` are said where they do not
    follow from the name and the links.
    """

    name: str
    text: str
    links: Sequence[Link]
    setters: int = 0
    parent: str | None = None
    title: str | None = None
    is_ending: bool | None = None


@dataclass(frozen=True)
class Tree:
    """Chapters, parents before children, and what to say about them."""

    nodes: Sequence[TreeNode]
    notes: Sequence[str]


@dataclass
class _Growth:
    """The tree while it grows; the chapter that holds loose passages is a scene without links."""

    scenes: Mapping[str, Scene]
    order: list[Scene] = field(default_factory=list)
    parents: list[int | None] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)

    def add(self, scene: Scene, parent: int | None) -> int:
        """Hang a scene below another and return its position."""
        self.order.append(scene)
        self.parents.append(parent)
        return len(self.order) - 1

    def settle(self, order: Sequence[str]) -> None:
        """Hang each scene below the one that it names; parents come first."""
        for name in order:
            above = self.scenes[name].parent
            self.places[name] = self.add(self.scenes[name], self.places[above] if above else None)

    def spread(self, name: str, parent: int | None) -> None:
        """Hang a scene, and all that it reaches first, below a parent."""
        self.places[name] = self.add(self.scenes[name], parent)
        waiting = deque([name])
        while waiting:
            reached_from = waiting.popleft()
            for link in self.scenes[reached_from].links:
                if link.target not in self.places:
                    here = self.places[reached_from]
                    self.places[link.target] = self.add(self.scenes[link.target], here)
                    waiting.append(link.target)


def grow_tree(*, scenes: Mapping[str, Scene], start: str) -> Tree:
    """Return the tree of these scenes; every link's target must be among them."""
    growth = _Growth(scenes)
    if order := _told_order(scenes, start):
        growth.settle(order)
    else:
        growth.spread(start, None)
    notes = []
    loose = [name for name in scenes if name not in growth.places]
    if loose:
        holder = growth.add(Scene(LOOSE_TITLE, LOOSE_TEXT, ()), 0)
        for name in _heads_first(loose, scenes):
            if name not in growth.places:
                growth.spread(name, holder)
        notes.append(
            f"{len(loose):,} passages that the start does not reach hang below {LOOSE_TITLE!r}."
        )
    return Tree(list(_write_nodes(growth)), notes)


def _told_order(scenes: Mapping[str, Scene], start: str) -> list[str]:
    """Return all scenes, parents first, if what they tell is one tree; else nothing."""
    below: dict[str | None, list[str]] = defaultdict(list)
    for name, scene in scenes.items():
        below[scene.parent].append(name)
    order = [start] if below[None] == [start] else []
    for name in order:  # it grows meanwhile
        order.extend(below[name])
    return order if len(order) == len(scenes) else []


def _heads_first(loose: Sequence[str], scenes: Mapping[str, Scene]) -> list[str]:
    """Put first what no other loose passage leads to, so that the rest hangs below it."""
    reached = {link.target for name in loose for link in scenes[name].links if link.target != name}
    return sorted(loose, key=lambda name: name in reached)


def _write_nodes(growth: _Growth) -> Iterator[TreeNode]:
    is_parent = set(growth.parents)
    for position, scene in enumerate(growth.order):
        yield TreeNode(
            title=scene.name if scene.title is None else scene.title,
            content=scene.text,
            parent=growth.parents[position],
            choices=[
                (shorten(link.label, longest=LONGEST_LABEL), growth.places[link.target])
                for link in scene.links
            ],
            is_ending=(
                not scene.links and position not in is_parent
                if scene.is_ending is None
                else scene.is_ending
            ),
        )
