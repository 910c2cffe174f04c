"""Cursors hold for the list that issued them, and for no other."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storychain.api.pagination import decode_cursor, encode_cursor
from storychain.errors import Invalid

SCOPE = "stories:genre=gothic:limit=20"
VALUES = ["2026-01-01T00:00:00+00:00", "the-lamp", 7, None]


def test_a_cursor_brings_its_values_back_and_is_safe_in_a_url() -> None:
    cursor = encode_cursor(SCOPE, VALUES)
    assert re.fullmatch(r"[A-Za-z0-9._-]+", cursor)
    assert decode_cursor(SCOPE, cursor) == VALUES
    assert decode_cursor(SCOPE, None) is None


@pytest.mark.parametrize("other", ["", "stories:genre=sea:limit=20", f"{SCOPE} ", "users"])
def test_a_cursor_of_another_list_is_refused(other: str) -> None:
    with pytest.raises(Invalid) as refused:
        decode_cursor(other, encode_cursor(SCOPE, VALUES))
    assert "cursor" in refused.value.fields


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{0,80}\.[A-Za-z0-9_-]{43}", fullmatch=True))
def test_forged_cursors_are_refused(forged: str) -> None:
    with pytest.raises(Invalid):
        decode_cursor(SCOPE, forged)


@given(st.integers(0, 200), st.characters())
@example(0, "\ud800")
def test_a_changed_cursor_is_refused(place: int, sign: str) -> None:
    cursor = encode_cursor(SCOPE, VALUES)
    place %= len(cursor)
    changed = cursor[:place] + sign + cursor[place + 1 :]
    if changed != cursor:
        with pytest.raises(Invalid):
            decode_cursor(SCOPE, changed)
