"""Health checks: a row for each job, whatever happens to it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.utils import timezone

from apps.maintenance import services
from apps.maintenance.models import HealthCheck
from storychain.errors import Unavailable
from storychain.observability import health
from storychain.observability.health import register_probe
from storychain.schedules.declarations import list_declarations

ALL_BUT_FULL = SimpleNamespace(total=100, free=3)


@pytest.mark.django_db(transaction=True)
def test_a_check_looks_at_every_part_and_is_one_row_however_often_it_is_delivered() -> None:
    now = timezone.now()
    for _ in range(2):
        assert services.record_health(job_id="one", now=now) == []
    check = HealthCheck.objects.get()
    assert check.is_well
    assert {"sql", "mongodb", "disk", "queues", "scheduler"} <= check.parts.keys()
    assert all(part["ms"] >= 0 for part in check.parts.values())


@pytest.mark.django_db(transaction=True)
def test_what_does_not_answer_is_named_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise OSError("no route to host")

    register_probe("crystal ball", broken, needed_for_ready=False)
    try:
        assert services.record_health(job_id="two", now=timezone.now()) == ["crystal ball"]
    finally:
        health._probes.pop("crystal ball")
    check = HealthCheck.objects.get()
    assert (check.is_well, check.failing) == (False, ["crystal ball"])
    assert "no route to host" in check.parts["crystal ball"]["error"]


def test_a_disk_that_is_all_but_full_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    services.probe_disk()
    monkeypatch.setattr(services.shutil, "disk_usage", lambda _: ALL_BUT_FULL)
    with pytest.raises(Unavailable, match="5%"):
        services.probe_disk()


def test_what_runs_by_itself_is_declared() -> None:
    declared = {one.name: (one.job, one.timing) for one in list_declarations()}
    assert declared["health-check"] == ("maintenance.check_health", ("*/5 * * * *", "UTC"))
    assert declared["purge-expired-exports"] == ("exports.purge", ("2-59/5 * * * *", "UTC"))
