"""What a community asks of the system: search, and what readers do (community_live.py).

One MongoDB with many chapters, in words as they are spread in books (Zipf), indexed in SQLite and
in PostgreSQL. A search goes through all of Django, "cold": with the cache's entries taken away
before, so that the index is asked, and MongoDB for what is shown. What the index alone takes is
the peer.
"""

import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache, partial
from itertools import accumulate
from typing import Any

from storychain import embedded
from tests.benchmarks.community_live import live_cases
from tests.benchmarks.measuring import Case
from tests.emptying import empty_the_cache

SCALE = float(os.environ.get("SCALE", "1"))
CHAPTERS, PER_STORY, WORDS, VOCABULARY = int(100_000 * SCALE), 100, 300, 40_000
SEARCHES, WRITES = 30, 30
AUTHOR = "author_of_all"
NOW = datetime(2026, 2, 9, 15, 30, tzinfo=UTC)
CHANCE = random.Random(7)
LETTERS = "etaoinshrdlucmfwygpbvkxqjz"
HAN = [chr(0x4E00 + n) for n in range(2_000)]
Ask = Callable[[], str]


@contextmanager
def cases() -> Iterator[list[Case]]:
    """Yield the cases, with servers of their own."""
    with ExitStack() as stack:
        os.environ |= {
            "STORYCHAIN_HOME": stack.enter_context(tempfile.TemporaryDirectory()),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LOG_LEVEL": "WARNING",
        }
        os.environ |= stack.enter_context(embedded.servers(durable=False))
        import django
        from django.conf import settings
        from django.test.utils import setup_test_environment

        django.setup()
        setup_test_environment()  # lets the test client in by its host name
        settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, 1_000_000)
        settings.MONGO_TIMEOUT_MS = 120_000  # the stand-in takes long where there are many
        yield [*_search_cases(stack), *live_cases(stack)]


def _search_cases(stack: ExitStack) -> Iterator[Case]:
    from tests.scheduling.postgresql import IS_HERE, MISSING

    if not IS_HERE:
        print(MISSING)
    write = cache(_fill)  # when a case is first taken
    for name in ("sqlite", "postgresql") if IS_HERE else ("sqlite",):
        yield from _cases(name, cache(partial(_fill_index, name, write, stack)))


def _fill_index(name: str, write: Callable[[], None], stack: ExitStack) -> str:
    """Return the address of a database, migrated and with everything in its index."""
    from django.core.management import call_command

    from tests.scheduling.postgresql import run_cluster

    write()
    url = os.environ.get("DATABASE_URL", f"sqlite:///{_home()}/sql.sqlite3")
    if name == "postgresql":
        stack.callback(_use, url)
        url = stack.enter_context(run_cluster()).url()
    _use(url)
    call_command("migrate", verbosity=0)
    started = time.perf_counter()
    call_command("rebuild_search")
    seconds = time.perf_counter() - started
    print(f"{name}: {CHAPTERS:,} chapters indexed in {seconds:.0f} s")
    _settle(name)
    return url


def _cases(name: str, url: Callable[[], str]) -> Iterator[Case]:
    for label, ask in ASKED.items():
        yield Case(
            name=f"search.{name}.{label}_p95",
            unit="ms",
            better="lower",
            ours=partial(_in, url, partial(_p95, ask, partial(_search, is_cold=True))),
            peer=partial(_in, url, partial(_p95, ask, _find)),
            peer_name="the index alone",
            repeats=3,
        )
    for label, take in {"cached_p95": _cached, "index_a_chapter_p95": _write_p95}.items():
        yield Case(
            name=f"search.{name}.{label}",
            unit="ms",
            better="lower",
            ours=partial(_in, url, take),
            repeats=3,
        )


def _make_words() -> list[str]:
    words = {
        "".join(CHANCE.choices(LETTERS, weights=range(26, 0, -1), k=CHANCE.randint(3, 10)))
        for _ in range(VOCABULARY)
    }
    return sorted(words, key=lambda _: CHANCE.random())


BOOK = _make_words()
SPREAD = list(accumulate(1 / (rank + 1) for rank in range(len(BOOK))))


def _any(first: int, last: int) -> str:
    return BOOK[CHANCE.randrange(first, last)]


def _mistyped() -> str:
    word = next(word for word in iter(partial(_any, 100, 2_000), "") if len(word) > 6)
    at = CHANCE.randrange(1, len(word) - 2)
    return f"{word[:at]}{word[at + 1]}{word[at]}{word[at + 2 :]}"


ASKED: dict[str, Ask] = {
    "common_word": lambda: _any(0, 20),
    "rare_word": lambda: _any(5_000, 20_000),
    "two_words": lambda: f"{_any(0, 100)} {_any(100, 2_000)}",
    "five_words": lambda: " ".join(_any(0, 50) for _ in range(5)),
    "beginning": lambda: _any(0, 2_000)[:2],
    "mistyped": _mistyped,
    "chinese": lambda: "".join(CHANCE.choices(HAN[:200], k=3)),
    "nothing": lambda: f"{_any(0, 20)} zzxxq{CHANCE.randrange(1_000)}",
}


def _fill() -> None:
    """Store the chapters and their stories, past the services."""
    from apps.chapters.documents import Chapter
    from apps.stories.documents import Story
    from apps.users.services import ensure_user
    from storychain.documents import ensure_indexes

    ensure_user(user_id=AUTHOR, now=datetime.now(UTC))
    for number in range(max(1, CHAPTERS // PER_STORY)):
        slug = f"story-{number}"
        Story._get_collection().insert_one(_story(slug).to_mongo())
        chapters = [_chapter(slug, at).to_mongo() for at in range(PER_STORY)]
        Chapter._get_collection().insert_many(chapters, ordered=False)
    ensure_indexes()  # in one go


def _text(words: int) -> str:
    chinese = "".join(CHANCE.choices(HAN, k=20)) if CHANCE.random() < 0.1 else ""
    return f"{' '.join(CHANCE.choices(BOOK, cum_weights=SPREAD, k=words))} {chinese}"


def _story(slug: str) -> Any:
    from apps.stories.documents import Story

    times = dict.fromkeys(("created_at", "updated_at", "last_activity_at", "published_at"), NOW)
    story = Story(slug=slug, title=_text(4), description=_text(20), creator_id=AUTHOR, **times)
    story.status = "published"
    story.clean()
    return story


def _chapter(story: str, number: int) -> Any:
    from apps.chapters.documents import Chapter

    return Chapter(
        slug=f"{story}-c{number}",
        story_slug=story,
        depth=number,
        branch_index=0,
        parent_slug=f"{story}-c{number - 1}" if number else None,
        number=number + 1,
        author_id=AUTHOR,
        title=_text(3),
        content=_text(WORDS),
        created_at=NOW,
        updated_at=NOW,
    )


def _home() -> str:
    return os.environ["STORYCHAIN_HOME"]


def _use(url: str) -> None:
    """Let this database be the one that Django knows."""
    import dj_database_url
    from django.db import connections

    connections["default"].close()
    del connections["default"]
    options = connections.settings["default"]["OPTIONS"] if url.startswith("sqlite") else {}
    found = connections.configure_settings({"default": dj_database_url.parse(url)})
    found["default"]["OPTIONS"] = options or found["default"]["OPTIONS"]
    connections.settings["default"].update(found["default"])


def _in(url: Callable[[], str], take: Callable[[], float]) -> float:
    from django.db import connection

    if not url().startswith(connection.vendor.removesuffix("ql")):
        _use(url())
    return take()


def _settle(name: str) -> None:
    """Let PostgreSQL learn what stands in its tables, as its autovacuum would."""
    from django.db import connection

    if name == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _p95(ask: Ask, take: Callable[[str], None]) -> float:
    times = []
    for _ in range(SEARCHES):
        asked = ask()
        if take is not _find:
            empty_the_cache()
        started = time.perf_counter()
        take(asked)
        times.append((time.perf_counter() - started) * 1e3)
    return statistics.quantiles(times, n=20)[18]


def _search(asked: str, *, is_cold: bool = False) -> None:
    from tests.factories import Caller

    answer = Caller().client.get("/api/v1/search", {"q": asked})
    if answer.status_code != 200 or (answer["X-Cache"] == "MISS") != is_cold:
        raise RuntimeError(f"{asked}: {answer['X-Cache']} {answer.content!r}")


def _find(asked: str) -> None:
    """Ask the index alone for a page."""
    from apps.search.finding import Choice, Finder, Reach

    walk = Finder(Choice(q=asked).folded(), Reach()).walk(None)
    for _ in zip(range(21), walk, strict=False):
        pass


def _cached() -> float:
    empty_the_cache()
    asked = _any(0, 20)
    _search(asked, is_cold=True)
    times = []
    for _ in range(SEARCHES):
        started = time.perf_counter()
        _search(asked)
        times.append((time.perf_counter() - started) * 1e3)
    return statistics.quantiles(times, n=20)[18]


def _write_p95() -> float:
    """Index a changed chapter: both databases read, one written."""
    from apps.chapters.documents import Chapter
    from apps.search import services
    from apps.search.sources import Thing

    times = []
    for number in range(WRITES):
        slug = f"story-0-c{number}"
        Chapter._get_collection().update_one({"_id": slug}, {"$set": {"content": _text(WORDS)}})
        started = time.perf_counter()
        services.index([Thing("chapter", slug)])
        times.append((time.perf_counter() - started) * 1e3)
    return statistics.quantiles(times, n=20)[18]
