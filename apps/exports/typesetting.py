"""Typst markup into a finished file, by a process of its own; no sign without a font gets in."""

import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable
from itertools import filterfalse
from pathlib import Path

import msgspec
from django.conf import settings

from apps.exports.errors import CannotRender
from apps.exports.fonts import font_folders
from apps.exports.processes import run_limited
from apps.exports.typesetter import LACKING, MISSING, TOO_LARGE, Order

ROOT = Path(__file__).resolve().parents[2]
TRIES = 4
FEW = 0.01
"""The share of a text's letters that may be missing: beyond it a book is not worth having."""
_STAND_IN = "\ufffd"
_SHOWN = 8


def typeset(
    source: Path, *, output: Path, texts: Iterable[Path], made_at: int, ppi: float = 144
) -> list[str]:
    """Make `output` of `source`, beside it; return notes on signs that no font here has.

    They are replaced in `texts`, the files that hold what people wrote. Raise CannotRender where
    too many would be, TooLarge where limits end it.
    """
    order = Order(
        source=source.name,
        output=output.name,
        fonts=[str(folder) for folder in font_folders()],
        made_at=made_at,
        ppi=ppi,
    )
    lost: Counter[str] = Counter()
    for _ in range(TRIES):
        if _run(order, folder=source.parent) != LACKING:
            return _tell(lost)
        named = msgspec.json.decode((source.parent / MISSING).read_bytes(), type=list[str])
        if not (missing := _choose(named)):
            break
        for text in texts:
            lost += _replace(text, missing)
    raise CannotRender(_refuse(lost))


def _run(order: Order, *, folder: Path) -> int:
    return run_limited(
        sys.executable,
        "-m",
        "apps.exports.typesetter",
        cwd=folder,
        seconds=settings.EXPORT_TYPST_SECONDS,
        too_large=frozenset({TOO_LARGE}),
        also_fine=frozenset({LACKING}),
        environ={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        sent=msgspec.json.encode(order),
    )


def _choose(named: Iterable[str]) -> list[str]:
    """Return which of the signs that typst names are to go first.

    Beside a mark that no font has it names what the mark stands on: so only the marks go, and the
    next try tells. ASCII never does: every font has it, and the markup's own code is made of it.
    """
    signs = {"".join(filterfalse(str.isascii, name)) for name in named} - {""}
    marks = {sign for sign in signs if all(map(_is_mark, sign))}
    return sorted(marks or signs)


def _is_mark(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "MC"


def _replace(text: Path, signs: list[str]) -> Counter[str]:
    """Put a stand-in for each of these signs; return how often each stood there."""
    found: Counter[str] = Counter()
    said = text.read_text("utf-8")

    def stand_in(match: re.Match[str]) -> str:
        found[match[0]] += 1
        return _STAND_IN

    longest_first = sorted(signs, key=len, reverse=True)
    changed = re.sub("|".join(map(re.escape, longest_first)), stand_in, said)
    letters = sum(map(str.isalpha, said))
    if found.total() > max(FEW * letters, _SHOWN):
        raise CannotRender(_refuse(found))
    text.write_text(changed, "utf-8")
    return found


def _tell(lost: Counter[str]) -> list[str]:
    if not lost:
        return []
    shown = ", ".join(_name_sign(sign) for sign, _ in lost.most_common(_SHOWN))
    more = ", ..." if len(lost) > _SHOWN else ""
    return [f"No font here has {shown}{more}: {lost.total():,} signs show as {_STAND_IN}."]


def _refuse(lost: Counter[str]) -> str:
    scripts = Counter[str]()
    for sign, count in lost.items():
        scripts[unicodedata.name(sign[0], "unknown").split()[0].split("-")[0].capitalize()] += count
    names = ", ".join(name for name, _ in scripts.most_common(3))
    return (
        f"There is no font here for a part of the text ({names}; {lost.total():,} signs)."
        " Choose another format, or have fonts installed (EXPORT_FONTS)."
    )


def _name_sign(sign: str) -> str:
    return f"{sign} ({' '.join(f'U+{ord(part):04X}' for part in sign)})"
