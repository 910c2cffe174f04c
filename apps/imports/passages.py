r"""Twee 3 as its passages stand in the file: headers, tags, metadata, text.

    :: Name \[escaped\] [tag other-tag] {"position": "100,200"}

Source: https://github.com/iftechfoundation/twine-specs/blob/master/twee-3-specification.md
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from json import JSONDecodeError
from typing import Any

from apps.imports.errors import BadPassage, Truncated, quote

HEADER = re.compile(
    r"::[ \t]*+(?P<name>(?:\\.|[^\\\[{])*+)(?P<tags>\[(?:\\.|[^\\\]])*+\])?"
    r"[ \t]*+(?P<metadata>\{.*\})?[ \t]*$"
)
ESCAPED = re.compile(r"\\(.)")
ESCAPED_HEADER = re.compile(r"\\+::")


@dataclass(frozen=True)
class Passage:
    """One passage; `line` is where its header stands, its text begins on the next.

    `told` are its metadata, which may be anything that JSON is.
    """

    name: str
    tags: frozenset[str]
    text: str
    line: int
    told: Mapping[str, Any] = field(default_factory=dict)


def cut_passages(*, text: str) -> list[Passage]:
    """Return the passages in the file's order.

    Raise BadPassage for text before the first header, a header without name, a name that stands
    twice or metadata that is no JSON object; Truncated for tags or metadata that do not end.
    """
    passages: list[Passage] = []
    first_lines: dict[str, int] = {}
    for line, header, body in _cut_headers(text):
        passage = _read_passage(line, header, body)
        if passage.name in first_lines:
            raise BadPassage(
                f"{quote(passage.name)} is already on line {first_lines[passage.name]:,}.",
                line=line,
                mend="Give one of them another name.",
            )
        first_lines[passage.name] = line
        passages.append(passage)
    return passages


def read_json(*, text: str, line: int, what: str) -> dict[str, Any]:
    """Return a JSON object of the file; raise Truncated if it does not end, else BadPassage."""
    try:
        found = json.loads(text)
    except (JSONDecodeError, RecursionError, ValueError) as error:
        at = getattr(error, "pos", 0)
        kind = Truncated if at >= len(text.rstrip()) else BadPassage
        reason = f"The {what} is not valid JSON: {getattr(error, 'msg', error)}."
        raise kind(reason, line=line + text.count("\n", 0, at), mend="Mend it.") from error
    if not isinstance(found, dict):
        raise BadPassage(f"The {what} is no JSON object.", line=line, mend='Write {"name": ...}.')
    return found


def _cut_headers(text: str) -> Iterator[tuple[int, str, str]]:
    """Return line, header and text of each passage."""
    header, header_line, body = "", 0, list[str]()
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith("::"):
            if header:
                yield header_line, header, "\n".join(body)
            header, header_line, body = line, number, []
        elif header:
            body.append(line[1:] if ESCAPED_HEADER.match(line) else line)
        elif line.strip():
            raise BadPassage(
                "There is text before the first passage.",
                line=number,
                mend="A Twee 3 file begins with a header, for example ':: StoryTitle'.",
            )
    if header:
        yield header_line, header, "\n".join(body)


def _read_passage(line: int, header: str, body: str) -> Passage:
    found = HEADER.match(header)
    if found is None:
        raise _explain(line, header)
    name = _unescape(found["name"].strip())
    if not name:
        raise BadPassage("This passage has no name.", line=line, mend="Write ':: Name'.")
    told = {}
    if found["metadata"]:
        told = read_json(text=found["metadata"], line=line, what=f"metadata of {quote(name)}")
    tags = frozenset(_unescape(tag) for tag in (found["tags"] or "[]")[1:-1].split())
    return Passage(name, tags, "\n" + body.rstrip(), line, told)


def _explain(line: int, header: str) -> BadPassage | Truncated:
    for begin, end, what in (("[", "]", "tags"), ("{", "}", "metadata")):
        if begin in header and end not in header.rpartition(begin)[2]:
            return Truncated(
                f"The {what} of this passage begin with '{begin}' and do not end.",
                line=line,
                mend=f"Close them with '{end}', or write '\\{begin}' in a name.",
            )
    return BadPassage(
        "This header cannot be understood.",
        line=line,
        mend='Write \':: Name [tags] {"position": "1,2"}\', with \\ before [ and { of a name.',
    )


def _unescape(text: str) -> str:
    return ESCAPED.sub(r"\1", text)
