"""Chapters that are headed by their titles alone, as the list of contents names them."""

from collections.abc import Sequence

from apps.imports.blocks import Block
from apps.imports.entries import fold_title, is_label, looks_like_entry, take_title
from apps.imports.headings import Heading, looks_like_title
from apps.imports.numbering import Head

LEAST_TITLES = 3
MOST_TITLE_LINES = 3
MOST_LISTS = 4


def find_listed(blocks: Sequence[Block]) -> dict[int, Head]:
    """Return the heads that are nothing but a title which stands below the word "Contents"."""
    labels = [at for at, block in enumerate(blocks) if is_label(block)]
    for label in labels[:MOST_LISTS]:
        titles, begins = _read_titles(blocks, label)
        found = _find_titles(titles, blocks, begins)
        if len(found) >= LEAST_TITLES:
            return {
                at: Head(Heading("listed", name, "", titles[name])) for name, at in found.items()
            }
    return {}


def _read_titles(blocks: Sequence[Block], label: int) -> tuple[dict[str, str], int]:
    """Return the titles below a label, and where the first of them comes again."""
    titles: dict[str, str] = {}
    for at in range(label + 1, len(blocks)):
        lines = [take_title(line) for line in blocks[at].lines]
        if not all(looks_like_title(line) or looks_like_entry(line) for line in lines):
            break
        for line in lines:
            if (name := fold_title(line)) in titles:
                return titles, at
            if name:
                titles[name] = line
    return {}, len(blocks)


def _find_titles(titles: dict[str, str], blocks: Sequence[Block], begins: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for at in range(begins, len(blocks)):
        name = fold_title(blocks[at].text)
        if name in titles and len(blocks[at].lines) <= MOST_TITLE_LINES:
            found.setdefault(name, at)
    return found
