"""From the bytes of a file to a story that may be kept: the format found, the limits minded."""

import re
from collections.abc import Callable, Sequence
from typing import Literal

from apps.chapters.planting import TreeNode
from apps.imports.decoding import SPLIT, decode_text
from apps.imports.errors import NoHeadings, TooLarge
from apps.imports.fitting import fit_nodes
from apps.imports.gutenberg import START
from apps.imports.headings import UNDERSTOOD, read_heading
from apps.imports.limits import DEEPEST_CHAPTER, LONGEST_CHAPTER, MOST_ANCESTORS, MOST_CHAPTERS
from apps.imports.markdown import count_headings, parse_markdown_story
from apps.imports.novel import parse_novel
from apps.imports.shapes import ImportedStory
from apps.imports.twee import parse_twee

Format = Literal["novel", "markdown", "twee"]
PARSERS: dict[Format, Callable[..., ImportedStory]] = {
    "novel": parse_novel,
    "markdown": parse_markdown_story,
    "twee": parse_twee,
}
HEADINGS: dict[str, str] = {
    "novel": f"A chapter's heading is a paragraph of its own such as {UNDERSTOOD}.",
    "markdown": 'A chapter\'s heading is a line like "## Title", or one underlined by === or ---.',
}
TWEE = re.compile(r"\s*::[ \t]*\S")
ATX = re.compile(r" {0,3}#{1,6}[ \t]+\S")
SAMPLE = 100_000  # characters that show what a file is


def read_story(
    *,
    data: bytes,
    format: Format | Literal["auto"],  # noqa: A002 - the command's word
) -> tuple[Format, ImportedStory]:
    """Return the format and the story; `auto` finds the format.

    Raise one of the conditions of errors.py, with line, reason and mend. The chapters keep to the
    limits of length and title: what is longer was cut into parts.
    """
    text = decode_text(data=data)
    found = detect_format(text=text) if format == "auto" else format
    story = PARSERS[found](text=text)
    _refuse_one_long_chapter(found, story)
    nodes = fit_nodes(story.nodes)
    _refuse_beyond_limits(nodes)
    return found, ImportedStory(**{**vars(story), "nodes": nodes})


def detect_format(*, text: str) -> Format:
    """Return what a text looks like: Twee by its first line, Markdown by its headings."""
    if TWEE.match(text):
        return "twee"
    sample = text[:SAMPLE]
    lines = sample.split("\n")
    if any(START.match(line) for line in lines):
        return "novel"
    if any(ATX.match(line) for line in lines):
        return "markdown"
    chapters = sum(read_heading(line) is not None for line in lines)
    return "markdown" if count_headings(text=sample) > chapters else "novel"


def measure_depths(nodes: Sequence[TreeNode]) -> list[int]:
    """Return how many steps each chapter is from the first."""
    depths: list[int] = []
    for node in nodes:
        depths.append(0 if node.parent is None else depths[node.parent] + 1)
    return depths


def _refuse_one_long_chapter(found: Format, story: ImportedStory) -> None:
    if (
        len(story.nodes) == 1
        and found in HEADINGS
        and len(story.nodes[0].content) > LONGEST_CHAPTER
    ):
        raise NoHeadings(
            f"It has {len(story.nodes[0].content):,} characters in one piece, "
            f"and a chapter at most {LONGEST_CHAPTER:,}.",
            mend=HEADINGS[found],
        )


def _refuse_beyond_limits(nodes: Sequence[TreeNode]) -> None:
    if len(nodes) > MOST_CHAPTERS:
        raise TooLarge(
            f"It has {len(nodes):,} chapters; an import takes at most {MOST_CHAPTERS:,}.",
            mend=SPLIT,
        )
    depths = measure_depths(nodes)
    if max(depths) > DEEPEST_CHAPTER:
        raise TooLarge(
            f"Its deepest chapter is {max(depths):,} steps from the first; at most "
            f"{DEEPEST_CHAPTER:,} are allowed.",
            mend=SPLIT,
        )
    if sum(depths) > MOST_ANCESTORS:
        raise TooLarge(
            f"Its {len(nodes):,} chapters are {sum(depths) // len(nodes):,} steps from the first "
            "on average, which is more than can be kept at once.",
            mend=SPLIT,
        )
