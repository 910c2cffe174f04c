"""What stands in the index for a thing, and what a search asks of it: sets of lexemes.

A lexeme is a word behind the letter of a place, `t` for the title, `d` for title or description,
`a` for anywhere; or `f` and a digest for a fact, such as that everybody may read it. So both
engines need nothing but sets, and no word can be mistaken for a fact or an operator.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

from apps.search.words import split_words, tidy

TITLE, DESCRIPTION, ANYWHERE, FACT = "tdaf"
MOST_BYTES = 600_000  # PostgreSQL takes a megabyte for a row, with what it adds to each lexeme
OPEN = "open"


class Term(NamedTuple):
    """A lexeme, or with `is_start` all that begin so."""

    lexeme: str
    is_start: bool = False


Group = Sequence[Term]  # any of these


class Search(NamedTuple):
    """What is looked for: one of each group in `must`, and not one of each in any of `never`."""

    must: Sequence[Group]
    never: Sequence[Sequence[Group]] = ()


class Text(NamedTuple):
    """What can be found of a thing: its words by place, and facts as (name, value)."""

    title: str
    description: str = ""
    body: str = ""
    facts: Sequence[tuple[str, str]] = ()


def fact(name: str, value: str = "") -> str:
    """Return the lexeme of a fact."""
    return FACT + blake2b(f"{name}:{value}".encode(), digest_size=8).hexdigest()


def lexemes_of(text: Text) -> list[str]:
    """Return the lexemes of a thing, each once; of a text beyond MOST_BYTES those that come first.

    Facts always stand: what a thing is must not depend on how much it says.
    """
    title = _words(text.title)
    described = {**title, **_words(text.description)}
    everything = {**described, **_words(text.body)}
    found = [fact(*one) for one in text.facts]
    for place, words in ((TITLE, title), (DESCRIPTION, described), (ANYWHERE, everything)):
        found += (place + word for word in words)
    return _fit(dict.fromkeys(found))


def words_in(lexemes: Iterable[str]) -> set[str]:
    """Return the words among the lexemes of a thing."""
    return {lexeme[1:] for lexeme in lexemes if lexeme[0] == ANYWHERE}


def _words(text: str) -> dict[str, None]:
    return dict.fromkeys(word.text for word in split_words(tidy(text)))


def _fit(lexemes: Iterable[str]) -> list[str]:
    kept, size = [], 0
    for lexeme in lexemes:
        size += len(lexeme.encode()) + 8
        if size > MOST_BYTES:
            break
        kept.append(lexeme)
    return kept
