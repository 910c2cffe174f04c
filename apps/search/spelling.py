"""Words that are almost what was asked: found by letters in threes, judged by their distance.

Both databases do it alike, as it is but a table: no extension is wanted of PostgreSQL.
"""

from collections.abc import Callable, Iterable, Sequence

from django.db import connection, transaction
from django.db.models import Count
from django.db.models.functions import Abs, Length
from rapidfuzz.distance import OSA

from apps.search.models import Gram, KnownWord
from apps.search.words import is_running
from storychain.steps import in_steps

SHORTEST, LONGEST = 4, 24  # shorter ones are near too many others
LONG = 8  # from here on two letters may be wrong
MOST_JUDGED, MOST_NEAR = 100, 8
STEP = 200  # words kept, or forgotten, in one transaction


def learn(words: Iterable[str]) -> None:
    """Remember words for those who mistype them."""
    for some in in_steps(sorted(filter(_is_fit, words)), STEP):
        known = set(KnownWord.objects.filter(word__in=some).values_list("word", flat=True))
        if new := [word for word in some if word not in known]:
            _keep(new)


def forget(*, unless: Callable[[str], bool]) -> int:
    """Forget the words that stand nowhere any more, in steps; return how many they were.

    They would stand between a mistyped word and what was meant. One that is written at this very
    moment may be forgotten as well: a rebuild learns all words again.
    """
    last = forgotten = 0
    while some := _read_known(after=last):
        unused = [(number, word) for number, word in some if not unless(word)]
        _drop(unused)
        forgotten += len(unused)
        last = some[-1][0]
    return forgotten


def find_near(word: str, *, is_start: bool) -> list[str]:
    """Return known words that were perhaps meant, the nearest first.

    With `is_start` the word may be the beginning of what was meant, itself mistyped.
    """
    if not _is_fit(word):
        return []
    rows = (
        Gram.objects.filter(letters__in=_grams(word))
        .values("word__word")
        .annotate(shared=Count("id"), off=Abs(Length("word__word") - len(word)))
        .order_by("-shared", "off", "word__word")
        .values_list("word__word", flat=True)
    )
    allowed = 2 if len(word) >= LONG else 1
    judged = [(_distance(word, one, allowed, is_start=is_start), one) for one in rows[:MOST_JUDGED]]
    return [one for off, one in sorted(judged) if 0 < off <= allowed][:MOST_NEAR]


@transaction.atomic
def _keep(words: Sequence[str]) -> None:
    KnownWord.objects.bulk_create((KnownWord(word=w) for w in words), ignore_conflicts=True)
    numbered = KnownWord.objects.filter(word__in=words).values_list("id", "word")
    grams = [(letters, number) for number, word in numbered for letters in _grams(word)]
    with connection.cursor() as cursor:  # a model for each would cost most of the time
        cursor.executemany(
            "INSERT INTO search_gram (letters, word_id) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            grams,
        )


def _read_known(*, after: int) -> list[tuple[int, str]]:
    known = KnownWord.objects.filter(id__gt=after).order_by("id")
    return list(known.values_list("id", "word")[:STEP])


@transaction.atomic
def _drop(numbered: Sequence[tuple[int, str]]) -> None:
    grams = [(letters, number) for number, word in numbered for letters in _grams(word)]
    with connection.cursor() as cursor:
        cursor.executemany("DELETE FROM search_gram WHERE letters = %s AND word_id = %s", grams)
    KnownWord.objects.filter(id__in=[number for number, _ in numbered]).delete()


def _is_fit(word: str) -> bool:
    return SHORTEST <= len(word) <= LONGEST and word.isalpha() and not is_running(word)


def _grams(word: str) -> set[str]:
    begun = f" {word}"
    return {begun[at : at + 3] for at in range(len(begun) - 2)}


def _distance(word: str, known: str, allowed: int, *, is_start: bool) -> int:
    """Return how many letters are wrong, missing, too many or exchanged with the next."""
    lengths = range(len(word) - allowed, len(word) + allowed + 1)
    ends = [known[:length] for length in lengths] if is_start else [known]
    return min(OSA.distance(word, end, score_cutoff=allowed) for end in ends)
