"""From what somebody asks to what the index is asked, step by step: the best finds come first.

The steps hold each other: what is found with all words whole in the title, then with the last as a
beginning, then with the description, then anywhere. Each leaves out what the one before has found.
Only where all these find nothing at all, words are looked for that were perhaps meant. A place in
the list is (step, number of the entry): it stays where it is, whatever is written meanwhile.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from apps.search import spelling
from apps.search.engines import LAST, engine
from apps.search.excerpts import Asked
from apps.search.lexemes import ANYWHERE, DESCRIPTION, OPEN, TITLE, Group, Search, Term, fact
from apps.search.sources import Thing
from apps.search.words import is_running, split_words
from apps.stories.documents import fold, label

MOST_WORDS = 50
FIRST_NEAR = 4  # the step from which on words count that were perhaps meant
FETCHED = 50
Narrow = Callable[[str], Group]  # from a place to the terms of one word


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody looks for, and among what."""

    q: str
    type: str | None = None
    genre: str | None = None
    tag: str | None = None
    exclude: str | None = None
    rating: str | None = None
    status: str | None = None

    def folded(self) -> "Choice":
        """Return the same choice in the one spelling of all that find the same."""
        texts = {"genre": self.genre, "tag": self.tag, "exclude": self.exclude}
        folded = {name: value and fold(value) for name, value in texts.items()}
        return msgspec.structs.replace(self, q=fold(self.q), **folded)


class Reach(NamedTuple):
    """What somebody may find: with `sees_all` everything, else what is public and `stories`.

    Never what is `banned`.
    """

    sees_all: bool = False
    stories: Sequence[str] = ()
    banned: Sequence[str] = ()


class Find(NamedTuple):
    """A find, and its place in the list."""

    step: int
    number: int
    thing: Thing


class Finder:
    """One search: what it asks of the index, and what in a text it marks."""

    def __init__(self, choice: Choice, reach: Reach) -> None:
        """Work out the words; nothing is asked yet."""
        self._words = _words(choice.q)
        self._filters, self._never = _filters(choice, reach)
        self._near: dict[str, list[str]] = {}

    def walk(self, after: tuple[int, int] | None) -> Iterator[Find]:
        """Yield what is found behind a place, the best first."""
        step, before = after or (0, LAST)
        is_empty = after is None
        while self._words and step < len(self._steps()):
            for find in self._walk_step(step, before):
                is_empty = False
                yield find
            step, before = step + 1, LAST
            if step == FIRST_NEAR and not is_empty:
                return

    def asked(self, step: int) -> Asked:
        """Return what is marked in what a step has found."""
        near = [word for words in self._near_words(step) for word in words]
        last = self._words[-1]
        single = (w for w in self._words if _is_single(w))
        starts = tuple(single) if len(last) == 1 else (*single, last)
        return Asked(frozenset([*self._words, *near]), starts)

    def _walk_step(self, step: int, before: int) -> Iterator[Find]:
        groups = self._groups(step)
        earlier = [self._groups(step - 1)] if step else []
        search = Search([*self._filters, *groups], [*self._never, *earlier])
        while True:
            rows = engine().find(search, before=before, limit=FETCHED)
            yield from (Find(step, number, Thing(kind, key)) for number, kind, key in rows)
            if len(rows) < FETCHED:
                return
            before = rows[-1][0]

    def _steps(self) -> Sequence[tuple[str, bool]]:
        """Return for each step the place of the words, and whether the last is a beginning."""
        near = ((TITLE, True), (ANYWHERE, True))
        return ((TITLE, False), (TITLE, True), (DESCRIPTION, True), (ANYWHERE, True), *near)

    def _groups(self, step: int) -> list[Group]:
        place, is_open = self._steps()[step]
        groups = []
        for word, near in zip(self._words, self._near_words(step), strict=True):
            is_start = _is_single(word) or (is_open and word == self._words[-1] and len(word) > 1)
            groups.append([Term(place + word, is_start), *(Term(place + one) for one in near)])
        return groups

    def _near_words(self, step: int) -> list[list[str]]:
        if step < FIRST_NEAR:
            return [[] for _ in self._words]
        return [self._find_near(word) for word in self._words]

    def _find_near(self, word: str) -> list[str]:
        if word not in self._near:
            is_start = word == self._words[-1]
            self._near[word] = spelling.find_near(word, is_start=is_start)
        return self._near[word]


def _words(text: str) -> list[str]:
    """Return the words of what is asked, each once, the last one last.

    The end of a run without spaces is in its last pair already.
    """
    words, end = [], 0
    for word in split_words(text):
        if word.end > end:
            words.append(word.text)
        end = word.end
    return list(dict.fromkeys(reversed(words[:MOST_WORDS])))[::-1]


def _is_single(word: str) -> bool:
    """Tell whether a word is one character of a script without spaces: of pairs it is the start."""
    return len(word) == 1 and is_running(word)


def _filters(choice: Choice, reach: Reach) -> tuple[list[Group], list[list[Group]]]:
    """Return what a find must be, and what it must not be."""
    labels = {"genre": choice.genre, "tag": choice.tag, "rating": choice.rating}
    must = [[Term(fact("label", label(kind, value)))] for kind, value in labels.items() if value]
    if choice.status:
        must.append([Term(fact("status", choice.status))])
    kinds = [choice.type] if choice.type else ["story", "chapter"] if choice.exclude else []
    if kinds:
        must.append([Term(fact("kind", kind)) for kind in kinds])
    if not reach.sees_all:
        mine = (Term(fact("in", slug)) for slug in reach.stories)
        must.append([Term(fact(OPEN)), *mine])
    never = [[[Term(fact("in", slug)) for slug in reach.banned]]] if reach.banned else []
    if choice.exclude:
        never.append([[Term(fact("label", label("tag", choice.exclude)))]])
    return must, never
