"""Keys and tags: equal only for what is the same text, and nothing in them but names."""

import re
import unicodedata
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from storychain.cache.keys import LONGEST, build_key
from storychain.cache.tags import kind_of, tag

NASTY = "a1:*?[]^-\\{}=~%/.\x00\n\r \u00e9e\u0301\u0130\ud800\"'"
TEXT = st.one_of(
    st.text(alphabet=st.sampled_from(NASTY)),
    st.text(st.characters(exclude_categories=())),
    st.text(min_size=1, max_size=3).map(lambda text: text * 1365),
    st.sampled_from(["null", "true", "1", "-1.5e-07", '"a"', "[1]", "{}", "NaN", r"\ud800"]),
)
VALUE = st.one_of(TEXT, st.integers(), st.booleans(), st.floats(), st.lists(st.integers()))
ALLOWED = re.compile(r"[A-Za-z0-9_.:=%~-]+")


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are one."""
    return (type(one), repr(one)) == (type(other), repr(other))


def alike(one: str, other: str) -> bool:
    """Tell whether two texts are equal up to NFC."""
    return unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)


@given(VALUE, VALUE)
@example("1", 1)
@example("null", float("nan"))
@example("\ud800", r"\ud800")
@example("e\u0301", "\u00e9")
@example("a" * 4096, "a" * 4095)
@example("1~", "1")
def test_keys_are_equal_for_equal_values_only(one: Any, other: Any) -> None:
    keys = [build_key("story", "detail", slug=value) for value in (one, other)]
    assert (keys[0] == keys[1]) == same(one, other)
    for key in keys:
        assert ALLOWED.fullmatch(key)
        assert len(key) <= LONGEST


@given(TEXT, TEXT, TEXT, TEXT)
@example("x:b=y", "z", "x", "y:b=z")
def test_no_value_reaches_into_the_next(a: str, b: str, c: str, d: str) -> None:
    is_one = build_key("e", "o", a=a, b=b) == build_key("e", "o", a=c, b=d)
    assert is_one == (same(a, c) and same(b, d))


@given(TEXT, TEXT)
@example("\ud800", r"\ud800")
@example("a" * 4096, "a" * 4095)
@example("e\u0301", "\u00e9")
def test_tags_are_equal_for_equal_names_only(one: str, other: str) -> None:
    tags = [tag("story", name) for name in (one, other)]
    assert (tags[0] == tags[1]) == alike(one, other)
    for name in tags:
        assert ALLOWED.fullmatch(name)
        assert kind_of(name) == "story"
        assert len(name) <= LONGEST


@given(st.dictionaries(st.sampled_from("abc"), st.none() | TEXT, min_size=3))
def test_nothing_said_is_left_out_and_differs_from_empty(given_: dict[str, Any]) -> None:
    said = {name: value for name, value in given_.items() if value is not None}
    assert build_key("e", "o", **given_) == build_key("e", "o", **said)
    if len(said) < len(given_):
        full = {name: value or "" for name, value in given_.items()}
        assert build_key("e", "o", **given_) != build_key("e", "o", **full)
