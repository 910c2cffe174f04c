"""The document tree as typst markup that holds no word of anybody's.

All that people wrote stands in string literals, in which typst knows two marks, the quotation mark
and the backslash; both are escaped here. Around them stand only names that are written out below.
Source: typst's reference, "Syntax" and "String".
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from apps.exports.languages import find_direction
from apps.exports.pandoc_tree import Node

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def quote_string(text: str) -> str:
    """Return a text as a string literal of typst."""
    return f'"{text.translate(_ESCAPES)}"'


def quote_array(texts: Iterable[str]) -> str:
    """Return texts as an array of typst."""
    return f"({''.join(quote_string(text) + ',' for text in texts)})"


def to_typst(node: Node) -> str:
    """Return a block, or a piece of a line, of the tree as markup."""
    return _WRITERS[node["t"]](node.get("c"))


def turn_text(text: str, *, direction: str) -> str:
    """Return a text as content that runs as its own letters do, or else in this direction."""
    return f"[#runs-{find_direction(text) or direction}[#{quote_string(text)}]]"


def to_chapters(blocks: Iterable[Node], *, direction: str) -> Iterator[str]:
    """Yield each block as markup; those below a heading run as it does, as in a section of HTML."""
    current = direction
    for block in blocks:
        markup = to_typst(block)
        if block["t"] == "Header":
            current = dict(block["c"][1][2]).get("dir", direction)
        elif current != direction and block["t"] != "Div":
            markup = f"#runs-{current}[{markup}]"
        yield markup + "\n\n"


def _line(nodes: Iterable[Node]) -> str:
    return "".join(map(to_typst, nodes))


def _blocks(nodes: Iterable[Node]) -> str:
    return "\n\n".join(map(to_typst, nodes))


def _call(name: str) -> Callable[[Any], str]:
    return lambda content: f"#{name}[{_line(content)}]"


def _heading(content: Any) -> str:
    level, (anchor, _, extras), line = content
    heading = f"#heading(level: {level:d})[{_line(line)}] <{anchor}>"
    return f"#runs-{dict(extras).get('dir', 'ltr')}[{heading}]"


def _link(content: Any) -> str:
    _, line, (href, _) = content
    target = f"<{href[1:]}>" if href.startswith("#") else quote_string(href)
    return f"#link({target})[{_line(line)}]"


def _numbered(content: Any) -> str:
    (first, *_), items = content
    return f"#enum(start: {first:d}, {_items(items)})"


def _items(items: Iterable[Iterable[Node]]) -> str:
    return ", ".join(f"[{_blocks(item)}]" for item in items)


def _turned(content: Any) -> str:
    (_, _, extras), blocks = content
    return f"#runs-{dict(extras)['dir']}[{_blocks(blocks)}]"


_WRITERS: dict[str, Callable[[Any], str]] = {
    "Para": _line,
    "Plain": _line,
    "Header": _heading,
    "Div": _turned,
    "BlockQuote": lambda content: f"#quoted[{_blocks(content)}]",
    "BulletList": lambda items: f"#list({_items(items)})",
    "OrderedList": _numbered,
    "HorizontalRule": lambda _: "#scene-break()",
    "CodeBlock": lambda content: f"#raw(block: true, {quote_string(content[1])})",
    "Str": lambda text: f"#{quote_string(text)}",
    "Emph": _call("slanted"),
    "Strong": _call("heavy"),
    "Strikeout": _call("strike"),
    "Link": _link,
    "Code": lambda content: f"#raw({quote_string(content[1])})",
    "LineBreak": lambda _: "#linebreak()",
}
