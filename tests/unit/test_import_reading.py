"""Bytes in, a story within its limits out: formats, encodings, and what is refused."""

import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from apps.chapters.planting import TreeNode
from apps.imports import limits
from apps.imports.errors import EmptyFile, NoHeadings, NotText, TooLarge, Truncated, Unreadable
from apps.imports.fitting import cut_text, fit_nodes
from apps.imports.reading import PARSERS, detect_format, read_story

SAMPLES = Path(__file__).parents[2] / "apps/imports/samples"
LATIN = """Character set encoding: ISO-8859-1

*** START OF THE PROJECT GUTENBERG EBOOK X ***

Été.

*** END OF THE PROJECT GUTENBERG EBOOK X ***
"""


def content(data: bytes) -> str:
    return read_story(data=data, format="auto")[1].nodes[0].content


@pytest.mark.parametrize(
    ("name", "found", "title", "chapters"),
    [
        ("the-lighthouse-keepers-key.twee", "twee", "The Lighthouse Keeper's Key", 11),
        ("the-winter-ferry.txt", "novel", "The Winter Ferry", 6),
        ("the-orchard-ledger.md", "markdown", "The Orchard Ledger", 5),
    ],
)
def test_the_samples_are_read(name: str, found: str, title: str, chapters: int) -> None:
    kind, story = read_story(data=(SAMPLES / name).read_bytes(), format="auto")
    assert (kind, story.title, len(story.nodes)) == (found, title, chapters)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("\n\n:: Start\nx", "twee"),
        ("# One\n\nx", "markdown"),
        ("One\n===\n\nx", "markdown"),
        ("Chapter 1\n\nx", "novel"),
        ("Just some text.", "novel"),
        ("*** START OF THE PROJECT GUTENBERG EBOOK X ***\n# 5\n", "novel"),
        ("#hashtag is no heading", "novel"),
    ],
)
def test_the_format_is_found(text: str, found: str) -> None:
    assert detect_format(text=text) == found


@pytest.mark.parametrize(
    "data",
    [
        "Été.".encode(),
        "Été.".encode("utf-8-sig"),
        "Été.".encode("utf-16"),
        "\ufeffÉté.".encode("utf-16-be"),
        LATIN.encode("latin-1"),
        LATIN.replace("\n", "\r\n").encode("latin-1"),
    ],
)
def test_encodings_that_are_understood(data: bytes) -> None:
    assert content(data) == "Été."


@pytest.mark.parametrize(
    ("data", "condition", "line"),
    [
        (b"", EmptyFile, None),
        (b"\xef\xbb\xbf \r\n\t", EmptyFile, None),
        (b"one\ntwo\0", NotText, 2),
        (b"\x7fELF\x02\x01\x01\0", NotText, 1),
        (b"\n<!DOCTYPE html>\n<p>x", NotText, None),
        (b"{\\rtf1\\ansi x}", NotText, None),
        (b"%PDF-1.7\nx", NotText, None),
        ("one\nÉté".encode("latin-1"), NotText, 2),
        (b"one\n\x1b[31mred", NotText, 2),
        ("one\nEté".encode()[:-1], Truncated, 2),
        ("Été".encode("utf-16") + b"\0", NotText, 1),
        (b"x" * (limits.LARGEST_FILE + 1), TooLarge, None),
    ],
)
def test_what_is_no_text_is_refused_with_its_line(
    data: bytes, condition: type[Unreadable], line: int | None
) -> None:
    with pytest.raises(condition) as refused:
        read_story(data=data, format="auto")
    assert refused.value.line == line
    assert refused.value.reason in refused.value.detail


@pytest.mark.parametrize("kind", ["novel", "markdown"])
def test_one_long_piece_without_headings_is_refused(kind: str) -> None:
    paragraphs = "Some words that go on.\n\n" * 4_000
    with pytest.raises(NoHeadings) as refused:
        read_story(data=paragraphs.encode(), format=kind)
    assert "heading" in refused.value.mend
    assert len(read_story(data=paragraphs[:60_000].encode(), format=kind)[1].nodes) == 1


def test_too_many_chapters_and_too_deep_trees_are_refused() -> None:
    def chain(length: int) -> bytes:
        return "".join(f"# C{n}\n\ntext\n\n" for n in range(length)).encode()

    def broom(handle: int, straws: int) -> bytes:
        steps = (f":: P{n}\n[[P{n + 1}]]\n" for n in range(handle))
        ends = (f":: S{n}\nx\n" for n in range(straws))
        links = "".join(f"[[S{n}]]\n" for n in range(straws))
        data = json.dumps({"start": "P0"})
        return (
            f":: StoryData\n{data}\n{''.join(steps)}:: P{handle}\n{links}\n{''.join(ends)}".encode()
        )

    assert len(read_story(data=chain(1_001), format="auto")[1].nodes) == 1_001
    for data, said in (
        (chain(1_002), "1,001 steps"),
        (chain(10_001), "10,001 chapters"),
        (broom(990, 9_000), "on average"),
    ):
        with pytest.raises(TooLarge) as refused:
            read_story(data=data, format="auto")
        assert said in refused.value.detail
        assert refused.value.status == 413


def test_a_long_chapter_becomes_parts_that_follow_one_another() -> None:
    paragraphs = [f"Paragraph {n}. " + "word " * 50 for n in range(1_000)]
    nodes = [
        TreeNode(title="A", content="\n\n".join(paragraphs), choices=[("on", 1), ("again", 0)]),
        TreeNode(title="B", content="End.", parent=0, is_ending=True),
    ]
    fitted = fit_nodes(nodes)
    parts = len(fitted) - 1
    assert [node.title for node in fitted] == [
        f"A ({n} of {parts})" for n in range(1, parts + 1)
    ] + ["B"]
    assert [node.parent for node in fitted] == [None, *range(parts)]
    assert [list(node.choices) for node in fitted[:-2]] == [[]] * (parts - 1)
    assert list(fitted[-2].choices) == [("on", parts), ("again", 0)]
    assert all(len(node.content) <= limits.LONGEST_CHAPTER for node in fitted)
    assert "\n\n".join(node.content for node in fitted[:-1]).split("\n\n") == [
        p.rstrip() for p in paragraphs
    ]


def test_a_long_title_is_repeated_above_the_text() -> None:
    (node,) = fit_nodes([TreeNode(title="many words # " * 30, content="Text.")])
    assert len(node.title) <= limits.LONGEST_TITLE
    assert node.content == f"**{('many words # ' * 30).strip()}**\n\nText."


@given(st.text(alphabet="ab c\\*\n`#1.", max_size=400), st.integers(20, 60))
def test_cutting_keeps_every_character_but_white_space_and_hard_breaks(
    text: str, longest: int
) -> None:
    pieces = cut_text(text, longest=longest)
    assert all(len(piece) <= longest for piece in pieces)
    assert "".join("".join(pieces).replace("\\", "").split()) == "".join(
        text.replace("\\", "").split()
    )


PIECES = [
    *("\n", "\n\n", "# ", "## Two\n", "===\n", "---\n", "title: x\n", "```\n", "[a]: b\n", "[a] "),
    *(
        ":: Start\n",
        ":: B [t] {}\n",
        ":: StoryData\n",
        '{"start": "B"}\n',
        "[[B]]",
        "[[",
        "]]",
        "->",
    ),
    *("Chapter 1\n", "CHAPTER II. X\n", "CONTENTS\n", "EPILOGUE\n", "PART ONE\n", "I\n", "II\n"),
    *(
        "*** START OF THE PROJECT GUTENBERG EBOOK X ***\n",
        "*** END OF THE PROJECT GUTENBERG EBOOK\n",
    ),
    *(
        "[Illustration",
        "]",
        "  set in\n",
        "_it_",
        "\\",
        "Transcriber's Note\n",
        *(
            "— 1 —\n",
            "[ 2 ]\n",
            "3. A Title\n",
            "  1.  A Title ... 3\n",
            "第一章 x\n",
            "BOOK I--A\n",
        ),
        "By A. B.\n",
        "\ufeff",
    ),
]


@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(str.encode),
        st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=25).map(
            lambda parts: "".join(parts).encode("utf-8", "replace")
        ),
    ),
    st.sampled_from(["auto", *PARSERS]),
)
@example(b"I\n\nII\n\n[Illustration", "novel")
@settings(max_examples=600)
def test_whatever_comes_is_a_story_or_a_refusal(data: bytes, kind: str) -> None:
    try:
        _, story = read_story(data=data, format=kind)
    except Unreadable as refused:
        assert refused.detail
        return
    assert story.nodes
    assert story.nodes[0].parent is None
    for at, node in enumerate(story.nodes):
        assert at == 0 or 0 <= node.parent < at
        assert 0 < len(node.title) <= limits.LONGEST_TITLE
        assert len(node.content) <= limits.LONGEST_CHAPTER
        for text, target in node.choices:
            assert 0 < len(text) <= limits.LONGEST_LABEL
            assert target < len(story.nodes)
