"""The probe that operators leave running finds nothing, and something when something is wrong."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from storychain.cache import tags
from storychain.cache.probing import PAGES, Probe, ProbeFigures, Prober
from storychain.documents import ensure_indexes


@pytest.fixture(autouse=True)
def indexes() -> None:
    ensure_indexes()


def figures() -> dict[str, float]:
    return {
        sample.name: sample.value
        for family in ProbeFigures().collect()
        for sample in family.samples
        if sample.labels["probe"] == "one"
    }


def test_a_whole_cache_passes() -> None:
    one, other = Prober("one"), Prober("other")
    for _ in range(3):
        assert one.probe() == other.probe() == []
    assert (one.reads, other.reads) == (4, 5)
    assert Probe.objects.get(name="one").value == 3
    assert figures()["storychain_cache_probe_violations_total"] == 0
    assert figures()["storychain_cache_probe_reads_total"] == 2


@pytest.mark.django_db
def test_a_cache_that_does_not_bump_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Prober("one")
    one.probe()
    with monkeypatch.context() as patch:
        patch.setattr(tags, "begin", lambda *_, **__: None)
        patch.setattr(tags, "end", lambda *_, **__: None)
        assert one.probe() == ["one was 2 and is shown as 1"]
    assert one.probe() == []
    assert figures()["storychain_cache_probe_violations_total"] == 1
    shown = Client(REMOTE_ADDR="127.0.0.1").get("/metrics").content.decode()
    assert 'storychain_cache_probe_violations_total{probe="one"} 1.0' in shown


def test_a_page_that_goes_back_in_time_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = Prober("one"), Prober("other")
    for prober in (other, other, one, one):
        prober.probe()
    get_or_load = PAGES.get_or_load

    def old(key: str, **how: Any) -> Any:
        found = get_or_load(key, **how)
        if "other" in key:
            found.body = b"1"
        return found

    monkeypatch.setattr(PAGES, "get_or_load", old)
    assert one.probe() == ["other was 2 and is shown as 1"]


def test_the_command_sums_up() -> None:
    out = StringIO()
    call_command("cache_probe", interval=0.01, count=3, stdout=out)
    assert out.getvalue() == "3 reads, 0 of them showed the past.\n"
    with pytest.raises(CommandError, match="above 0"):
        call_command("cache_probe", interval=0)
