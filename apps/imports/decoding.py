"""From bytes to lines of text, or a reason why these bytes are none."""

import codecs
import re

from apps.imports.errors import EmptyFile, NotText, TooLarge, Truncated
from apps.imports.limits import LARGEST_FILE, MOST_LINES

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Project Gutenberg's older files say so in their header; no other file is believed to be Latin-1,
# because everything is valid in it.
SAYS_LATIN_1 = re.compile(
    rb"character set encoding:\s*(iso-?8859-1|iso latin-1|latin-?1)\b", re.IGNORECASE
)
HEADER = 4_000
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
LINE_END = re.compile(r"\r\n?|[\x0b\x0c]")
# Text in the sense of bytes, but not of words; the other kinds of file hold zero bytes.
OTHER_KINDS = {
    "an HTML page": re.compile(
        r"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html)\b", re.IGNORECASE
    ),
    "a document in RTF": re.compile(r"\s*\{\\rtf\d"),
    "a PDF document": re.compile(r"%PDF-\d"),
}
SEND_TEXT = "Send the text itself: plain text, Markdown, or Twee as Twine exports it."
SPLIT = "Split it into several files."
SAVE_AS_UTF_8 = "Save it as UTF-8 and try again."


def decode_text(*, data: bytes) -> str:
    r"""Return the text with "\n" at its line ends and without byte order mark.

    UTF-8, UTF-16 with a byte order mark, and Latin-1 where a Project Gutenberg header names it.
    Raise TooLarge, EmptyFile, NotText or Truncated.
    """
    if len(data) > LARGEST_FILE:
        raise TooLarge(
            f"It has {len(data):,} bytes; an import takes at most {LARGEST_FILE:,}.",
            mend=SPLIT,
        )
    text = LINE_END.sub("\n", _decode(data))
    if (lines := text.count("\n") + 1) > MOST_LINES:
        raise TooLarge(
            f"It has {lines:,} lines; an import takes at most {MOST_LINES:,}.", mend=SPLIT
        )
    if found := CONTROL.search(text):
        raise NotText(
            f"The character U+{ord(found[0]):04X} does not belong into text.",
            line=text.count("\n", 0, found.start()) + 1,
            mend=SEND_TEXT,
        )
    if not text.strip():
        raise EmptyFile("There is nothing but white space in it.")
    for kind, pattern in OTHER_KINDS.items():
        if pattern.match(text):
            raise NotText(f"It is {kind}.", mend=SEND_TEXT)
    return text


def _decode(data: bytes) -> str:
    if data.startswith(UTF_16):
        return _decode_utf_16(data)
    if (at := data.find(0)) >= 0:
        raise NotText("It holds a zero byte.", line=data.count(b"\n", 0, at) + 1, mend=SEND_TEXT)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if SAYS_LATIN_1.search(data[:HEADER]):
            return data.decode("latin-1")
        if error.end == len(data) and error.reason == "unexpected end of data":
            raise Truncated(
                "The file ends in the middle of a character.",
                line=data.count(b"\n") + 1,
                mend="Fetch it again.",
            ) from error
        raise NotText(
            f"The byte 0x{data[error.start]:02X} is not valid in UTF-8.",
            line=data.count(b"\n", 0, error.start) + 1,
            mend=SAVE_AS_UTF_8,
        ) from error


def _decode_utf_16(data: bytes) -> str:
    try:
        return data.decode("utf-16")
    except UnicodeDecodeError as error:
        raise NotText(
            "It begins as UTF-16 and goes on as something else.",
            line=data[: error.start].decode("utf-16", "replace").count("\n") + 1,
            mend=SAVE_AS_UTF_8,
        ) from error
