"""Tokens as Markdown that means the same again: mdformat escapes what would not."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from markdown_it.token import Token
from mdformat.renderer import DEFAULT_RENDERERS, MDRenderer, RenderContext, RenderTreeNode


def to_markdown(tokens: Iterable[Token]) -> str:
    """Return CommonMark with ~~strikethrough~~ for block tokens; an `id` becomes an anchor."""
    return MDRenderer().render(list(tokens), {"parser_extension": [_Dialect]}, {})


def _text(node: RenderTreeNode, context: RenderContext) -> str:
    return DEFAULT_RENDERERS["text"](node, context).replace("~", "\\~")


def _struck(node: RenderTreeNode, context: RenderContext) -> str:
    return f"~~{''.join(child.render(context) for child in node.children)}~~"


def _link(node: RenderTreeNode, context: RenderContext) -> str:
    """Write an address so that nothing in it is read as a character reference."""
    label = "".join(child.render(context) for child in node.children)
    href = str(node.attrs["href"]).replace("&", "&amp;")
    return f"[{label}](<{href}>)" if re.search(r"[()]", href) else f"[{label}]({href})"


def _heading(node: RenderTreeNode, context: RenderContext) -> str:
    """Write a heading with its anchor, which CommonMark itself has no mark for."""
    line = DEFAULT_RENDERERS["heading"](node, context)
    if "id" not in node.attrs:
        return line
    marks, text = line.split(" ", 1)
    return f'{marks} <a id="{node.attrs["id"]}"></a>{text}'


class _Dialect:
    """What differs from plain CommonMark, in the form in which mdformat takes it."""

    RENDERERS: Mapping[str, Any] = {
        "text": _text,
        "s": _struck,
        "link": _link,
        "heading": _heading,
    }
