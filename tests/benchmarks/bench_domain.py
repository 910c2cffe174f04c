"""The writers' half: a large tree, lists among many stories, new chapters; and what each costs.

Two databases on one server, one with few stories and one with many. A page is asked for through
all of Django; "cold" is with the cache's entries taken away before. How long a list takes where
there are many is the server's: the stand-in reads every match before it looks at the limit. What is
ours is the number of commands and of documents that they bring (domain_commands.py), which may not
grow, and that each is served by an index (the suite holds every filter to that).
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any

from storychain import embedded
from tests.benchmarks.domain_commands import EAR, command_cases
from tests.benchmarks.measuring import Case
from tests.emptying import empty_the_cache
from tests.unlimited import UNLIMITED

SCALE = float(os.environ.get("SCALE", "1"))
FEW, MANY, CHAPTERS = 100, int(100_000 * SCALE), int(10_000 * SCALE)
REQUESTS, MOST_SECONDS = 20, 20  # of one page, whichever comes first
TREE, AUTHOR = "the-tree", "author_of_all"
NOW = datetime(2026, 2, 9, 15, 30, tzinfo=UTC)
TEXT = "The lamp on the stairs went out again, and this time nobody had touched it."


@contextmanager
def cases() -> Iterator[list[Case]]:
    """Yield the cases, with servers of their own."""
    with ExitStack() as stack:
        os.environ |= {
            "STORYCHAIN_HOME": stack.enter_context(tempfile.TemporaryDirectory()),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LOG_LEVEL": "WARNING",
            **UNLIMITED,
        }
        os.environ |= stack.enter_context(embedded.servers(durable=False))
        import django
        from django.core.management import call_command
        from django.test.utils import setup_test_environment

        django.setup()
        setup_test_environment()  # lets the test client in by its host name
        call_command("migrate", verbosity=0)
        from storychain import mongodb

        mongodb.listen(EAR)
        yield [*_tree_cases(), *_list_cases(), *_write_cases(), *command_cases(_use)]


def _tree_cases() -> Iterator[Case]:
    path = f"/stories/{TREE}/tree"
    yield _timed("domain.tree_10k.cold", partial(_p50, path, is_cold=True), repeats=5)
    yield _timed("domain.tree_10k.cached", partial(_p50, path, is_cold=False), repeats=5)


def _list_cases() -> Iterator[Case]:
    for label, path in {
        "story_list": "/stories",
        "story_list_second_page": "/stories+",
        "user_stories": f"/users/{AUTHOR}/stories",
        "my_stories": "/stories/my",
    }.items():
        yield Case(
            name=f"domain.{label}.100k_p95",
            unit="ms",
            better="lower",
            ours=partial(_in, "many", partial(_p95, path)),
            peer=partial(_in, "few", partial(_p95, path)),
            peer_name=f"{FEW} stories",
            repeats=3,
        )


def _write_cases() -> Iterator[Case]:
    yield _timed("domain.create_chapter_p95", partial(_in, "many", _create_p95), repeats=3)


def _timed(name: str, ours: Callable[[], float], *, repeats: int) -> Case:
    return Case(name=name, unit="ms", better="lower", ours=ours, repeats=repeats)


def _use(name: str) -> None:
    from django.conf import settings

    from storychain import mongodb

    if name == settings.KEY_PREFIX:
        return
    mongodb.disconnect()
    base, _, query = os.environ["MONGODB_URI"].partition("?")
    settings.MONGODB_URI = base.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else "")
    settings.KEY_PREFIX = name
    settings.MONGO_TIMEOUT_MS = 120_000  # the stand-in takes long where there are many


def _in(name: str, take: Callable[[], float]) -> float:
    _use(name)
    _fill({"few": FEW, "many": MANY}[name])
    return take()


@cache
def _fill(count: int) -> None:
    """Store so many stories of one author, and one with a large tree, past the services; once."""
    from apps.access.documents import Collaborator
    from apps.chapters.documents import Chapter
    from apps.stories.documents import Story
    from apps.users.services import ensure_user
    from storychain.documents import ensure_indexes

    ensure_user(user_id=AUTHOR, now=datetime.now(UTC))  # in each: a process asks once a minute
    slugs = [TREE, *(f"story-{number}" for number in range(count - 1))]
    _insert(Story, [_story(slug, number) for number, slug in enumerate(slugs)])
    _insert(Chapter, [_chapter(number) for number in range(CHAPTERS)])
    owner = {"user_id": AUTHOR, "role": "owner", "status": "accepted", "accepted_at": NOW}
    _insert(Collaborator, [Collaborator(story_slug=slug, **owner) for slug in slugs])
    ensure_indexes()  # in one go


def _insert(model: Any, documents: Sequence[Any]) -> None:
    for start in range(0, len(documents), 1_000):
        some = [one.to_mongo() for one in documents[start : start + 1_000]]
        model._get_collection().insert_many(some, ordered=False)


def _story(slug: str, number: int) -> Any:
    from apps.stories.documents import Story

    at = NOW - timedelta(seconds=number)
    story = Story(
        slug=slug,
        title=f"Story {number}",
        description="A house, and who lives in it.",
        creator_id=AUTHOR,
        team=[AUTHOR],
        status="published",
        next_number=CHAPTERS + 1,
        created_at=at,
        updated_at=at,
        last_activity_at=at,
        published_at=at,
    )
    story.settings.max_depth = 1_000
    story.clean()
    return story


def _chapter(number: int) -> Any:
    """Return a chapter of a tree in which each has three below it."""
    from apps.chapters.documents import Chapter

    above, place = [], number
    while place:
        place = (place - 1) // 3
        above.insert(0, f"c{place}")
    return Chapter(
        slug=f"c{number}",
        story_slug=TREE,
        parent_slug=above[-1] if above else None,
        ancestor_slugs=above,
        depth=len(above),
        branch_index=(number - 1) % 3 if number else 0,
        next_branch=3,
        number=number + 1,
        author_id=AUTHOR,
        title=f"Chapter {number}",
        content=TEXT,
        word_count=15,
        created_at=NOW,
        updated_at=NOW,
    )


def _caller() -> Any:
    from tests.factories import Caller

    return Caller(AUTHOR)


def _second_page(path: str) -> str:
    """Return a path as it is; of one that ends in "+", that of its second page."""
    if not path.endswith("+"):
        return path
    first = _caller().get(path[:-1]).json()
    return f"{path[:-1]}?cursor={first['next_cursor']}"


def _times(path: str, *, is_cold: bool) -> list[float]:
    caller, path = _caller(), _second_page(path)
    times: list[float] = []
    while len(times) < REQUESTS and sum(times) < MOST_SECONDS * 1e3:
        if is_cold:
            empty_the_cache()
        started = time.perf_counter()
        answer = caller.get(path)
        times.append((time.perf_counter() - started) * 1e3)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.content!r}")
    return times


def _p50(path: str, *, is_cold: bool) -> float:
    return _in("many", lambda: statistics.median(_times(path, is_cold=is_cold)))


def _p95(path: str) -> float:
    return _percentile(_times(path, is_cold=True))


def _percentile(times: list[float]) -> float:
    """Return the 95th percentile; of less than two, the one."""
    return statistics.quantiles(times, n=20)[18] if len(times) > 1 else times[0]


def _create_p95() -> float:
    caller, times = _caller(), []
    for _ in range(100):
        parent = f"c{CHAPTERS - 1 - len(times)}"
        started = time.perf_counter()
        answer = caller.post(
            f"/stories/{TREE}/chapters/{parent}/children", {"title": "On", "content": TEXT}
        )
        times.append((time.perf_counter() - started) * 1e3)
        if answer.status_code != 201:
            raise RuntimeError(answer.content)
    return _percentile(times)
