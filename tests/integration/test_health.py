"""Liveness, readiness, health and figures, with parts that answer, fail and hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client, override_settings
from pytest_django.fixtures import Settings

from storychain import documents, redis
from storychain.observability import health
from tests.integration.test_problems import assert_problem
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.urls("tests.integration.edge_urls"),
    pytest.mark.django_db(transaction=True),
]
ANYONE = Client(raise_request_exception=False)
Register = Callable[..., None]


@pytest.fixture(autouse=True)
def only_these(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """No parts but those that a test registers, each asked anew."""
    monkeypatch.setattr(health, "_probes", {})
    monkeypatch.setattr(health, "_sections", {})
    settings.HEALTH_SHARED_SECONDS = 0
    settings.HEALTH_PATIENCE_SECONDS = 5


@pytest.fixture
def hanging() -> Iterator[Callable[[], None]]:
    """A part that does not answer before the test ends."""
    end = threading.Event()
    yield lambda: end.wait(30) and None
    end.set()


@pytest.fixture
def staff() -> Client:
    """Somebody of the staff, signed in to the admin."""
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_user("op", is_staff=True))
    return client


def fail() -> None:
    raise OSError("redis://user:swordfish@host:6379 refused")


def test_livez_touches_nothing(hanging: Callable[[], None]) -> None:
    health.register_probe("mongodb", hanging, needed_for_ready=True)
    answer = ANYONE.get("/livez")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_readyz_asks_only_what_this_process_needs() -> None:
    health.register_probe("mongodb", lambda: None, needed_for_ready=True)
    health.register_probe("cache", fail, needed_for_ready=False)
    answer = ANYONE.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "parts": ["mongodb"]}


def test_readyz_names_the_part_that_fails_and_no_more() -> None:
    health.register_probe("mongodb", fail, needed_for_ready=True)
    health.register_probe("sql", health._ask_sql, needed_for_ready=True)
    answer = ANYONE.get("/readyz")
    problem = assert_problem(answer, 503, "not-ready")
    assert problem["errors"] == {"mongodb": ["does not answer"]}
    assert "swordfish" not in answer.content.decode()
    assert "Retry-After" in answer


def test_nobody_waits_for_a_part_that_hangs(
    settings: Settings, hanging: Callable[[], None]
) -> None:
    settings.HEALTH_PATIENCE_SECONDS = 0.2
    health.register_probe("mongodb", hanging, needed_for_ready=True)
    health.register_probe("other", hanging, needed_for_ready=True)
    started = time.monotonic()
    errors = assert_problem(ANYONE.get("/readyz"), 503)["errors"]
    assert errors == {name: ["no answer within 0.2 s"] for name in ("mongodb", "other")}
    for _ in range(20):
        assert ANYONE.get("/readyz").status_code == 503
    assert time.monotonic() - started < 2


def test_a_flood_asks_each_part_once(settings: Settings) -> None:
    settings.HEALTH_SHARED_SECONDS = 60
    calls: list[str] = []
    health.register_probe("mongodb", lambda: calls.append("probe"), needed_for_ready=True)
    health.register_section("queues", lambda: calls.append("section") or [])
    with ThreadPoolExecutor(8) as pool:
        for path in ("/health", "/readyz"):
            answers = list(pool.map(lambda _, p=path: ANYONE.get(p), range(40)))
            assert {answer.status_code for answer in answers} == {200}
    assert sorted(calls) == ["probe", "section"]


def test_health_has_the_shape_of_the_seed_before_anything_stands() -> None:
    answer = ANYONE.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "cache": {"connected": False, "hits": 0, "misses": 0, "hitRate": "0%"},
        "queues": [],
        "scheduler": {"registeredJobs": 0, "nextRun": None},
        "failing": [],
    }


SEED: dict[str, Any] = {
    "cache": {"connected": True, "hits": 15234, "misses": 1023, "hitRate": "93.7%"},
    "queues": [{"name": "email", "waiting": 5, "active": 2, "completed": 1240, "failed": 3}],
    "scheduler": {"registeredJobs": 5, "nextRun": "2026-02-09T15:30:00Z"},
}


def register_seed() -> None:
    health.register_section("cache", lambda: {**SEED["cache"], "regions": {"story": 1}})
    health.register_section("queues", lambda: [{**SEED["queues"][0], "dead": 1}])
    health.register_section("scheduler", lambda: SEED["scheduler"])


def test_anyone_sees_the_seeds_figures_and_staff_what_is_behind_them(staff: Client) -> None:
    register_seed()
    health.register_probe("mongodb", lambda: None, needed_for_ready=True)
    shallow = ANYONE.get("/health").json()
    assert shallow == {"status": "ok", **SEED, "failing": []}
    deep = staff.get("/health").json()
    assert {name: deep[name] for name in shallow} == shallow
    assert deep["details"]["sections"]["cache"]["figures"]["regions"] == {"story": 1}
    assert deep["details"]["probes"]["mongodb"]["error"] == ""


def test_a_part_that_fails_degrades_and_a_needed_one_takes_down(staff: Client) -> None:
    register_seed()
    health.register_probe("cache", fail, needed_for_ready=False)
    health.register_section("queues", fail)
    answer = ANYONE.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "degraded",
        **SEED,
        "queues": [],
        "failing": ["cache", "queues"],
    }
    health.register_probe("mongodb", fail, needed_for_ready=True)
    answer = ANYONE.get("/health")
    assert answer.status_code == 503
    assert answer.json()["status"] == "down"
    deep = staff.get("/health")
    assert "refused" in deep.json()["details"]["probes"]["mongodb"]["error"]
    assert "swordfish" not in deep.content.decode()


@pytest.mark.parametrize("figures", [7, None, [{"waiting": 1}], {"name": "x"}, [{"name": 7}]])
def test_figures_that_make_no_sense_never_break_the_page(figures: Any) -> None:
    health.register_section("queues", lambda: figures)
    answer = ANYONE.get("/health")
    assert answer.status_code == 200
    assert answer.json()["queues"] == []


def test_other_staff_flags_see_no_details() -> None:
    member = Client()
    member.force_login(User.objects.create_user("member"))
    assert "details" not in member.get("/health").json()
    assert "details" not in ANYONE.get("/health", headers={"cookie": "sessionid=x"}).json()


def scrape(client: Client = ANYONE, *, address: str = "127.0.0.1", **headers: str) -> Any:
    return client.get("/metrics", headers=headers, REMOTE_ADDR=address)


def test_metrics_are_for_this_machine_until_a_token_is_set(
    settings: Settings, staff: Client
) -> None:
    settings.METRICS_TOKEN = ""
    assert scrape().status_code == 200
    for stranger in (
        scrape(address="10.1.2.3"),
        scrape(**{"X-Forwarded-For": "10.1.2.3"}),
        scrape(Forwarded="for=10.1.2.3"),
    ):
        assert_problem(stranger, 401)
    assert scrape(staff, address="10.1.2.3").status_code == 200
    settings.METRICS_TOKEN = "scrape-me"
    assert_problem(scrape(), 401)
    assert_problem(scrape(Authorization="Bearer wrong"), 401)
    assert_problem(scrape(Authorization="Bearer é"), 401)
    assert scrape(address="10.1.2.3", Authorization="Bearer scrape-me").status_code == 200


def test_metrics_count_requests_by_route_status_and_cache_state() -> None:
    def counted(line: str) -> float:
        found = [row for row in scrape().content.decode().splitlines() if row.startswith(line)]
        return float(found[0].rpartition(" ")[2]) if found else 0

    labels = 'cache="-",method="GET",route="/api/v1/fail/<str:how>",status="404"}'
    line = "storychain_http_requests_total{" + labels
    before = counted(line)
    ANYONE.get("/api/v1/fail/not-found")
    ANYONE.generic("BREW", "/nowhere")
    assert counted(line) == before + 1
    other = (
        'storychain_http_requests_total{cache="-",method="OTHER",route="(unmatched)",status="404"}'
    )
    assert counted(other) >= 1
    assert counted('storychain_http_request_seconds_count{method="GET"') >= 1


def test_the_platform_itself_needs_mongodb_and_sql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert ANYONE.get("/readyz").json()["parts"] == ["mongodb", "sql"]
    healthy = ANYONE.get("/health").json()
    assert healthy["status"] == "ok", healthy
    assert healthy["cache"]["connected"] is True
    assert {queue["name"] for queue in healthy["queues"]} >= {"email", "export"}


def test_a_cache_that_is_gone_degrades_and_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    redis.disconnect()
    gone = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    with override_settings(CACHES={"default": gone}):
        assert ANYONE.get("/readyz").status_code == 200
        answer = ANYONE.get("/health")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        assert "cache-redis" in answer.json()["failing"]
        assert answer.json()["cache"]["connected"] is False
    wait_until(is_healed, seconds=10)


def test_a_mongodb_that_is_gone_is_named_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    documents.disconnect()
    with override_settings(MONGODB_URI="mongodb://127.0.0.1:1/gone", MONGO_TIMEOUT_MS=200):
        started = time.monotonic()
        answer = ANYONE.get("/readyz")
        told = assert_problem(answer, 503, "not-ready")
        assert told["errors"] == {"mongodb": ["does not answer"]}
        assert ANYONE.get("/livez").status_code == 200
        assert time.monotonic() - started < 2
    wait_until(is_healed, seconds=10)


def is_healed() -> bool:
    """Tell whether all is well again; a probe that was still asking has kept the way to nowhere."""
    redis.disconnect()
    documents.disconnect()
    return bool(ANYONE.get("/health").json()["status"] == "ok")
