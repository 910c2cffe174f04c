"""Whom a comment names."""

import pytest

from apps.comments.limits import MOST_MENTIONS
from apps.comments.mentions import find_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@ada, see @Bob-2 (@eve_3)! @ADA", ["ada", "bob-2", "eve_3"]),
        ("**@ada**\n> @bob.", ["ada", "bob"]),
        ("mail ada@bob.example, @@ada, a.@bob, @-bob", []),
        ("@ab @" + "x" * 31 + " @ @élan", []),
        ("@" + "x" * 30, ["x" * 30]),
        (" ".join(f"@user{n}" for n in range(99)), [f"user{n}" for n in range(MOST_MENTIONS)]),
    ],
)
def test_names_are_found_and_addresses_are_none(text: str, names: list[str]) -> None:
    assert find_names(text) == names
