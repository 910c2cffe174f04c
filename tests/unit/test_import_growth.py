"""Files that were made to take long are read, or refused with a reason, as any other file.

Nothing here is timed. What grows with more than a file's length would, at this one, run into the
suite's limit for a test that hangs.
"""

import pytest

from apps.imports.errors import Unreadable
from apps.imports.reading import read_story

LENGTH = 300_000

GROWING = {
    "headings": ("novel", "", "CHAPTER 1\n\n"),
    "lists": ("novel", "", "Contents\n\nCHAPTER 1\n\n"),
    "titles": ("novel", "", "Contents\n\nThe A\n\nThe B\n\nThe A\n\n"),
    "entries": ("novel", "Contents\n\n", "1.  x   3\n\n"),
    "numbers": ("novel", "", "1\n\n2\n\n9\n\n9\n\n"),
    "captions": ("novel", "", "[Illustration\n\n"),
    "italics": ("novel", "", "_a _b "),
    "one line of underscores": ("novel", "", "_____"),
    "one line of dots": ("novel", "Contents\n\n", ". . . "),
    "Markdown": ("markdown", "", "# a\n\n"),
    "quotations": ("markdown", "", ">" * 100),
    "references": ("markdown", "", "[a]: b\n"),
    "links": ("twee", ":: Start\n", "[[Start]]"),
    "open links": ("twee", ":: Start\n", "[["),
}


@pytest.mark.parametrize(("kind", "begin", "piece"), GROWING.values(), ids=GROWING)
def test_a_file_made_to_take_long_is_read_or_refused(kind: str, begin: str, piece: str) -> None:
    data = (begin + piece * (LENGTH // len(piece))).encode()
    try:
        _, story = read_story(data=data, format=kind)
        assert story.nodes
    except Unreadable as refused:
        assert refused.reason
