"""From a text to its words, in any script.

Scripts that write no spaces, and Hangul, whose words carry their particles along, are cut into
pairs of characters that overlap; the last character of such a run also stands alone. So whatever is
asked there is found by its own pairs, and a single character by what begins with it.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import groupby
from typing import NamedTuple

from apps.search.limits import LONGEST_WORD
from apps.stories.documents import fold

# Thai to Lao, Myanmar, Hangul letters, Khmer, then Chinese, Japanese and Korean, and signs.
RUNNING = (
    "\u0e01-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2600-\u27bf\u2e80-\u2fdf\u3005-\u3007"
    "\u3021-\u3029\u3031-\u3035\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f"
    "\u3131-\u318e\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff"
    "\uff66-\uff9f\U0001f000-\U0001faff\U00020000-\U0003ffff"
)
PAIR = 2
FIRST_MARK, LAST_MARK = 0x300, 0x1F000


class Word(NamedTuple):
    """A word as it is compared, and where it stands in the text: characters start to end."""

    text: str
    start: int
    end: int

    @property
    def is_running(self) -> bool:
        """Whether it is a piece of a text without spaces."""
        return is_running(self.text)


def tidy(text: str) -> str:
    """Return a text in NFC: what positions of words count in."""
    return unicodedata.normalize("NFC", text)


def split_words(text: str) -> Iterator[Word]:
    """Yield the words of a tidy text, folded, in their order; those of a run overlap."""
    for found in _pattern().finditer(text):
        if found.lastgroup == "run":
            yield from _cut(found.group(), found.start())
        else:
            yield Word(_fold(found.group())[:LONGEST_WORD], *found.span())


def is_running(word: str) -> bool:
    """Tell whether a word is of a script without spaces."""
    return _running().match(word) is not None


def _cut(run: str, at: int) -> Iterator[Word]:
    for i in range(len(run)):
        piece = run[i : i + PAIR]
        yield Word(_fold(piece), at + i, at + i + len(piece))


@lru_cache(maxsize=50_000)
def _fold(word: str) -> str:
    return word.lower() if word.isascii() else fold(word)


@cache
def _running() -> re.Pattern[str]:
    return re.compile(f"[{RUNNING}]")


@cache
def _pattern() -> re.Pattern[str]:
    """Return what a word is: letters and digits with the marks on them, or a run."""
    return re.compile(rf"(?P<run>[{RUNNING}]+)|(?:[^\W_{RUNNING}][{_marks()}]*)+")


def _marks() -> str:
    """Return the combining marks, of which no letter may be robbed, as ranges of a class."""
    marks = [
        code
        for code in range(FIRST_MARK, LAST_MARK)
        if unicodedata.category(chr(code)) in {"Mn", "Mc"} and not is_running(chr(code))
    ]
    ranges = []
    for _, run in groupby(enumerate(marks), key=lambda pair: pair[1] - pair[0]):
        codes = [code for _, code in run]
        ranges.append(f"{chr(codes[0])}-{chr(codes[-1])}")
    return "".join(ranges)
