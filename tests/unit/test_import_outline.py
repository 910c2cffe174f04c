"""Where the chapters of plain text begin, in the shapes that real books have."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from apps.imports.errors import EmptyFile
from apps.imports.novel import parse_novel
from apps.imports.shapes import ImportedStory

PROSE = "It was late, and nobody in the house had thought of the lamp on the stairs."
MORE = "She took it up, lit it, and\nwent down."


def book(*parts: str) -> ImportedStory:
    return parse_novel(text="\n\n\n".join(parts))


def chapters(*headings: str) -> str:
    return "\n\n\n".join(f"{heading}\n\n{PROSE}\n\n{MORE}" for heading in headings)


def titles(story: ImportedStory) -> list[str]:
    return [node.title for node in story.nodes]


def assert_whole(story: ImportedStory) -> None:
    """Every chapter has its text, and nothing but its text."""
    assert {node.content for node in story.nodes} == {f"{PROSE}\n\n{' '.join(MORE.split())}"}


def test_numbers_begin_anew_in_each_part() -> None:
    story = book(
        "Book the First--Recalled\n\n\nI. The Mail",
        PROSE,
        chapters("II. The Shop", "Book the Second--the Thread\n\n\nI. A Sight", "II. A Walk"),
    )
    assert titles(story) == [
        "Book the First. Recalled, I. The Mail",
        "II. The Shop",
        "Book the Second. the Thread, I. A Sight",
        "II. A Walk",
    ]


def test_numbers_go_on_through_the_parts() -> None:
    story = book(
        chapters("PART ONE--Ice\n\n\n1\n\nThe Old Dog", "2\n\nThe Black Spot"),
        chapters("PART TWO--Rope\n\n\n3\n\nThe Sea-Chest", "4\n\nIn Town"),
    )
    assert titles(story) == [
        "Part One. Ice, 1. The Old Dog",
        "2. The Black Spot",
        "Part Two. Rope, 3. The Sea-Chest",
        "4. In Town",
    ]
    assert_whole(story)


def test_numbers_inside_chapters_are_sections() -> None:
    story = book(*(f"{n}\n\n{PROSE}\n\n1\n\n{PROSE}\n\n2\n\n{PROSE}" for n in ("I", "II", "III")))
    assert titles(story) == ["I", "II", "III"]
    assert story.nodes[0].content == f"{PROSE}\n\n1\n\n{PROSE}\n\n2\n\n{PROSE}"


def test_numbers_of_the_same_style_inside_a_chapter_are_sections_too() -> None:
    story = book(chapters("I", "II"), chapters("I", "II", "III"), chapters("III", "IV"))
    assert titles(story) == ["I", "II", "III", "IV"]


def test_a_part_does_not_go_on_with_the_numbers_of_the_one_before() -> None:
    story = book(chapters("PART ONE\n\nI", "II", "III"), chapters("PART TWO\n\nI", "II", "IV"))
    assert titles(story) == ["Part One, I", "II", "III", "Part Two, I", "II", "IV"]


def test_where_the_outer_numbers_leave_chapters_too_long_the_inner_ones_count() -> None:
    long = "\n\n".join([PROSE] * 600)
    inner = [f"[ {n} ]\n\n{long}" for n in range(1, 5)]
    story = book("— I —", *inner[:2], "— II —", *inner[2:])
    assert titles(story) == ["Opening", "1", "2", "3", "4"]


def test_a_misprinted_number_does_not_end_the_count() -> None:
    story = book(chapters("I", "II", "III", "VI", "V", "VI", "VII"))
    assert titles(story) == ["I", "II", "III", "V", "VI", "VII"]


def test_page_numbers_are_no_chapters() -> None:
    torn = PROSE.removesuffix(".") + " of the old"
    story = book(*(f"{torn}\n\n{page}" for page in range(1, 9)))
    assert len(story.nodes) == 1


def test_numbers_may_go_on_where_words_stood_before() -> None:
    story = book(
        chapters("ADVENTURE I. THE BAND\n\nI.", "ADVENTURE II. THE LEAGUE"),
        chapters("III. THE CORONET", "IV. THE BEECHES"),
    )
    assert titles(story) == [
        "Adventure I. THE BAND",
        "Adventure II. THE LEAGUE",
        "III. THE CORONET",
        "IV. THE BEECHES",
    ]


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("BOOK FIRST--A JUST MAN", "Book First. A JUST MAN"),
        ("CHAPTER I--M. MYRIEL", "Chapter I. M. MYRIEL"),
        ("CHAPTER VII—_continued_", "Chapter VII. continued"),
        ("FIRST EPILOGUE: 1813 - 20", "First Epilogue. 1813 - 20"),
        ("THE SECOND PART", "Second Part"),
        ("THE PREFACE", "Preface"),
        ("[Illustration:\n\nA ferry.\n\nChapter I.]", "Chapter I"),
        ("CHAPTER I--ON POETRY. ON\nITS INFLUENCE", "Chapter I. ON POETRY. ON ITS INFLUENCE"),
        ("Chapitre IV", "Chapitre IV"),
        ("Capítulo 2: La nieve", "Capítulo 2. La nieve"),
        ("ГЛАВА III", "Глава III"),
        ("第一章 夜", "第一章. 夜"),
    ],
)
def test_a_heading_is_known(heading: str, title: str) -> None:
    assert titles(book(chapters("Chapter 99", heading))) == ["Chapter 99", title]


LISTS = {
    "with page numbers between": "CONTENTS\n\nCHAPTER I\n     Page\n\nThe Ice     1\n\n"
    "CHAPTER II\n\nThe Rope     14\n\nCHAPTER III\n\nThe Lamp     26",
    "with a summary to each": "CONTENTS.\n\nCHAPTER I. Ice.--A Walk.--Nobody\nSpeaks.\n\n"
    "CHAPTER II. Rope.--The\nSea.\n\nCHAPTER III. Lamp.--Oil.--The\nStairs.",
    "in words that do not come again": "CONTENTS\n\n   Part 1      The Ice\n"
    "   Part 2      The Rope\n   Part 3      The Lamp",
    "without the word": "  I. The Ice\n  II. The Rope\n  III. The Lamp",
    "with the preface that the book lacks": "CONTENTS\n\nPREFACE\n\nCHAPTER I\n\nCHAPTER II\n\n"
    "CHAPTER III",
}


@pytest.mark.parametrize("contents", LISTS.values(), ids=LISTS)
def test_a_list_of_contents_is_left_out_and_said(contents: str) -> None:
    heads = ["CHAPTER I\n\nTHE ICE", "CHAPTER II\n\nTHE ROPE", "CHAPTER III\n\nTHE LAMP"]
    story = book("THE WHALE", contents, "THE WHALE", chapters(*heads))
    assert titles(story) == ["Chapter I. THE ICE", "Chapter II. THE ROPE", "Chapter III. THE LAMP"]
    assert_whole(story)
    assert [note.split(" (")[0] for note in story.notes] == ["A list of contents was left out"]


@pytest.mark.parametrize("label", [["CONTENTS"], []])
def test_of_a_list_that_touches_the_first_chapter_only_the_list_is_left_out(
    label: list[str],
) -> None:
    outline = ["BOOK ONE: The War", "CHAPTER I", "CHAPTER II", "BOOK TWO: The War", "CHAPTER I"]
    text = ["BOOK ONE: The War\n\nCHAPTER I", "CHAPTER II", "BOOK TWO: The War\n\nCHAPTER I"]
    story = book("\n\n".join([*label, *outline]) + "\n\n" + chapters(*text))
    assert titles(story) == [
        "Book One. The War, Chapter I",
        "Chapter II",
        "Book Two. The War, Chapter I",
    ]


def test_chapters_without_text_are_no_list_for_coming_again_in_another_volume() -> None:
    names = ["CHAPTER I", "CHAPTER II", "CHAPTER III"]
    story = book("VOLUME I", *names, PROSE, "VOLUME II", chapters(*names))
    assert titles(story)[:3] == ["Volume I, Chapter I", "Chapter II", "Chapter III"]
    assert [bool(node.content) for node in story.nodes] == [False, False, True, True, True, True]


def test_titles_alone_are_headings_where_a_list_of_contents_names_them() -> None:
    story = book(
        "Contents\n\nThe Sisters\n\nAn Encounter\n\nClay",
        "DUBLIN",
        chapters("THE SISTERS", "AN ENCOUNTER", "CLAY"),
    )
    assert titles(story)[-3:] == ["The Sisters", "An Encounter", "Clay"]


def test_the_word_contents_is_left_out_only_above_a_list() -> None:
    story = book(chapters("Chapter 1"), "Contents", PROSE, chapters("Chapter 2"))
    assert story.nodes[0].content.split("\n\n")[2:] == ["Contents", PROSE]
    assert not story.notes


def test_a_short_first_sentence_is_no_title() -> None:
    openings = ["He ran.", "A letter came:—", "So it began", "She had gone."]
    story = book(*(f"Chapter {n}\n\n{line}\n\n{PROSE}" for n, line in enumerate(openings, 1)))
    assert titles(story) == [f"Chapter {n}" for n in range(1, 5)]
    assert [node.content.split("\n\n")[0] for node in story.nodes] == openings


def test_a_sentence_that_is_set_off_in_every_chapter_is_a_title() -> None:
    names = ["The Widow and her Child.", "The Old Mint.", "The Storm."]
    story = book(*(f"CHAPTER {n}\n\n{name}\n\n\n{PROSE}" for n, name in enumerate(names, 1)))
    assert titles(story)[0] == "Chapter 1. The Widow and her Child"
    assert {node.content for node in story.nodes} == {PROSE}


def test_a_heading_without_text_lends_its_name_to_the_next_of_another_kind() -> None:
    story = book(chapters("EPILOGUE\n\n\nCHAPTER I", "CHAPTER II"))
    assert titles(story) == ["Epilogue, Chapter I", "Chapter II"]


@pytest.mark.parametrize("headings", [(), ("Chapter 1", "Chapter 2")])
def test_a_transcribers_note_ends_where_lines_are_empty(headings: tuple[str, ...]) -> None:
    note = "Transcriber's Note:\n\nSpelling was kept.\n\nSo was punctuation."
    text = chapters(*headings) or PROSE
    story = book(note, "For my sister, who knew.", text)
    assert story.nodes[0].content.startswith("For my sister, who knew.")
    assert story.notes == ["A transcriber's note was left out (lines 1 to 5)."]


def test_a_note_that_does_not_end_is_the_text() -> None:
    story = parse_novel(text=f"Transcriber's Note:\n\n{PROSE}")
    assert story.nodes[0].content == f"Transcriber's Note:\n\n{PROSE}"


def test_a_title_is_taken_from_the_first_lines_alone() -> None:
    lines = ["Emma", "by Nobody", PROSE, "Emma", "🙂", PROSE]
    story = parse_novel(text="\n\n".join(lines))
    assert (story.title, story.author) == ("Emma", "Nobody")
    assert story.nodes[0].content == f"{PROSE}\n\nEmma\n\n🙂\n\n{PROSE}"


LINES = [
    *(
        "Chapter 1",
        "CHAPTER II. A Rope",
        "CHAPTER III\nTHE LAMP",
        "BOOK ONE--Ice",
        "Part 2",
        "EPILOGUE",
    ),
    *("I", "II", "III", "1", "2", "[ 3 ]", "IV. A Walk", "V.\nA Sight", "THE LAMP", "A Rope"),
    *(
        "CONTENTS",
        "1.  A Rope   3\n2.  The Lamp   7",
        "CHAPTER I. Ice\nCHAPTER II. A Rope\nEPILOGUE",
    ),
    *("Transcriber's Note:", "* * *", "[Illustration]", "[Illustration: A ferry", "by A. B.", ""),
]


@example(["Transcriber's Note:", "[Illustration: A ferry", "Chapter 1", 0, "[Illustration]", 1])
@given(st.lists(st.one_of(st.sampled_from(LINES), st.integers(0, 4)), min_size=1, max_size=30))
@settings(max_examples=2000)
def test_no_word_is_lost_that_is_not_said_to_be_left_out(parts: list[str | int]) -> None:
    """Given any order of what books are made of, with words in it that stand nowhere else."""
    shapes = [
        "{}",
        "{} was late.",
        "{} was\nlate, and.",
        "    {},\n  late.",
        "“{}!” he said, or so.",
    ]
    told = [
        shapes[part].format(f"Word{n}q") if isinstance(part, int) else part
        for n, part in enumerate(parts)
    ]
    text = "\n\n".join(told)
    words = re.findall(r"Word\d+q", text)
    try:
        story = parse_novel(text=text)
    except EmptyFile:
        return  # nothing but headings and what others noted
    lines = text.split("\n")
    left_out = [
        "\n".join(lines[int(found[1]) - 1 : int(found[2] or found[1])])
        for note in story.notes
        if (found := re.search(r"lines? (\d+)(?: to (\d+))?", note))
    ]
    kept = " ".join(f"{node.title} {node.content}" for node in story.nodes)
    assert set(words) <= set(
        re.findall(r"Word\d+q", " ".join([kept, story.title, story.author, *left_out]))
    )
