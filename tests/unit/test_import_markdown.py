"""Markdown files: cut at their headings, otherwise as they were written."""

import pytest

from apps.imports.errors import EmptyFile
from apps.imports.markdown import parse_markdown_story


def parts(text: str) -> list[tuple[str, str]]:
    return [(node.title, node.content) for node in parse_markdown_story(text=text).nodes]


def test_one_heading_above_all_is_the_title() -> None:
    story = parse_markdown_story(
        text="# The Lamp\n\n## One\n\nA.\n\n### Inner\n\nB.\n\n## Two\n\nC.\n"
    )
    assert story.title == "The Lamp"
    assert [(n.title, n.content, n.parent) for n in story.nodes] == [
        ("One", "A.\n\n### Inner\n\nB.", None),
        ("Two", "C.", 0),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# A\n\nx\n\n# B\n\ny", [("A", "x"), ("B", "y")]),
        ("A\n===\n\nx\n\nB\n===\ny", [("A", "x"), ("B", "y")]),
        ("before\n\n# A\n\nx", [("Opening", "before"), ("A", "x")]),
        ("# T\n\nbefore\n\n## A\n\nx", [("Opening", "before"), ("A", "x")]),
        ("# Only\n\nx", [("Only", "x")]),
        ("no heading", [("Opening", "no heading")]),
        ("# A *b* `c` [d](e)\n\nx\n\n# B\n\ny", [("A b c d", "x"), ("B", "y")]),
        ("# A #\n\nx\n\n# B\n\n```\n# no\n```", [("A", "x"), ("B", "```\n# no\n```")]),
        ("# A\n\nx\n\n# B\n\n> # no\n\n- # no", [("A", "x"), ("B", "> # no\n\n- # no")]),
        ("# A\n\n    # code\n\n# B\n\ny", [("A", "    # code"), ("B", "y")]),
        ("## A\n\nx\n\n# B\n\ny", [("Opening", "## A\n\nx"), ("B", "y")]),
    ],
)  # fmt: skip
def test_chapters_begin_at_the_highest_headings(text: str, expected: list[tuple[str, str]]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    "tags", ["tags: [sea, 'at night']", "tags:\n  - sea\n  - at night", "Tags:\n- sea\n- at  night"]
)
def test_front_matter_names_title_author_and_tags(tags: str) -> None:
    matter = f'---\n# by hand\ntitle: "The Lamp"\nauthor: A. Writer\n{tags}\n---\n'
    story = parse_markdown_story(text=f"{matter}\n# A\n\nx\n\n# B\n\ny")
    assert (story.title, story.author, len(story.nodes)) == ("The Lamp", "A. Writer", 2)
    assert story.tags == ["sea", "at night"]


@pytest.mark.parametrize("text", ["---\n- x\n---\n\ny", "---\na: b\nc\n---\n\ny", "---\n---\n\ny"])
def test_what_is_no_front_matter_is_text(text: str) -> None:
    assert parts(text)[0][1].startswith("---")


def test_a_rule_at_the_top_is_no_front_matter() -> None:
    assert parts("---\n\nSome text.\n\n---\n") == [("Opening", "---\n\nSome text.\n\n---")]


def test_addresses_of_links_follow_them_into_their_chapter() -> None:
    addresses = '[the map]: /map "It\'s"\n[here]: </a b>\n'
    text = f"# A\n\nSee [the map] and [b][here].\n\n# B\n\n[x]\n\n{addresses}"
    first, second = (content for _, content in parts(text))
    assert first.endswith('[HERE]: </a%20b>\n[THE MAP]: </map> "It\'s"')
    assert second.startswith("[x]\n\n[the map]: /map")


def test_headings_without_text_are_refused() -> None:
    with pytest.raises(EmptyFile):
        parse_markdown_story(text="# A\n\n## B\n\n## C\n")
