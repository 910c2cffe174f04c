"""What the head of a chapter looks like in plain text: one line at a time."""

# ruff: noqa: RUF001 - books write such quotation marks and dashes, and other scripts
import re
from dataclasses import dataclass

UNDERSTOOD = (
    '"Chapter 1", "CHAPTER IV. A Title", "Chapter the First", "PART TWO", "PROLOGUE", "EPILOGUE", '
    "or numbers from I or 1 on lines of their own"
)
LONGEST = 200
MOST_LINES = 3

_ONES = "one|two|three|four|five|six|seven|eight|nine"
_TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_FIRSTS = "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth"
_TENTHS = (
    "tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth"
    "|nineteenth"
)
_TWENTIETHS = "twentieth|thirtieth|fortieth|fiftieth|sixtieth|seventieth|eightieth|ninetieth"
_VALUES = {
    word: first + step * place
    for names, first, step in (
        *((_ONES, 1, 1), (_FIRSTS, 1, 1), (_TEENS, 10, 1), (_TENTHS, 10, 1)),
        *((_TENS, 20, 10), (_TWENTIETHS, 20, 10), ("hundred", 100, 0), ("hundredth", 100, 0)),
    )
    for place, word in enumerate(names.split("|"))
}
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}

_RANK = f"{_TENTHS}|{_TWENTIETHS}|hundredth|{_FIRSTS}|last"
_WORDS = rf"(?:{_TENS})(?:[-\s](?:{_ONES}|{_FIRSTS}))?|{_TEENS}|hundred"
_NUMBER = (
    rf"(?:\d{{1,4}}|(?=[ivxlc])c{{0,3}}(?:xc|xl|l?x{{0,4}})(?:ix|iv|v?i{{0,4}})"
    rf"|(?:the\s+)?(?:{_WORDS}|{_RANK}|{_ONES}))"
)
_OUTER = "book|part|volume|vol|epoch|tome|livre|libro|buch|partie|parte|teil|книга|часть|том"
_INNER = (
    "chapter|chap|act|scene|letter|canto|stave|section|episode|adventure|tale|story"
    "|chapitre|cap[ií]tulo|capitolo|kapitel|hoofdstuk|rozdział|глава"
)
_NAMES = (
    "prologue|epilogue|prelude|preface|foreword|introduction|introductory|afterword|etymology"
    "|extracts|conclusion|interlude|appendix|postscript|finale|dedication"
)
_MARK = r"(?P<mark>\s*[.:\-—–)\]]*)"
_NUMBERED = re.compile(
    rf"(?P<kind>{_OUTER}|{_INNER})\.?\s+(?P<number>{_NUMBER})(?![\w'’]|-\w)"
    rf"{_MARK}\s*(?P<title>.*)",
    re.IGNORECASE,
)
_RANKED = re.compile(
    rf"(?:the\s+)?(?P<number>{_RANK})\s+(?P<kind>{_OUTER}|{_INNER}|{_NAMES})(?!\w)"
    rf"{_MARK}\s*(?P<title>.*)",
    re.IGNORECASE,
)
_NAMED = re.compile(
    rf"(?:the\s+)?(?P<kind>{_NAMES})(?P<number>\s+[A-Z\d])?(?!\w){_MARK}\s*(?P<title>.*)",
    re.IGNORECASE,
)
# Chinese and Japanese count chapters and volumes as 第一章, 第2回, 第三卷.
_COUNTED = re.compile(
    r"第\s*(?P<number>[\d〇零一二三四五六七八九十百千]+)\s*(?P<kind>[章回节節話话卷部])"
    r"(?:[\s:：、.。]+(?P<title>\S.*))?$"
)
_BARE = re.compile(rf"(?P<number>\d{{1,4}}|(?i:{_NUMBER}))(?P<mark>[.:)]?)(?:\s+(?P<title>\S.*))?$")
_DECORATION = " \t_*=~#"
_EMPHASIS = re.compile(r"(?<![^\W_])[_=]([^_=]+)[_=]")
_BRACKETS = " \t[]()—–-"
_SENTENCE_ENDS = tuple(".!?,;:”\"’'—–-")
_SHORT_FORMS = {"chap": "chapter", "vol": "volume"}
_OUTER_KINDS = {*_OUTER.split("|"), "卷", "部"}
_NAMED_KINDS = set(_NAMES.split("|"))


@dataclass(frozen=True)
class Heading:
    """The head of a chapter; headings of one `kind` and `number` name the same chapter."""

    kind: str
    number: str
    label: str
    title: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others: a list of contents has the same keys as the book."""
        return self.kind, self.number

    @property
    def is_outer(self) -> bool:
        """Tell whether it heads a part that holds chapters."""
        return self.kind in _OUTER_KINDS

    @property
    def is_chapter(self) -> bool:
        """Tell whether it is one of the chapters that a book counts."""
        return bool(self.number) and self.kind not in _OUTER_KINDS | _NAMED_KINDS

    @property
    def value(self) -> int | None:
        """Its number, if it is one in digits, Roman numerals or English words."""
        if self.number.isdecimal():
            return int(self.number)
        words = [_VALUES.get(word) for word in self.number.split()]
        if words and None not in words:
            return sum(filter(None, words))
        return _add_roman(self.number)

    @property
    def text(self) -> str:
        """The heading as a chapter's title."""
        gap = " " if self.title.startswith("(") else ". "
        return gap.join(filter(None, (self.label, self.title)))


def read_heading(line: str) -> Heading | None:
    """Return the heading that a line is, or None."""
    text = tidy_title(line)
    if not text or len(text) > LONGEST or not (text[0].isupper() or text[0] == "第"):
        return None
    return _read_numbered(text) or _read_ranked(text) or _read_named(text) or _read_counted(text)


def read_bare_number(line: str) -> Heading | None:
    """Return the heading that a line with nothing but a number, or that and a title, may be."""
    text = tidy_title(line)
    if len(text) > LONGEST:
        return None
    found = _BARE.match(text.strip(_BRACKETS)) or _BARE.match(text)
    if not found:
        return None
    title = found["title"] or ""
    if title and not (found["mark"] and looks_like_title(title)):
        return None
    return Heading("", _fold(found["number"]), found["number"], title.strip(_DECORATION))


def tidy_title(line: str) -> str:
    """Return a line's words without marks of emphasis and ornaments around it."""
    return " ".join(_EMPHASIS.sub(r"\1", line).strip(_DECORATION).split())


def looks_like_title(text: str) -> bool:
    """Tell whether a short line reads as a title: all capitals, or no sentence."""
    if not text or len(text) > LONGEST // 2 or not any(c.isalpha() for c in text):
        return False
    return text.isupper() or (text[0].isupper() and not text.endswith(_SENTENCE_ENDS))


def _add_roman(number: str) -> int | None:
    digits = [_ROMAN.get(letter, 0) for letter in number]
    if not digits or 0 in digits:
        return None
    following = [*digits[1:], 0]
    return sum(-a if a < b else a for a, b in zip(digits, following, strict=True))


def _read_numbered(text: str) -> Heading | None:
    found = _NUMBERED.match(text)
    if not found:
        return None
    title = found["title"].strip(_DECORATION)
    if title and not found["mark"].strip() and not (title[0].isupper() or title[0] in '(“‘"'):
        return None  # "Part two of the plan was simple."
    kind = _kind_of(found)
    label = f"{kind.capitalize()} {_tidy(found['number'])}"
    return Heading(kind, _fold(found["number"]), label, _without_stop(title))


def _read_ranked(text: str) -> Heading | None:
    """Read "FIRST PART" and "The Second Epilogue: 1820"."""
    found = _RANKED.match(text)
    if not found or not _is_set_off(found):
        return None
    label = f"{found['number'].capitalize()} {_kind_of(found).capitalize()}"
    title = _without_stop(found["title"].strip(_DECORATION))
    return Heading(_kind_of(found), _fold(found["number"]), label, title)


def _read_named(text: str) -> Heading | None:
    found = _NAMED.match(text)
    if not found or not _is_set_off(found):
        return None
    number = (found["number"] or "").strip()
    label = " ".join(filter(None, (found["kind"].capitalize(), number)))
    title = _without_stop(found["title"].strip(_DECORATION))
    return Heading(_kind_of(found), number.lower(), label, title)


def _read_counted(text: str) -> Heading | None:
    found = _COUNTED.match(text)
    if not found:
        return None
    label = f"第{found['number']}{found['kind']}"
    return Heading(found["kind"], found["number"], label, found["title"] or "")


def _is_set_off(found: re.Match[str]) -> bool:
    """Tell a heading with a title from a sentence: "Introduction was not needed."."""
    title, kind = found["title"].strip(_DECORATION), found["kind"]
    if not title or title.startswith("("):
        return True
    return bool(found["mark"].strip()) and (kind.isupper() or looks_like_title(title))


def _kind_of(found: re.Match[str]) -> str:
    kind = found["kind"].lower()
    return _SHORT_FORMS.get(kind, kind)


def _tidy(number: str) -> str:
    """Keep Roman numerals and digits, quieten words in capitals."""
    is_word = re.search(r"[^\divxlc]", number, re.IGNORECASE)
    if not is_word:
        return number.upper()
    return re.sub(r"(?<=\w)\w+|^The", lambda m: m[0].lower(), number.title())


def _fold(number: str) -> str:
    return " ".join(number.lower().replace("-", " ").removeprefix("the ").split())


def _without_stop(title: str) -> str:
    return title[:-1].rstrip() if title.endswith(".") and not title.endswith("..") else title
