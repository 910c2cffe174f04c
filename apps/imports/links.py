r"""The links in a Twee passage, and what is left of its text without them.

[[target]], [[text->target]], [[target<-text]], [[text|target]]; a setter, [[...][$x to 1]], is
code of a story format and falls away. Source: Twine 2's reference, "Linking passages".
Brackets behind a backslash, \[[, are text: so our own export writes them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from apps.imports.errors import BadPassage, Truncated, quote
from apps.imports.limits import LONGEST_LABEL

LINK = re.compile(
    r"\[\[(?P<inside>(?:(?!\[\[|\]\]|\]\[).)+)(?:\]\[(?P<setter>(?:(?!\[\[|\]\]).)*))?\]\]"
)
BEGINNING = re.compile(r"\[\[")
ESCAPED = re.compile(r"\\(\[{2,})")
# Not characters (Unicode, "noncharacters"): for a bracket that is text, and a line that is gone.
STAND_IN, GONE = "\ufdd0", "\ufdd1"
GAP = re.compile(rf"\n*(?:{GONE}\n*)+")
# A line of nothing but links is a list of choices; bullets before them go with it.
BULLETS = re.compile(r"[\s*+\-•>|,;/]*|\s*\d{1,3}[.)]\s*")
WEB = re.compile(r"https?://[^\s<>]+$", re.IGNORECASE)


@dataclass(frozen=True)
class Link:
    """A way from one passage to another, with the words that the reader chooses it by."""

    label: str
    target: str
    line: int


@dataclass(frozen=True)
class Unlinked:
    """A passage's text as readers see it and, apart from it, where it leads."""

    text: str
    links: Sequence[Link]
    setters: int


def take_links(*, text: str, first_line: int) -> Unlinked:
    """Take the links out of a text whose first line has this number.

    A line that holds links alone goes, as the choices say the same; a link inside a sentence
    leaves its words there. Raise Truncated for a link that does not end on its line, BadPassage
    for one that names no target.
    """
    kept: list[str] = []
    links: list[Link] = []
    setters = 0
    plain = ESCAPED.sub(
        lambda found: STAND_IN * len(found[1]), re.sub(f"[{STAND_IN}{GONE}]", "", text)
    )
    for number, line in enumerate(plain.split("\n"), start=first_line):
        found = [(match, _read_link(match, number)) for match in LINK.finditer(line)]
        _refuse_open_link(line, number)
        links.extend(link for _, link in found if not WEB.match(link.target))
        setters += sum(match["setter"] is not None for match, _ in found)
        if not found or _has_words(line, [link for _, link in found]):
            kept.append(LINK.sub(lambda match, at=number: _show(_read_link(match, at)), line))
        else:
            kept.append(GONE)
    return Unlinked(_close_gaps(kept), links, setters)


def _read_link(match: re.Match[str], line: int) -> Link:
    label, target = _split(match["inside"])
    if not target:
        raise BadPassage(
            f"The link {quote(match[0])} names no passage.",
            line=line,
            mend="Write [[words->Passage]].",
        )
    words = " ".join((label or target).split()).replace(STAND_IN, "[")
    return Link(words, target, line)


def _split(inside: str) -> tuple[str, str]:
    """Return (words, target): the last arrow to the right, the first to the left, or a bar."""
    if "->" in inside:
        label, _, target = inside.rpartition("->")
    elif "<-" in inside:
        target, _, label = inside.partition("<-")
    else:
        label, _, target = inside.rpartition("|")
    return label.strip(), target.strip()


def _refuse_open_link(line: str, number: int) -> None:
    if BEGINNING.search(LINK.sub("", line)):
        raise Truncated(
            "A link begins with '[[' and does not end on its line.",
            line=number,
            mend="Close it with ']]'.",
        )


def _has_words(line: str, links: Sequence[Link]) -> bool:
    """Tell whether a line says more than its choices will."""
    is_label_cut = any(len(link.label) > LONGEST_LABEL for link in links)
    leads_away = any(WEB.match(link.target) for link in links)
    rest = LINK.sub("", line)
    return is_label_cut or leads_away or BULLETS.fullmatch(rest) is None


def _show(link: Link) -> str:
    return f"[{link.label}](<{link.target}>)" if WEB.match(link.target) else link.label


def _close_gaps(lines: Sequence[str]) -> str:
    """Join the lines with at most one empty line where others went; what is else empty stays."""

    def close(gap: re.Match[str]) -> str:
        return "\n" * min(gap[0].count("\n") - gap[0].count(GONE), 2)

    joined = "\n".join(lines).replace(STAND_IN, "[")
    return GAP.sub(close, joined).strip("\n").rstrip()


def shorten(text: str, *, longest: int) -> str:
    """Return a text that fits, with an ellipsis where it was cut."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
