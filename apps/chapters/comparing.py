"""What changed between two texts: by paragraphs first, then by words where a paragraph changed.

The longest common subsequence by RapidFuzz (Hyyrö 2004, bit-parallel): its time and memory grow
with the product of the lengths, so beyond MOST_PAIRS a block counts as changed altogether.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec
from rapidfuzz.distance import LCSseq

MOST_PAIRS = 200_000_000  # 25 MB of one bit each
_PARAGRAPH = re.compile(r".*?\n\n+|.+", re.DOTALL)
_WORD = re.compile(r"\s+|\w+|[^\w\s]")


Op = Literal["equal", "insert", "delete"]


class Piece(msgspec.Struct, frozen=True):
    """A stretch of text that both have, or only the later (insert) or the earlier (delete)."""

    op: Op
    text: str


def compare_texts(old: str, new: str) -> list[Piece]:
    """Return the pieces in order: all but inserts make up the old text, all but deletes the new.

    Between two equal stretches what went stands before what came.
    """
    ops: tuple[Op, Op, Op] = ("equal", "delete", "insert")
    return [
        Piece(op, text)
        for block in _blocks(_by_paragraphs(old, new))
        for op, text in zip(ops, block, strict=True)
        if text
    ]


def _by_paragraphs(old: str, new: str) -> Iterator[Piece]:
    """Compare word by word what lies between two paragraphs that stayed."""
    for equal, gone, come in _blocks(_align(_PARAGRAPH.findall(old), _PARAGRAPH.findall(new))):
        yield Piece("equal", equal)
        yield from _align(_WORD.findall(gone), _WORD.findall(come))


def _blocks(pieces: Iterator[Piece]) -> Iterator[tuple[str, str, str]]:
    """Gather an equal stretch and what was taken from and put behind it; each may be empty."""
    texts = {"equal": "", "delete": "", "insert": ""}
    for piece in pieces:
        if piece.op == "equal" and (texts["delete"] or texts["insert"]):
            yield texts["equal"], texts["delete"], texts["insert"]
            texts = dict.fromkeys(texts, "")
        texts[piece.op] += piece.text
    yield texts["equal"], texts["delete"], texts["insert"]


def _align(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    if len(old) * len(new) > MOST_PAIRS:
        yield from (Piece("delete", "".join(old)), Piece("insert", "".join(new)))
        return
    for op, a, b, c, d in LCSseq.opcodes(old, new):
        if op == "equal":
            yield Piece("equal", "".join(old[a:b]))
        else:
            yield from (Piece("delete", "".join(old[a:b])), Piece("insert", "".join(new[c:d])))
