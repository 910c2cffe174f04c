"""Chapters as long as a chapter may be: longer ones become parts that follow one another."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from apps.chapters.planting import TreeNode
from apps.imports.escaping import escape_text
from apps.imports.limits import LONGEST_CHAPTER, LONGEST_TITLE
from apps.imports.links import shorten
from apps.imports.markdown import find_blocks

PART = "{title} ({number} of {parts})"
ROOM_FOR_PART = 30
UNTITLED = "Untitled"
# A line may begin with a letter without turning into a heading or a list.
BEFORE_WORD = re.compile(r"\s(?=[^\W\d_])")


def fit_nodes(nodes: Sequence[TreeNode]) -> list[TreeNode]:
    """Return the tree with every title and content inside its limit, and no text lost.

    A longer content is cut between paragraphs; what hung below the chapter hangs below its last
    part, and links to it lead to the first. A longer title is repeated in full above the text.
    """
    fitted: list[TreeNode] = []
    firsts: list[int] = []
    lasts: list[int] = []
    for node in nodes:
        title, parts = _fit(node)
        firsts.append(len(fitted))
        for number, content in enumerate(parts, start=1):
            is_last = number == len(parts)
            fitted.append(
                TreeNode(
                    title=_name_part(title, number, len(parts)),
                    content=content,
                    parent=_parent_of(node, lasts) if number == 1 else len(fitted) - 1,
                    choices=node.choices if is_last else (),
                    is_ending=node.is_ending and is_last,
                    slug_hint=node.slug_hint,
                )
            )
        lasts.append(len(fitted) - 1)
    return [_lead_to(node, firsts) for node in fitted]


def cut_text(text: str, *, longest: int) -> list[str]:
    """Cut Markdown into pieces of at most so many characters, between paragraphs where it can be.

    Inside one paragraph, list or code block that is longer it is cut between lines or words.
    """
    pieces: list[str] = []
    for block in _cut_blocks(text, longest):
        if pieces and len(pieces[-1]) + 2 + len(block) <= longest:
            pieces[-1] += f"\n\n{block}"
        else:
            pieces.append(block)
    return pieces


def _fit(node: TreeNode) -> tuple[str, list[str]]:
    title = " ".join(node.title.split()) or UNTITLED
    content = node.content
    if len(title) > LONGEST_TITLE - ROOM_FOR_PART:
        content = f"**{escape_text(title)}**\n\n{content}"
        title = shorten(title, longest=LONGEST_TITLE - ROOM_FOR_PART)
    if len(content) <= LONGEST_CHAPTER:
        return title, [content]
    return title, cut_text(content, longest=LONGEST_CHAPTER)


def _parent_of(node: TreeNode, lasts: Sequence[int]) -> int | None:
    return None if node.parent is None else lasts[node.parent]


def _name_part(title: str, number: int, parts: int) -> str:
    return title if parts == 1 else PART.format(title=title, number=number, parts=parts)


def _lead_to(node: TreeNode, firsts: Sequence[int]) -> TreeNode:
    choices = [(text, firsts[target]) for text, target in node.choices]
    return TreeNode(**{**vars(node), "choices": choices})


def _cut_blocks(text: str, longest: int) -> Iterator[str]:
    lines = text.split("\n")
    borders = sorted({0, *find_blocks(text=text), len(lines)})
    for start, end in pairwise(borders):
        block = "\n".join(lines[start:end]).rstrip().strip("\n")
        while len(block) > longest:
            piece, block = _cut_once(block, longest)
            yield piece
        if block:
            yield block


def _cut_once(block: str, longest: int) -> tuple[str, str]:
    """Cut one block in two, at a line's end, else before a word, else in the middle of one."""
    at = block.rfind("\n", longest // 2, longest)
    if at < 0:
        words = [found.start() for found in BEFORE_WORD.finditer(block, longest // 2, longest)]
        at = words[-1] if words else longest
    piece, rest = block[:at], block[at:]
    backslashes = len(piece) - len(piece.rstrip("\\"))
    if backslashes % 2:  # a hard break that has no next line, or an escape cut from its character
        piece, rest = piece[:-1], rest if rest.startswith("\n") else f"\\{rest}"
    return piece.rstrip(), rest.lstrip("\n")
