"""Which way a text runs, and which language it is likely to be in, by its letters alone.

Source of directions: Unicode Annex 9, rule P2. A script that many languages share tells nothing;
"und" (BCP 47: undetermined) is honest, and keeps readers from hyphenating by the wrong rules.
"""

import unicodedata
from collections import Counter

UNDETERMINED = "und"
_BY_SCRIPT = {
    "HANGUL": "ko",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "CJK": "zh",
    "HEBREW": "he",
    "ARABIC": "ar",
    "GREEK": "el",
    "THAI": "th",
    "DEVANAGARI": "hi",
    "BENGALI": "bn",
    "TAMIL": "ta",
    "TELUGU": "te",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
}
_RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
_ENOUGH = 2000


def find_direction(text: str) -> str | None:
    """Return "ltr" or "rtl" by the first letter that has a direction, else None."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("R", "AL"):
            return "rtl"
        if kind == "L":
            return "ltr"
    return None


def guess_language(text: str) -> str:
    """Return a BCP 47 tag for the script that most letters are of, else "und".

    Kana decide for Japanese, however many of the letters are Chinese.
    """
    letters = [c for c in text[:_ENOUGH] if c.isalpha()]
    scripts = Counter(
        unicodedata.name(c, "UNKNOWN").split(" ", 1)[0].split("-")[0] for c in letters
    )
    kana = scripts["HIRAGANA"] + scripts["KATAKANA"]
    if kana and kana + scripts["CJK"] > len(letters) / 2:
        return "ja"
    script, count = scripts.most_common(1)[0] if scripts else ("", 0)
    return _BY_SCRIPT.get(script, UNDETERMINED) if count > len(letters) / 2 else UNDETERMINED


def direction_of(language: str) -> str:
    """Return which way books in this language run."""
    return "rtl" if language.split("-", maxsplit=1)[0].lower() in _RIGHT_TO_LEFT else "ltr"
