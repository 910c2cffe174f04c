"""Two texts and what changed between them."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from apps.chapters.comparing import Piece, compare_texts

TEXTS = st.text(st.sampled_from("ab .\n"), max_size=60)


@given(TEXTS, TEXTS)
def test_the_pieces_make_up_both_texts(old: str, new: str) -> None:
    pieces = compare_texts(old, new)
    assert "".join(p.text for p in pieces if p.op != "insert") == old
    assert "".join(p.text for p in pieces if p.op != "delete") == new
    assert all(p.text for p in pieces)
    assert all(one.op != other.op for one, other in pairwise(pieces))


def test_one_word_in_one_paragraph_is_all_that_changed() -> None:
    old = "The lamp went out.\n\nNobody had touched it.\n\nIt was late."
    new = old.replace("Nobody", "Somebody")
    assert compare_texts(old, new) == [
        Piece("equal", "The lamp went out.\n\n"),
        Piece("delete", "Nobody"),
        Piece("insert", "Somebody"),
        Piece("equal", " had touched it.\n\nIt was late."),
    ]


def test_an_inserted_paragraph_leaves_the_others_as_they_are() -> None:
    old = "One.\n\nThree."
    assert compare_texts(old, "One.\n\nTwo.\n\nThree.") == [
        Piece("equal", "One.\n\n"),
        Piece("insert", "Two.\n\n"),
        Piece("equal", "Three."),
    ]


def test_texts_too_large_to_align_count_as_changed_altogether() -> None:
    old, new = ". " * 10_000, "; " * 10_000
    assert compare_texts(old, new) == [Piece("delete", old), Piece("insert", new)]
