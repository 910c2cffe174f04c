"""From a Change to what must be indexed anew, gathered and announced in the write's transaction.

Search hangs on every way to write a text, an edit as well as a departure or an import; so it
follows the Changes themselves, which are complete, as the rules of invalidation do.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from apps.chapters.documents import Chapter
from apps.search.events import TextsChanged
from apps.search.services import Thing
from apps.stories.documents import Story, fold
from apps.users.documents import User
from storychain.documents import Change, Document, UnitOfWork, changed, committing
from storychain.events import publish

NOTE = "search"
FACTS = ("status", "settings.is_public", "settings.genres", "settings.content_rating", "tags")
Follow = Callable[[Change[Any], "_Gathered"], None]


@dataclass
class _Gathered:
    things: dict[Thing, None] = field(default_factory=dict)
    stories: dict[str, None] = field(default_factory=dict)
    is_unknown: bool = False

    def add(self, kind: str, key: str) -> None:
        self.things[Thing(kind, key)] = None


def _follow_story(change: Change[Story], gathered: _Gathered) -> None:
    if not change.touches("title", "description", *FACTS):
        return
    slug = change.document.slug
    gathered.add("story", slug)
    if change.touches(*FACTS):
        for tag in _tags_of(change):
            gathered.add("tag", tag)
        if change.kind == "update":
            gathered.stories[slug] = None


def _follow_chapter(change: Change[Chapter], gathered: _Gathered) -> None:
    if change.touches("title", "content", "status"):
        gathered.add("chapter", change.document.slug)


def _follow_user(change: Change[User], gathered: _Gathered) -> None:
    if change.touches("username", "bio", "is_active"):
        gathered.add("user", change.document.clerk_id)


def _tags_of(change: Change[Story]) -> Iterator[str]:
    for story in filter(None, (change.old, change.new)):
        yield from map(fold, story.tags)


def _watch(model: type[Document], follow: Follow) -> None:
    def receive(change: Change[Any], unit: UnitOfWork, **_: object) -> None:
        gathered = unit.notes.setdefault(NOTE, _Gathered())
        if change.kind == "unknown":
            gathered.is_unknown = True
        else:
            follow(change, gathered)

    changed.connect(receive, sender=model, weak=False, dispatch_uid=(__name__, model.__name__))


def _announce(unit: UnitOfWork, **_: object) -> None:
    gathered = unit.notes.get(NOTE)
    if gathered and (gathered.things or gathered.stories or gathered.is_unknown):
        publish(
            TextsChanged(
                things=[str(thing) for thing in gathered.things],
                stories=list(gathered.stories),
                is_unknown=gathered.is_unknown,
            )
        )


_watch(Story, _follow_story)
_watch(Chapter, _follow_chapter)
_watch(User, _follow_user)
committing.connect(_announce)
