"""Words, minutes, and HTML that is safe to show."""

import pytest

from apps.chapters.text import count_words, estimate_minutes, render_html


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("one two", 2),
        ("don't stop", 2),
        ("dog\u2019s day", 2),
        ("吾輩は猫", 4),
        ("Ein Käfer lief.", 3),
        ("— … !", 0),
        ("x" * 80_000, 1),
    ],
)
def test_words_are_counted_in_any_script(text: str, words: int) -> None:
    assert count_words(text) == words


def test_minutes_round_up() -> None:
    assert [estimate_minutes(n) for n in (0, 1, 230, 231)] == [0, 1, 1, 2]


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "<img src=x onerror=alert(1)>",
        "![x](data:text/html,<b>)",
        '<a href="x" onclick="y">z</a>',
    ],
)
def test_html_never_carries_code(hostile: str) -> None:
    html = render_html(hostile)
    assert "<script" not in html
    assert "<img src=x" not in html
    assert 'href="javascript' not in html
    assert "<a href" not in html or "onclick" not in html.split(">")[0]


def test_markdown_becomes_html() -> None:
    assert render_html("*so* **be** it") == "<p><em>so</em> <strong>be</strong> it</p>\n"
