"""Tokens as pandoc's document tree.

The tree holds text as text: pandoc parses none of it, so nothing that somebody wrote can become
markup, a macro, a template or a file name. There are no pictures in it and no raw parts.
Source: pandoc's API, Text.Pandoc.Definition 1.23.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from markdown_it.token import Token

from apps.exports.languages import find_direction

API_VERSION = [1, 23, 1]
_ENOUGH_LETTERS = 80  # to tell which way a block runs
_ALIGNED = ["style", "text-align: start"]  # pandoc's own style sheet has headings on the left
_PLAIN = ["", [], []]

Node = dict[str, Any]


def to_blocks(tokens: Iterable[Token], *, direction: str) -> Iterator[Node]:
    """Yield a node for each block.

    Each heading says which way it runs, as its section does the same; a block that runs against
    the heading above it says so itself. What has no letters runs as the book does.
    """
    tree, current = _Tree(), direction
    for token in tokens:
        tree.take(token)
        for block in tree.harvest():
            own = find_direction(_first_words(block)) or current
            if block["t"] == "Header":
                block["c"][1][2], current = [["dir", own], _ALIGNED], own
            yield block if own == current else _turned(block, own)


def text_value(text: str) -> Node:
    """Return a text as a value of the document's metadata."""
    return {"t": "MetaInlines", "c": [_string(text)]}


def list_value(values: Iterable[Node]) -> Node:
    """Return several values as one."""
    return {"t": "MetaList", "c": list(values)}


class _Tree:
    """Nodes under construction: a stack of what is open, each with what stands in it so far."""

    def __init__(self) -> None:
        self._open: list[tuple[Token | None, list[Any]]] = [(None, [])]
        self._anchor, self._headings = "", 0

    def harvest(self) -> list[Node]:
        """Return the blocks that are whole by now, once."""
        if len(self._open) > 1:
            return []
        whole, self._open = self._open[0][1], [(None, [])]
        return whole

    def take(self, token: Token) -> None:
        if token.nesting == 1:
            self._open.append((token, []))
        elif token.nesting == -1:
            opening, content = self._open.pop()
            self._put(self._close(opening or token, content))
        elif token.type == "inline":
            for child in token.children or []:
                self.take(child)
        elif token.type in ("text", "softbreak"):
            self._say(token.content or " ")
        else:
            self._put(_LEAVES[token.type](token))

    def _say(self, text: str) -> None:
        """Keep a run of words in one node: a node for each word takes four times as long."""
        line = self._open[-1][1]
        if line and line[-1]["t"] == "Str":
            line[-1]["c"] += text
        else:
            line.append(_string(text))

    def _put(self, node: Any) -> None:
        self._open[-1][1].append(node)

    def _close(self, token: Token, content: list[Any]) -> Any:
        if token.type == "heading_open":
            return {"t": "Header", "c": [int(token.tag[1]), self._name(token), content]}
        return _WRAPS[token.type](token, content)

    def _name(self, heading: Token) -> list[Any]:
        """Name every heading, as names of pandoc's own making could be those of chapters."""
        if anchor := str(heading.attrs.get("id", "")):
            self._anchor, self._headings = anchor, 0
            return [anchor, [], []]
        self._headings += 1
        return [f"{self._anchor}-{self._headings}", [], []]


def _string(text: str) -> Node:
    return {"t": "Str", "c": text}


def _list(token: Token, items: Sequence[Any]) -> Node:
    if token.type == "bullet_list_open":
        return {"t": "BulletList", "c": items}
    first = int(token.attrs.get("start", 1))
    return {"t": "OrderedList", "c": [[first, {"t": "Decimal"}, {"t": "Period"}], items]}


def _turned(block: Node, direction: str) -> Node:
    return {"t": "Div", "c": [["", [], [["dir", direction]]], [block]]}


def _first_words(node: Any) -> str:
    """Return enough of a block's text to tell which way it runs."""
    found: list[str] = []
    rest = [node]
    while rest and sum(map(len, found)) < _ENOUGH_LETTERS:
        item = rest.pop()
        if isinstance(item, list):
            rest.extend(reversed(item))
        elif isinstance(item, dict) and item["t"] == "Str":
            found.append(item["c"])
        elif isinstance(item, dict):
            rest.append(item.get("c", []))
    return "".join(found)


def _wrap(name: str) -> Callable[[Token, list[Any]], Any]:
    return lambda _, content: {"t": name, "c": content}


_WRAPS: dict[str, Callable[[Token, list[Any]], Any]] = {
    "paragraph_open": lambda token, content: {
        "t": "Plain" if token.hidden else "Para",
        "c": content,
    },
    "blockquote_open": _wrap("BlockQuote"),
    "bullet_list_open": _list,
    "ordered_list_open": _list,
    "list_item_open": lambda _, content: content,
    "em_open": _wrap("Emph"),
    "strong_open": _wrap("Strong"),
    "s_open": _wrap("Strikeout"),
    "link_open": lambda token, content: {
        "t": "Link",
        "c": [_PLAIN, content, [token.attrs["href"], ""]],
    },
}
_LEAVES: dict[str, Callable[[Token], Node]] = {
    "hardbreak": lambda _: {"t": "LineBreak"},
    "hr": lambda _: {"t": "HorizontalRule"},
    "code_inline": lambda token: {"t": "Code", "c": [_PLAIN, token.content]},
    "fence": lambda token: {"t": "CodeBlock", "c": [_PLAIN, token.content.rstrip("\n")]},
    "code_block": lambda token: {"t": "CodeBlock", "c": [_PLAIN, token.content.rstrip("\n")]},
}
