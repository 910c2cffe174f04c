"""The process that runs typst: `python -m apps.exports.typesetter`, in the folder of one book.

It reads an Order as JSON from its input and ends with one of the codes below. It never loads Django
and shuts itself in before typst sees a line. PDF/A has typst name every sign that no font has;
so whatever is asked for is made as PDF/A first, and nothing with an empty box in it comes out.
"""

import re
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
import typst

from apps.exports.confinement import confine

STANDARD = "a-2b"
LACKING, TOO_LARGE = 3, 4
MISSING = "missing.json"
_SIGN = re.compile(r"error: PDF/A-2b error: the text `(\".*?\")` could not be displayed")
_TOO_DEEP = "maximum "  # ... depth exceeded
_CODE = re.compile(r"\\u\{([0-9a-f]+)\}")


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to make of `source`, with fonts of these folders, as of a time (Unix, in seconds)."""

    source: str
    output: str
    fonts: list[str]
    made_at: int
    ppi: float = 144


def fulfil(order: Order) -> int:
    """Make what is ordered, here; return 0, or LACKING with the signs in MISSING."""
    here = Path.cwd()
    confine(readable=[Path(folder) for folder in order.fonts], writable=here)
    fonts = typst.Fonts(include_system_fonts=False, font_paths=order.fonts)
    compiler = typst.Compiler(
        input=here / order.source, root=here, font_paths=fonts, package_path=here
    )
    pdf = here / order.output if order.output.endswith(".pdf") else None
    try:
        compiler.compile(format="pdf", output=pdf, pdf_standards=STANDARD, timestamp=order.made_at)
    except typst.TypstError as error:
        return _judge(error, here)
    if pdf is None:
        compiler.compile(format="png", output=here / order.output, ppi=order.ppi)
    return 0


def _judge(error: typst.TypstError, here: Path) -> int:
    """Return why nothing was made, if it is the text's fault; what is ours goes on."""
    if error.message.startswith(_TOO_DEEP):
        return TOO_LARGE
    signs = {_unquote(found) for found in _SIGN.findall(error.diagnostic)}
    if not signs:
        raise error
    (here / MISSING).write_bytes(msgspec.json.encode(sorted(signs)))
    return LACKING


def _unquote(text: str) -> str:
    """Return a string as Rust shows it, as what it is."""
    plain = _CODE.sub(lambda found: chr(int(found[1], 16)), text[1:-1])
    return re.sub(r"\\(.)", r"\1", plain)


if __name__ == "__main__":
    with suppress(MemoryError):
        sys.exit(fulfil(msgspec.json.decode(sys.stdin.buffer.read(), type=Order)))
    sys.exit(TOO_LARGE)
