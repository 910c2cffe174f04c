"""Why a file is refused: the line where it shows, the reason, and what would mend it."""

from storychain.errors import Conflict, Invalid

LONGEST_QUOTE = 60


def quote(name: str) -> str:
    """Return a name from the file as a message shows it."""
    return repr(name if len(name) <= LONGEST_QUOTE else name[:LONGEST_QUOTE] + "…")


class Unreadable(Invalid):
    """The file cannot become a story; `line` counts from 1, None stands for the file as a whole."""

    code, title = "import-unreadable", "This file cannot be imported"

    def __init__(self, reason: str, *, line: int | None = None, mend: str = "") -> None:
        """Keep the parts; `detail` is the sentence made of them."""
        self.reason, self.line, self.mend = reason, line, mend
        place = f"Line {line:,}: " if line is not None else ""
        super().__init__(" ".join(part for part in (place + reason, mend) if part))


class EmptyFile(Unreadable):
    """There is no text in it."""

    code, title = "import-empty", "There is no text in this file"


class NotText(Unreadable):
    """It holds bytes that are no text in any encoding that is understood."""

    code, title = "import-not-text", "This is not a text file"


class Truncated(Unreadable):
    """Something was begun and not brought to its end, so the rest is probably missing."""

    code, title = "import-truncated", "This file is not complete"


class TooLarge(Unreadable):
    """It has more bytes, chapters or levels than one import may have."""

    status, code, title = 413, "import-too-large", "This file is too large"


class NoHeadings(Unreadable):
    """It is too long for one chapter, and nothing in it looks like the head of one."""

    code, title = "import-no-headings", "No chapters were found in this file"


class BadPassage(Unreadable):
    """A Twee passage contradicts the format or the rest of the file."""

    code, title = "import-bad-passage", "A passage cannot be understood"


class BadTitle(Invalid):
    """The title that was asked for is too short or too long."""

    code, title = "import-bad-title", "This title cannot be used"


class AlreadyImporting(Conflict):
    """The same file is being imported at this moment."""

    code, title = "import-under-way", "This file is being imported already; try again in a moment"
