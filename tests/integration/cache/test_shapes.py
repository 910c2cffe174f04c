"""A deploy that changes a page's shape: the old entry is a miss, never an error or an old shape."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import pytest
from django.core.management import call_command

from storychain import redis
from storychain.cache import shapes, values
from storychain.cache.inspecting import inspect_entry
from storychain.cache.region import Cached, Region
from storychain.cache.tags import tag

PRINT = """
import msgspec
from typing import Literal
from storychain.cache.shapes import shape_of
class Inner(msgspec.Struct):
    kind: Literal["b", "a", "c"]
    numbers: set[int] = set()
class Page(msgspec.Struct):
    inner: list[Inner]
    by_name: dict[str, Inner | None] = {}
print(shape_of(Page))
"""


def struct(**fields: Any) -> type[msgspec.Struct]:
    """Return one version of a page."""
    named = [(name, *of) if isinstance(of, tuple) else (name, of) for name, of in fields.items()]
    return msgspec.defstruct("Page", named)


class Deep(msgspec.Struct):
    """What stands in a page."""

    x: int


def read(region: Region[Any], page: Any) -> Cached[Any]:
    """Read the same key, wherever it is read from."""
    return region.get_or_load("page:of=x", tags=[tag("story", "x")], load=lambda: page)


OLD = struct(a=int)
NEW = {
    "a required field more": (struct(a=int, b=str), {"a": 2, "b": "x"}),
    "a field with a default more": (struct(a=int, b=(str, "x")), {"a": 2}),
    "another name": (struct(c=int), {"c": 2}),
    "another type": (struct(a=str), {"a": "2"}),
    "another type that reads the old": (struct(a=float), {"a": 2.5}),
    "a deeper change": (struct(a=int, deep=list[Deep]), {"a": 2, "deep": []}),
}


@pytest.mark.parametrize(("kind", "fields"), NEW.values(), ids=NEW)
def test_a_new_shape_is_a_miss_and_both_versions_keep_their_page(
    kind: type[msgspec.Struct], fields: dict[str, Any]
) -> None:
    before: Region[Any] = Region("page", ttl=60, type=OLD)
    after: Region[Any] = Region("page", ttl=60, type=kind)
    old, new = OLD(a=1), kind(**fields)
    assert [read(before, old).state for _ in range(2)] == ["MISS", "HIT"]
    assert [read(after, new).state for _ in range(2)] == ["MISS", "HIT"]
    assert read(after, new).value == new
    assert (read(before, old).state, read(before, old).value) == ("HIT", old)
    values.invalidate_tags(tag("story", "x"))  # a write stales both
    assert read(before, old).state == read(after, new).state == "MISS"


def test_the_same_shape_is_a_hit_in_every_process() -> None:
    first: Region[Any] = Region("page", ttl=60, type=struct(a=int))
    again: Region[Any] = Region("page", ttl=60, type=struct(a=int))
    page = OLD(a=1)
    assert [read(region, page).state for region in (first, again)] == ["MISS", "HIT"]
    runs = [
        subprocess.run(
            [sys.executable, "-c", PRINT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1] != ""


def test_a_shape_is_in_no_key_that_anything_could_build() -> None:
    assert shapes.shape_of(Any) == ""
    assert shapes.shape_of(int) != shapes.shape_of(str)
    assert shapes.shape_of(Literal["a"]).startswith(shapes.MARK)


def test_operators_find_a_page_without_its_shape(capsys: pytest.CaptureFixture[str]) -> None:
    region: Region[Any] = Region("page", ttl=60, type=OLD)
    read(region, OLD(a=1))
    entry = inspect_entry("page:of=x")
    assert entry is not None
    assert entry.key == "page:of=x" + shapes.shape_of(OLD)
    assert entry.reasons == []
    call_command("cache_inspect", "page:of=x")
    assert "a fresh page" in capsys.readouterr().out
    assert values.delete_pattern("page:*") == 1


@dataclass
class Record:
    """A value as it is now; each test gives it another shape."""

    a: int


@pytest.mark.parametrize(
    "kind", [Record, msgspec.defstruct("Record", [("a", int)], module=__name__)]
)
def test_a_value_of_another_shape_is_a_miss_and_never_an_error(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules[__name__]
    monkeypatch.setattr(module, "Record", kind)
    values.set_value("k", [kind(a=1)])
    assert values.get("k") == [kind(a=1)]

    @dataclass
    class Newer:
        a: int
        b: int

    Newer.__qualname__ = "Record"
    monkeypatch.setattr(module, "Record", Newer)
    assert values.get("k", default="none") == "none"
    assert values.get_or_set("k", lambda: [Newer(1, 2)]) == [Newer(1, 2)]
    assert values.get_or_set("k", lambda: 0) in (0, [Newer(1, 2)])
    assert redis.client("cache").exists(redis.key("e", "k"))
    assert values.get_or_set("k", lambda: 1) == values.get("k")
