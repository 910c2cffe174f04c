"""Writes of the index: what stands in MongoDB is read, and put into SQL; never the other way round.

1. The revisions of the entries are read from SQL.
2. What the things are found by is read from MongoDB.
3. In one short transaction each entry is written if it still has its revision, which then goes up.
   One that has not was written by somebody else meanwhile, and all of it is done again.

So each write of an entry was read after the write before it had been made: what is older never
replaces what is newer, however late or often a job comes, and no clock is asked. Hence also what is
written where nothing is new, and the empty entry of what nobody may find: who read before that must
not write after it.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from apps.search import spelling
from apps.search.engines import LAST, engine
from apps.search.invalidation import SEARCH
from apps.search.lexemes import ANYWHERE, Search, Term, Text, lexemes_of, words_in
from apps.search.models import Entry
from apps.search.sources import Thing, count_things, read_texts, walk_story, walk_things
from storychain.cache.invalidation import bump
from storychain.errors import Unavailable
from storychain.steps import in_steps

STEP = 10  # things in one transaction: SQLite has one writer, and beat and workers write as well
TRIES = 10
Report = Callable[[int, int], None]


class _Row(NamedTuple):
    """What is to stand in the index for a thing; the digest tells whether that is new."""

    lexemes: Sequence[str]
    digest: str


EMPTY = _Row([], "")


def index(things: Iterable[Thing], *, is_again: bool = False, met: set[str] | None = None) -> int:
    """Bring things up to date; return how many were not.

    With `is_again` an attempt before may have ended between its commit and its bump. With `met`,
    the words met so far, those of things that are up to date are learned and met as well. Raise
    Unavailable if others write the same ones again and again.
    """
    steps = in_steps(dict.fromkeys(things), STEP)
    changed = sum(_index_few(some, met) for some in steps)
    if changed or is_again:
        bump(SEARCH)
    return changed


def index_story(
    *, slug: str, is_again: bool = False, check: Callable[[], None] = lambda: None
) -> int:
    """Bring a story and its chapters up to date, and ask `check` between steps whether to go on."""
    changed = 0
    for some in in_steps(walk_story(slug), STEP * 5):
        check()
        changed += index(some, is_again=is_again)
    return changed


def rebuild(*, report: Report = lambda _done, _total: None) -> int:
    """Bring everything up to date, also what MongoDB no longer has; return how many were not.

    Words that stand nowhere any more are forgotten, those that stand somewhere known.
    Safe while others write: it is what their jobs do, for everything.
    """
    bump(SEARCH)
    begun_at, done, changed, total = timezone.now(), 0, 0, count_things()
    met: set[str] = set()
    for some in in_steps(walk_things(), STEP * 5):
        changed += index(some, met=met)
        done += len(some)
        report(done, total)
    left = Entry.objects.filter(indexed_at__lt=begun_at).exclude(digest="")
    changed += index([Thing(*row) for row in left.values_list("kind", "key")])
    spelling.forget(unless=lambda word: word in met or _stands(word))
    report(done, done)
    return changed


def _index_few(things: list[Thing], met: set[str] | None) -> int:
    waiting, changed = things, 0
    for _ in range(TRIES):
        known = _read_entries(waiting)
        found = {thing: _row_of(text) for thing, text in read_texts(waiting).items()}
        if met is None:
            _learn(row for it, row in found.items() if _is_new(row, known.get(it)))
        else:
            met |= _learn(found.values(), known=met)
        written, more = _write(_in_order(waiting, known), known, found)
        changed += more
        waiting = [thing for thing in waiting if thing not in written]
        if not waiting:
            return changed
    raise Unavailable("Others index the same things at the same time; try again.")


def _read_entries(things: Iterable[Thing]) -> dict[Thing, Entry]:
    keys = {thing.key for thing in things}
    return {Thing(row.kind, row.key): row for row in Entry.objects.filter(key__in=keys)}


def _in_order(things: list[Thing], known: dict[Thing, Entry]) -> list[Thing]:
    """Return entries as all writers go through them, so that none waits for another in a ring.

    New ones come last, as they are given: so they are numbered.
    """
    return sorted(things, key=lambda thing: known[thing].id if thing in known else LAST)


@transaction.atomic
def _write(
    things: list[Thing], known: dict[Thing, Entry], found: dict[Thing, _Row]
) -> tuple[set[Thing], int]:
    """Write what nobody else wrote meanwhile; return that, and how many of it were out of date."""
    written, changed = set(), 0
    for thing in things:
        outcome = _write_one(thing, known.get(thing), found.get(thing, EMPTY))
        if outcome is not None:
            written.add(thing)
            changed += outcome
    return written, changed


def _write_one(thing: Thing, entry: Entry | None, row: _Row) -> bool | None:
    """Tell whether a thing was out of date; None if somebody else has written it meanwhile."""
    now, is_new = timezone.now(), _is_new(row, entry)
    if entry is None:
        entry, is_mine = Entry.objects.get_or_create(
            kind=thing.kind, key=thing.key, defaults={"digest": row.digest, "indexed_at": now}
        )
    else:
        mine = Entry.objects.filter(id=entry.id, revision=entry.revision)
        is_mine = mine.update(revision=entry.revision + 1, digest=row.digest, indexed_at=now)
    if not is_mine:
        return None
    if is_new:
        engine().put(entry.id, row.lexemes)
    return is_new


def _row_of(text: Text) -> _Row:
    lexemes = lexemes_of(text)
    return _Row(lexemes, blake2b(" ".join(sorted(lexemes)).encode(), digest_size=16).hexdigest())


def _is_new(row: _Row, entry: Entry | None) -> bool:
    return row.digest != (entry.digest if entry else EMPTY.digest)


def _stands(word: str) -> bool:
    anywhere = Search([[Term(ANYWHERE + word)]])
    return bool(engine().find(anywhere, before=LAST, limit=1))


def _learn(rows: Iterable[_Row], *, known: Iterable[str] = ()) -> set[str]:
    """Let the words of these be known, and return those that were not."""
    words = {word for row in rows for word in words_in(row.lexemes)}.difference(known)
    spelling.learn(words)
    return words
