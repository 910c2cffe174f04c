"""Plain-text novels: where chapters begin, and that no word is lost between them."""

import re
from collections import Counter
from pathlib import Path

import pytest

from apps.chapters.text import parse_markdown
from apps.imports.decoding import decode_text
from apps.imports.errors import EmptyFile, Truncated
from apps.imports.novel import parse_novel
from apps.imports.shapes import ImportedStory

NOVELS = Path(__file__).parents[3] / "shared" / "stories"
WORD = re.compile(r"\w+")
PROSE = "It was late, and nobody in the house had thought of the lamp on the stairs.\n"


def show(markdown: str) -> str:
    """Return the words that a reader sees."""
    inline = (t for t in parse_markdown(markdown) if t.type == "inline")
    return " ".join(
        "".join(c.content if c.type == "text" else " " * ("break" in c.type) for c in t.children)
        for t in inline
    )


def read_novel(name: str) -> tuple[str, ImportedStory]:
    path = NOVELS / name
    if not path.exists():
        pytest.skip(f"{name} is not there; only the shared folder has it")
    text = decode_text(data=path.read_bytes())
    return text, parse_novel(text=text)


def titles(text: str) -> list[str]:
    return [node.title for node in parse_novel(text=text).nodes]


def chapters(*headings: str) -> str:
    return "\n\n\n".join(f"{heading}\n\n{PROSE}" for heading in headings)


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("Chapter 1", "Chapter 1"),
        ("CHAPTER I.", "Chapter I"),
        ("Chapter the First", "Chapter the First"),
        ("CHAPTER TWENTY-ONE", "Chapter Twenty-One"),
        ("CHAPTER 1. Loomings.", "Chapter 1. Loomings"),
        ("Chapter 3\n\nThe Long Way Home", "Chapter 3. The Long Way Home"),
        ("CHAPTER IV\nTHE ROPE", "Chapter IV. THE ROPE"),
        ("CHAPTER 5. Of Whales; in\nWood.", "Chapter 5. Of Whales; in Wood"),
        ("_Chapter 6_", "Chapter 6"),
        ("PART TWO", "Part Two"),
        ("EPILOGUE", "Epilogue"),
        ("  ETYMOLOGY.", "Etymology"),
        ("Prologue: The Well", "Prologue. The Well"),
        ("Letter 4", "Letter 4"),
    ],
)  # fmt: skip
def test_a_heading_is_known_in_its_many_forms(heading: str, title: str) -> None:
    assert titles(chapters("Chapter 99", heading)) == ["Chapter 99", title]


@pytest.mark.parametrize(
    "sentence",
    [
        "Part two of the plan was simple, and so it failed.",
        "Introduction was not needed.",
        "Chapter of accidents, he called it.",
        "Letter I wrote to her came back.",
        "BOOK I. (_Folio_), CHAPTER II. (_Right Whale_).—In one respect this is\nit.",
    ],
)
def test_a_sentence_is_no_heading(sentence: str) -> None:
    text = chapters("Chapter 1") + f"\n{sentence}\n\n" + chapters("Chapter 2")
    assert titles(text) == ["Chapter 1", "Chapter 2"]


@pytest.mark.parametrize("numbers", [["I", "II", "III"], ["1", "2", "3"], ["1.", "2.", "3."]])
def test_bare_numbers_are_headings_where_they_count_up_from_one(numbers: list[str]) -> None:
    assert len(titles(chapters(*numbers))) == 3
    assert len(titles(chapters(*reversed(numbers)))) == 1


@pytest.mark.parametrize(
    "contents",
    [
        "CONTENTS\n\nCHAPTER I. Ice\n\nCHAPTER II. Rope\n\n",
        "CHAPTER I. Ice\n\nCHAPTER II. Rope\n\nEPILOGUE\n\n",
        "CONTENTS\n\nCHAPTER I. Ice\nCHAPTER II. Rope\nEPILOGUE\n\n",
        "Contents\n\n  I.  Ice ....... 3\n  II.  Rope ....... 17\n\n",
        "TABLE OF CONTENTS\n\nIce\nRope\n\n",
    ],
)
def test_a_table_of_contents_is_not_taken_for_chapters(contents: str) -> None:
    book = chapters("CHAPTER I. Ice", "CHAPTER II. Rope", "EPILOGUE")
    found = parse_novel(text=contents + book).nodes
    assert [node.title for node in found] == ["Chapter I. Ice", "Chapter II. Rope", "Epilogue"]
    assert all(show(node.content) == PROSE.strip() for node in found)


def test_volumes_count_their_chapters_anew() -> None:
    text = chapters("VOLUME I\n\nCHAPTER I", "CHAPTER II", "VOLUME II\n\nCHAPTER I")
    assert titles(text) == ["Volume I, Chapter I", "Chapter II", "Volume II, Chapter I"]


def test_text_before_the_first_heading_is_kept() -> None:
    story = parse_novel(
        text=f"The Lamp\n\nby A. Writer\n\nFor my sister.\n\n{chapters('Chapter 1')}"
    )
    assert (story.title, story.author) == ("The Lamp", "A. Writer")
    assert [(n.title, n.parent) for n in story.nodes] == [("Opening", None), ("Chapter 1", 0)]
    assert story.nodes[0].content == "For my sister."
    assert [n.is_ending for n in story.nodes] == [False, True]


def test_paragraphs_are_unwrapped_and_verse_is_not() -> None:
    text = (
        "Chapter 1\n\nHe _really_ said so,\nand 5 * 3 is [fifteen].\n\n* * *\n\n"
        "    Not by the road,\n    not by the bridge at all,\n    but by the way\n\n"
        "[Illustration]\n\n[Illustration: The\n\nferry]\n\n1. one\n"
    )
    assert parse_novel(text=text).nodes[0].content.split("\n\n") == [
        r"He *really* said so, and 5 \* 3 is \[fifteen\].",
        "* * *",
        "Not by the road,\\\nnot by the bridge at all,\\\nbut by the way",
        "The ferry",
        r"1\. one",
    ]


def framed(book: str, *, end: str = "*** END OF THE PROJECT GUTENBERG EBOOK LAMP ***") -> str:
    return (
        "The Project Gutenberg eBook of The Lamp\n\nTitle: The Lamp\n  and its Stairs\n\n"
        "Author: A. Writer\n\n*** START OF THE PROJECT GUTENBERG EBOOK LAMP\nAND STAIRS ***\n\n"
        f"Produced by somebody\nand somebody else\n\n{book}\n{end}\n\nLicence: Chapter 7\n\nText.\n"
    )


def test_project_gutenbergs_frame_is_cut_off() -> None:
    story = parse_novel(text=framed(f"THE LAMP AND ITS STAIRS\n\n{chapters('Chapter 1')}"))
    assert (story.title, story.author) == ("The Lamp and its Stairs", "A. Writer")
    assert [(n.title, n.content) for n in story.nodes] == [("Chapter 1", PROSE.strip())]


END = "*** END OF THIS PROJECT GUTENBERG EBOOK X ***"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (framed(PROSE, end=""), 8),
        ("The Project Gutenberg EBook of X\n\nText.\n" + END, 1),
        ("Text.\n\n" + END, 3),
    ],
)  # fmt: skip
def test_half_a_frame_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(Truncated) as refused:
        parse_novel(text=text)
    assert refused.value.line == line


def test_an_empty_book_is_refused() -> None:
    with pytest.raises(EmptyFile):
        parse_novel(text=framed(""))


def words_between(text: str) -> Counter[str]:
    """Count the words of the book itself, as the file has them."""
    body = text.split("*** START OF")[1].split("*** END OF", maxsplit=1)[0].partition("\n")[2]
    return Counter(WORD.findall(body.replace("_", "")))


def words_of(story: ImportedStory) -> Counter[str]:
    return Counter(WORD.findall(" ".join(show(node.content) for node in story.nodes)))


def test_pride_and_prejudice_loses_no_word() -> None:
    text, story = read_novel("pride-and-prejudice.txt")
    assert (story.title, story.author) == ("Pride and Prejudice", "Jane Austen")
    assert [node.title for node in story.nodes] == [f"Chapter {n}" for n in range(1, 62)]
    assert story.nodes[0].content.startswith(
        "It is a truth universally acknowledged, that a single"
    )
    assert story.nodes[-1].content.endswith("had been the means of uniting them.")
    left_out = " ".join(f"Chapter {n}" for n in range(1, 62)) + (
        " Produced by Anonymous Volunteers PRIDE AND PREJUDICE By Jane Austen"
        " End of the Project Gutenberg EBook of Pride and Prejudice by Jane Austen"
    )
    assert words_between(text) - words_of(story) == Counter(WORD.findall(left_out))
    assert not words_of(story) - words_between(text)


LEFT_OUT_OF_MOBY_DICK = """
    Produced by Daniel Lazarus, Jonesey, and David Widger
    MOBY-DICK; or, THE WHALE. By Herman Melville CONTENTS
    Original Transcriber's Notes: This text is a combination of etexts, one from the now-defunct
    ERIS project at Virginia Tech and one from Project Gutenberg's archives. The proofreaders of
    this version are indebted to The University of Adelaide Library for preserving the Virginia
    Tech version. The resulting etext was compared with a public domain hard copy version of the
    text. End of Project Gutenberg's Moby Dick; or The Whale, by Herman Melville
"""


def test_moby_dick_loses_no_word() -> None:
    text, story = read_novel("moby-dick.txt")
    names = [node.title for node in story.nodes]
    assert len(names) == 138
    assert names[:2] == ["Etymology", "Extracts (Supplied by a Sub-Sub-Librarian)"]
    assert names[2] == "Chapter 1. Loomings"
    assert "Pictures of Whaling Scenes" in names[57]
    assert names[-2:] == ["Chapter 135. The Chase.—Third Day", "Epilogue"]
    assert story.nodes[2].content.startswith("Call me Ishmael.")
    assert story.nodes[-1].content.endswith("only found another orphan.")
    # Every title stands twice in the file: in the table of contents and above its chapter.
    expected = Counter(WORD.findall(" ".join([*names, *names, LEFT_OUT_OF_MOBY_DICK]).upper()))
    missing = (words_between(text) - words_of(story)).elements()
    assert Counter(word.upper() for word in missing) == expected
    assert not words_of(story) - words_between(text)
