"""Titles that stand below their headings, and names for chapters without any."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from apps.imports.blocks import Block
from apps.imports.headings import MOST_LINES, Heading, looks_like_title, tidy_title

LEAST_GROUP = 3  # fewer chapters show no habit
USUAL = 0.8  # of the chapters of a book have titles, if it has them
LONGEST_SENTENCE = 80
SET_OFF = 3  # lines to the text below; from paragraph to paragraph it is two
NO_TITLE = tuple(",;:—–-")  # noqa: RUF001 - the dashes that books use


@dataclass
class Section:
    """A chapter as it is found; the text in front of the first heading has none."""

    heading: Heading | None
    blocks: list[Block]


def take_titles(sections: Iterable[Section]) -> None:
    """Make titles of first paragraphs that are titles.

    One that looks like an ordinary line is a title only in a book whose chapters have them as a
    rule: the short first sentence of one chapter is not.
    """
    groups = defaultdict[str, list[Section]](list)
    for section in sections:
        if section.heading and section.heading.number and not section.heading.title:
            groups[section.heading.kind].append(section)
    for group in groups.values():
        _take_from(group)


def _take_from(group: Sequence[Section]) -> None:
    is_habit = len(group) >= LEAST_GROUP and _are_usual([_may_be_title(s) for s in group])
    is_likely = len(group) < LEAST_GROUP or _are_usual([_is_like_title(s) for s in group])
    for section in group:
        may_be_likely = is_likely or _first_text(section).isupper()
        if (may_be_likely and _is_like_title(section)) or (is_habit and _may_be_title(section)):
            _take(section)


def _are_usual(answers: Sequence[bool]) -> bool:
    return sum(answers) >= USUAL * len(answers)


def _is_like_title(section: Section) -> bool:
    """Tell whether a section begins with a title, by itself: capitals, or no sentence."""
    return _has_room(section) and looks_like_title(_first_text(section))


def _may_be_title(section: Section) -> bool:
    """Tell whether a section begins with a title, set off from the text: "The Widow."."""
    text = _first_text(section)
    return _is_like_title(section) or (
        _has_room(section)
        and len(section.blocks[0].lines) == 1
        and section.blocks[:2][-1].line - section.blocks[0].last >= SET_OFF
        and len(text) <= LONGEST_SENTENCE
        and (text[:1].isupper() or text[:1].isdigit())
        and not text.endswith(NO_TITLE)
    )


def _has_room(section: Section) -> bool:
    """Tell whether text is left below a title; a part of a book needs none."""
    least = 1 if section.heading and section.heading.is_outer else 2
    return len(section.blocks) >= least and len(section.blocks[0].lines) < MOST_LINES


def _first_text(section: Section) -> str:
    return tidy_title(section.blocks[0].text) if section.blocks else ""


def _take(section: Section) -> None:
    if section.heading:
        title = _first_text(section).rstrip(".")
        section.heading = replace(section.heading, title=title)
        del section.blocks[0]
