"""The plain operations: what goes in comes back, and nothing of it breaks without Redis."""

import sys
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import pytest
from bson import ObjectId
from django.core.management import CommandError, call_command
from structlog.testing import capture_logs

from storychain import redis
from storychain.cache import stats as stats_module
from storychain.cache import values
from storychain.cache.keys import build_key
from storychain.cache.region import Region
from storychain.cache.stats import stats
from storychain.cache.tags import tag


@dataclass
class Plain:
    """A dataclass."""

    name: str
    at: datetime


class Colour(Enum):
    """An enum."""

    RED = "red"


class Level(IntEnum):
    """One whose members are numbers as well."""

    HIGH = 2


class Pair(NamedTuple):
    """A subclass of what can travel."""

    a: int


@dataclass
class Counted:
    """One that its fields do not make."""

    a: int
    b: int = field(init=False, default=0)


class Frozen(msgspec.Struct, frozen=True):
    """A Struct with one inside a list."""

    items: list[Any]


NOW = datetime(2026, 2, 9, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        None,
        0,
        "",
        False,
        1.5,
        "tëxt",
        b"bytes",
        [1, [2]],
        (1, (2,)),
        {1, 2},
        {"a": {"b": None}},
        NOW,
        ObjectId("65c0ffee65c0ffee65c0ffee"),
        datetime(2026, 2, 9, 15, 30),  # noqa: DTZ001 - what has no zone comes back without
        NOW.astimezone(timezone(timedelta(hours=2))),
        NOW.date(),
        NOW.time(),
        timedelta(days=1, milliseconds=1),
        Decimal("1.10"),
        UUID(int=7),
        Colour.RED,
        Level.HIGH,
        {Colour.RED: 1, NOW.date(): 2, (1, 2): frozenset([3]), None: 4, ObjectId("0" * 24): 5},
        Plain("x", NOW),
        Frozen([Plain("y", NOW), ObjectId("65c0ffee65c0ffee65c0ffee")]),
    ],
)
def test_a_value_comes_back_as_what_went_in(value: Any) -> None:
    values.set_value("k", value)
    found = values.get("k", default="nothing")
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "value",
    [object(), Pair(1), defaultdict(int), OrderedDict(a=1), bytearray(b"x"), Counted(1), Plain],
)
@pytest.mark.parametrize("place", [lambda value: value, lambda value: {"deep": [value]}])
def test_what_cannot_travel_is_refused_with_its_type(
    value: object, place: Callable[[object], Any]
) -> None:
    with pytest.raises(TypeError, match=type(value).__name__):
        values.set_value("k", place(value))
    assert values.get_or_set("k", lambda: place(value)) == place(value)
    assert values.get("k") is None


def test_who_asks_for_what_cannot_be_stored_gets_it_and_the_developer_is_told_once() -> None:
    made: list[object] = []

    def factory() -> object:
        made.append(object())
        return made[-1]

    stats_module._counts.clear()
    with capture_logs() as logs:
        assert [values.get_or_set("k", factory, ttl=61) for _ in range(2)] == made
    assert [line["event"] for line in logs if line["log_level"] == "error"] == [
        "this cannot be cached"
    ]
    assert stats()["errors"] == 2
    assert values.get("k") is None


@pytest.mark.parametrize("value", [2**70, "\ud800", {1: object()}, [{"deep": {object()}}]])
def test_a_value_with_a_bad_part_is_the_callers_all_the_same(value: Any) -> None:
    assert values.get_or_set("k", lambda: value) is value
    with pytest.raises(TypeError):
        values.set_value("k", value)


def test_what_is_over_the_cap_is_not_stored(settings: Any) -> None:
    settings.CACHE_LARGEST_BYTES = 1000
    stats_module._counts.clear()
    values.set_value("k", "x" * 1000, ttl=62)
    assert values.get("k") is None
    for _ in range(2):
        assert values.get_or_set("k", lambda: "x" * 1000, ttl=62) == "x" * 1000
    page: Region[str] = Region("large", ttl=60, type=str)
    for _ in range(2):
        assert page.get_or_load("p", tags=[], load=lambda: "x" * 1000).state == "MISS"
    assert stats()["errors"] == 5
    assert page.get_or_load("p", tags=[], load=lambda: "x" * 900).state == "MISS"
    assert page.get_or_load("p", tags=[], load=lambda: "x" * 900).state == "HIT"


NASTY = ["a:b", "*", "k?", "[k]", "k\x00", "k\r\nSET x 1", "é", "e\u0301", "k" * 4096, "", "k"]


def test_no_key_is_another_whatever_it_is_made_of() -> None:
    for name in NASTY:
        values.set_value(name, name)
    assert values.get_many(NASTY) == {name: name for name in NASTY}
    assert values.delete("*", "[k]") == 2
    assert set(values.get_many(NASTY)) == set(NASTY) - {"*", "[k]"}


def test_no_tag_is_another_whatever_it_is_made_of() -> None:
    twins = {"é", "e\u0301"}
    for bumped in NASTY:
        for name in NASTY:
            values.set_value(build_key("t", "v", n=name), 1, tags=[tag("story", name)])
        values.invalidate_tags(tag("story", bumped))
        gone = {n for n in NASTY if values.get(build_key("t", "v", n=n)) is None}
        assert gone == (twins if bumped in twins else {bumped})


def test_many_at_once_and_defaults() -> None:
    values.set_value("a", 1)
    values.set_value("b", None)
    assert values.get_many(["a", "b", "c"]) == {"a": 1, "b": None}
    assert values.get("c") is None
    assert values.get("c", default=5) == 5


def test_many_are_two_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [f"k{n}" for n in range(50)]
    for key in keys:
        values.set_value(key, key, tags=[tag("story", key), tag("story", "s")])
    values.set_value("plain", 1)
    questions, mget = [], redis.mget
    monkeypatch.setattr(redis, "mget", lambda names: questions.append(names) or mget(names))
    assert values.get_many([*keys, "plain", "none"]) == {k: k for k in keys} | {"plain": 1}
    assert len(questions) == 2
    assert values.get("plain") == 1
    assert len(questions) == 3


def test_one_that_cannot_be_read_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in (("a", Plain("x", NOW)), ("b", 1)):
        values.set_value(key, value)
    monkeypatch.delattr(sys.modules[__name__], "Plain")  # as after a deployment without it
    assert values.get_many(["a", "b"]) == {"b": 1}


def test_values_go_stale_with_their_tags() -> None:
    values.set_value("a", 1, tags=[tag("story", "s")])
    values.invalidate_tags(tag("story", "s"))
    assert values.get("a") is None


def test_values_of_another_epoch_are_not_believed() -> None:
    values.set_value("k", 1, tags=[tag("story", "s")])
    assert values.get("k") == 1
    redis.client("cache").set(redis.key("epoch"), b"another!")
    assert values.get("k") is None


def test_a_page_goes_stale_with_the_values_in_it() -> None:
    page: Region[Any] = Region("around", ttl=60, type=Any)
    name = tag("story", "s")

    def read() -> Any:
        return page.get_or_load("p", tags=[], load=lambda: values.get("k")).value

    values.set_value("k", 1, tags=[name])
    assert [read(), read()] == [1, 1]
    values.invalidate_tags(name)
    values.set_value("k", 2, tags=[name])
    assert read() == 2


def test_get_or_set_asks_its_factory_once() -> None:
    calls = []

    def factory() -> Plain:
        calls.append(1)
        return Plain("x", NOW)

    for _ in range(3):
        assert values.get_or_set("k", factory, tags=[tag("story", "s")]) == Plain("x", NOW)
    assert len(calls) == 1
    values.invalidate_tags(tag("story", "s"))
    values.get_or_set("k", factory, tags=[tag("story", "s")])
    assert len(calls) == 2


def test_a_cached_function_is_called_once_for_the_same_arguments() -> None:
    calls = []

    @values.cached(ttl=60, tags=lambda *, slug: [tag("story", slug)])
    def load(*, slug: str) -> str:
        calls.append(slug)
        return slug.upper()

    assert [load(slug="a"), load(slug="a"), load(slug="b")] == ["A", "A", "B"]
    values.invalidate_tags(tag("story", "a"))
    load(slug="a")
    assert calls == ["a", "b", "a"]


def test_delete_and_patterns() -> None:
    for name in ("x:1", "x:2", "y:1"):
        values.set_value(name, 1)
    assert values.delete("y:1", "unknown") == 1
    assert values.delete_pattern("x:*") == 2
    assert values.get_many(["x:1", "x:2", "y:1"]) == {}


def test_an_hour_of_life_is_an_hour_give_or_take_a_tenth() -> None:
    values.set_value("k", 1, ttl=3600)
    assert 3240 <= redis.client("cache").ttl(redis.key("e", "k")) <= 3960


@pytest.mark.parametrize(
    "text", ["a:b", "a=b", "*", "a[b]", "a?b", "ü", "\u0000", "\ud800", "a b", "../x", "x" * 500]
)
def test_no_input_forges_a_key_or_a_glob(text: str) -> None:
    key = build_key("story", "detail", slug=text)
    assert key != build_key("story", "detail", slug="ab")
    assert not set(key) & set("*?[]\\ \n")
    assert key.count(":") == 2
    assert len(key) <= 200


def test_two_normal_forms_of_a_text_are_two_keys_and_one_tag() -> None:
    """What the database tells apart never shares an entry; a write stales whatever may show it."""
    assert build_key("a", "b", q="é") != build_key("a", "b", q="e\u0301")
    assert tag("a", "é") == tag("a", "e\u0301")


def test_parameters_are_sorted_and_none_is_left_out() -> None:
    assert build_key("a", "b", y=1, x="c", z=None) == "a:b:x=c:y=1"


def test_counts_are_summed_and_the_rate_reads_as_in_the_seed() -> None:
    stats_module._counts.clear()  # what other tests read, under another prefix
    assert stats()["hitRate"] == "0%"
    for _ in range(4):
        values.get_or_set("k", lambda: 1)
    figures = stats()
    assert (figures["hits"], figures["misses"], figures["hitRate"]) == (3, 1, "75.0%")
    assert figures["regions"]["values"]["hits"] == 3


def test_operators_see_why_an_entry_is_stale(capsys: pytest.CaptureFixture[str]) -> None:
    values.set_value("story:detail:slug=s", 1, tags=[tag("story", "s")])
    call_command("cache_inspect", "story:detail:slug=s")
    assert "a fresh page" in capsys.readouterr().out
    call_command("cache_invalidate", "story:s")
    call_command("cache_inspect", "story:detail:slug=s")
    assert "stale because story:s was bumped since" in capsys.readouterr().out
    call_command("cache_inspect", "story:s")
    assert "token" in capsys.readouterr().out
    call_command("cache_stats")
    assert "hitRate" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("cache_inspect", ["story:none"]),
        ("cache_invalidate", ["story"]),
        ("cache_invalidate", [":x"]),
    ],
)
def test_commands_refuse_what_they_cannot_do(command: str, words: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command(command, *words)
