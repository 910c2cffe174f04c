"""A story as Twee 3: read again by our own import, it is the same tree."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.chapters.pages import ChoiceView
from apps.chapters.planting import TreeNode
from apps.chapters.walking import ChapterText
from apps.exports.twee import write_twee
from apps.imports.reading import read_story
from apps.imports.shapes import ImportedStory
from apps.imports.twee import parse_twee
from tests.unit.test_export_rendering import HOSTILE_TEXT, HOSTILE_TITLES, chapter, manuscript_of

ROOT = Path(__file__).parents[2]
BOOKS = [
    *sorted((ROOT / "apps/imports/samples").iterdir()),
    *sorted((ROOT.parent / "shared/stories").glob("*.txt")),
]
Shape = list[tuple[str, str, int | None, list[tuple[str, int]], bool]]


def shape(story: ImportedStory) -> Shape:
    """Return the tree: titles, texts, parents, ways and endings, in reading order."""
    order = in_reading_order(story.nodes)
    place = {old: new for new, old in enumerate(order)}
    return [
        (
            node.title,
            node.content,
            None if node.parent is None else place[node.parent],
            [(label, place[to]) for label, to in node.choices],
            node.is_ending,
        )
        for node in (story.nodes[old] for old in order)
    ]


def in_reading_order(nodes: Sequence[TreeNode]) -> list[int]:
    """Return positions depth first, as an export reads a story."""
    order, stack = [], [0]
    while stack:
        here = stack.pop()
        order.append(here)
        stack.extend(at for at in reversed(range(len(nodes))) if nodes[at].parent == here)
    return order


def stored(story: ImportedStory) -> list[ChapterText]:
    """Return a story's chapters as a walk over it yields them."""
    return [
        ChapterText(
            slug=f"s{at}",
            parent_slug=None if story.nodes[at].parent is None else f"s{story.nodes[at].parent}",
            depth=0,
            title=story.nodes[at].title,
            content=story.nodes[at].content,
            author_id="ada",
            status="published",
            is_ending=story.nodes[at].is_ending,
            choices=[ChoiceView(label, f"s{to}") for label, to in story.nodes[at].choices],
        )
        for at in in_reading_order(story.nodes)
    ]


def write(chapters: list[ChapterText], title: str = "A story") -> str:
    """Export chapters and return the file's text."""
    manuscript, imprint = manuscript_of(chapters, title=title)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "book.twee"
        assert write_twee(manuscript, imprint, path, lambda _: None) == []
        return path.read_text("utf-8")


@pytest.mark.parametrize("book", BOOKS, ids=lambda path: path.name)
def test_a_book_comes_back_as_it_was(book: Path) -> None:
    story = read_story(data=book.read_bytes(), format="auto")[1]
    again = parse_twee(text=write(stored(story), title=story.title or "Untitled"))
    assert shape(again) == shape(story)
    assert again.title == (story.title or "Untitled")


def test_everything_hostile_comes_back(tmp_path: Path) -> None:
    """Titles on one line, texts without outer empty lines and signs that no book holds."""
    slugs = [f"s{n}" for n in range(len(HOSTILE_TITLES))]
    chapters = [
        chapter(
            slug,
            title,
            f"{HOSTILE_TEXT}\n:: no header\n\\:: nor this\n[[a]] [[[b]] \\[[c",
            (title or "…", slugs[n - 1]),
        )
        for n, (slug, title) in enumerate(zip(slugs, HOSTILE_TITLES, strict=True))
    ]
    once = parse_twee(text=write(chapters))
    assert len(once.nodes) == len(chapters)
    assert all("[[a]] [[[b]] \\[[c" in node.content for node in once.nodes)
    assert all("\n:: no header\n\\:: nor this\n" in node.content for node in once.nodes)
    again = parse_twee(text=write(stored(once)))
    assert shape(again) == shape(once)


LABEL = st.text("ab[]|<->:\\{}\"' é", min_size=1, max_size=12).map(
    lambda text: re.sub(r"\](?=[\[\]])", "] ", " ".join(text.split())) or "x"
)
TITLE = st.one_of(
    st.text("ab[]|<->:\\{}\"' ", max_size=10).map(lambda text: " ".join(text.split())),
    st.sampled_from(["Left", "Left (2)", "StoryTitle", "Start", "https://a.example", ""]),
)
TEXT = st.lists(
    st.sampled_from(
        [*"ab[]:\\|{}", "\n", "\n\n\n", "::", "[[", "]]", "[[a->b]]", "\\[[", "\n:: x"]
    ),
    max_size=12,
).map(lambda parts: "".join(parts).strip())


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(TITLE, TEXT, st.integers(0, 99), LABEL, st.booleans()), min_size=1, max_size=8
    )
)
def test_any_tree_comes_back(rows: list[tuple[str, str, int, str, bool]]) -> None:
    nodes = [
        TreeNode(
            title=title,
            content=text,
            parent=other % at if at else None,
            choices=[(label, other % len(rows))],
            is_ending=is_ending,
        )
        for at, (title, text, other, label, is_ending) in enumerate(rows)
    ]
    story = ImportedStory(nodes=nodes)
    assert shape(parse_twee(text=write(stored(story)))) == shape(story)


def test_the_file_says_what_twine_asks_for() -> None:
    said = write(
        [chapter("a", "One [two]", "Text.", ("Go", "b")), chapter("b", "", "End.")], "The lamp"
    )
    head, data, first, second = re.match(
        r":: StoryTitle\nThe lamp\n\n(.*?):: StoryData\n(.*?)\n\n:: (.*?)\n\n:: (.*)",
        said,
        re.DOTALL,
    ).groups()
    assert head == ":: StoryAuthor\nada <b>*x*</b>\n\n"
    assert json.loads(data)["start"] == "One two"
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", json.loads(data)["ifid"])
    assert first == 'One two {"title": "One [two]"}\nText.\n\n[[Go->Chapter 2]]'
    assert second == 'Chapter 2 {"title": "", "ending": false}\nEnd.\n\n'
