"""What stands before a Markdown text between two lines of dashes: title, author, tags.

Of YAML only what people write by hand: `key: value`, `[a, b]` and a list with a dash to each line.
"""

import re
from collections.abc import Mapping, Sequence

_MATTER = re.compile(r"\A---[ \t]*\n(?P<fields>(?:[^\n]*\n){0,50}?)(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_FIELD = re.compile(r"([A-Za-z][\w-]*)[ \t]*:(?:[ \t]+(.*))?")
_ITEM = re.compile(r"[ \t]*-[ \t]+(.*)")
_REMARK = re.compile(r"\s*(#.*)?$")

Fields = Mapping[str, Sequence[str]]


def take_front_matter(text: str) -> tuple[Fields, str]:
    """Return the values of each field, by its name in small letters, and the text that follows.

    The lines keep their numbers: empty ones stand where the fields stood. What cannot be read as
    fields is text.
    """
    found = _MATTER.match(text)
    fields = _read_fields(found["fields"].split("\n")) if found else None
    if not found or not fields:
        return {}, text
    return fields, "\n" * found[0].count("\n") + text[found.end() :]


def _read_fields(lines: Sequence[str]) -> Fields | None:
    fields: dict[str, list[str]] = {}
    values: list[str] | None = None
    for line in lines:
        if _REMARK.match(line):
            continue
        if found := _FIELD.fullmatch(line):
            values = fields.setdefault(found[1].lower(), [])
            values += _read_values(found[2] or "")
        elif values is not None and (item := _ITEM.fullmatch(line)):
            values += _read_values(item[1])
        else:
            return None
    return fields


def _read_values(text: str) -> list[str]:
    text = text.strip()
    many = text[1:-1].split(",") if text.startswith("[") and text.endswith("]") else [text]
    values = (" ".join(value.strip().strip("\"'").split()) for value in many)
    return [value for value in values if value]
