"""How much a caller may ask for in a minute: exactly so much, by class, and nobody for another."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client
from django.urls import URLPattern
from pytest_django.fixtures import Settings

from apps.emails.links import unsubscribe_url
from apps.stories.views import StoryDetail
from config.env import RATES
from storychain import redis
from storychain.api.minutes import LOCAL
from storychain.api.rates import Rate, rate_of
from storychain.api.throttling import LIMITED, CallerThrottle
from storychain.wires import Wire
from tests.factories import Caller, published_story, sign_in
from tests.integration.test_problems import assert_problem
from tests.routes import patterns

TOO_MANY = HTTPStatus.TOO_MANY_REQUESTS
# One route of each class, of which nothing is there: what counts is that it was asked for.
ASKED = {
    Rate.PUBLIC_READ: ("GET", "/stories/none"),
    Rate.SIGNED_IN_READ: ("GET", "/stories/none"),
    Rate.WRITE: ("PATCH", "/stories/none"),
    Rate.PUBLIC_WRITE: ("POST", "/events"),
    Rate.FAST_WRITE: ("PUT", "/autosaves"),
    Rate.REACTION: ("PUT", "/pulls/none/vote"),
    Rate.CRITICAL: ("DELETE", "/stories/none"),
    Rate.WEBHOOK: ("POST", "/webhooks/clerk"),
}
ANONYMOUS = (Rate.PUBLIC_READ, Rate.PUBLIC_WRITE, Rate.WEBHOOK)
WRITING = ("post", "put", "patch", "delete")


@pytest.fixture
def few(settings: Settings) -> Iterator[int]:
    """Let everybody have three of each class in a minute."""
    settings.RATE_LIMITS = dict.fromkeys(Rate, 3)
    LOCAL.clear()
    yield 3
    LOCAL.clear()


def ask(caller: Caller, rate: Rate) -> Any:
    return caller.send(*ASKED[rate])


def caller_of(rate: Rate) -> Caller:
    return Caller() if rate in ANONYMOUS else sign_in()


def _is_class(one: URLPattern) -> bool:
    return hasattr(one.callback, "view_class")


def test_every_view_that_writes_says_of_which_class_that_is() -> None:
    """Give it `rate = Rate.WRITE` (storychain/api/rates.py) or what else fits."""
    without = [
        (one.name, verb)
        for one in patterns()
        for verb in WRITING
        if hasattr(view := getattr(one.callback, "view_class", None), verb)
        and not (hasattr(view, "rate") and isinstance(rate_of(view, verb), Rate))
    ]
    plain = [
        one.name
        for one in patterns()
        if not hasattr(one.callback, "view_class") and not hasattr(one.callback, "rate")
    ]
    assert without + plain == []
    views = [(one.name, one.callback.view_class) for one in patterns() if _is_class(one)]
    assert [n for n, view in views if view.throttle_classes != [CallerThrottle]] == []
    by_name = {
        name: view.rate for name, view in views if isinstance(getattr(view, "rate", 0), dict)
    }
    for name, rates in by_name.items():
        view = dict(views)[name]
        assert set(rates) == {verb for verb in WRITING if hasattr(view, verb)}, name


def test_the_figures_stand_in_one_table() -> None:
    assert set(Rate) == set(RATES) == set(configured.RATE_LIMITS)


@pytest.mark.parametrize("rate", Rate)
def test_so_many_of_a_class_and_no_more(few: int, rate: Rate) -> None:
    caller = caller_of(rate)
    before = LIMITED.labels(rate)._value.get()
    redis.client("cache").delete(*(redis.client("cache").keys(redis.key("r", "*")) or ["-"]))
    for left in (2, 1, 0):
        answer = ask(caller, rate)
        assert answer.status_code != TOO_MANY, answer.content
        assert answer["RateLimit-Policy"] == f'"{rate}";q=3;w=60'
        assert answer["RateLimit"].startswith(f'"{rate}";r={left};t=')
    for _ in range(2):
        refused = ask(caller, rate)
        problem = assert_problem(refused, 429)
        assert (problem["code"], problem["detail"]) == (
            "rate-limited",
            f"At most 3 requests of the class {rate} in a minute.",
        )
        assert 55 <= int(refused["Retry-After"]) <= 60
        assert refused["RateLimit"] == f'"{rate}";r=0;t={refused["Retry-After"]}'
        assert refused["Cache-Control"] == "no-store"
    assert LIMITED.labels(rate)._value.get() == before + 2


def test_what_one_has_asked_for_is_not_counted_for_another(few: int) -> None:
    first, second = sign_in(), sign_in()
    for _ in range(few + 1):
        used = ask(first, Rate.WRITE)
    assert used.status_code == TOO_MANY
    assert ask(second, Rate.WRITE).status_code != TOO_MANY
    assert ask(first, Rate.FAST_WRITE).status_code != TOO_MANY, "a class of its own"
    assert ask(Caller(first.user_id), Rate.WRITE).status_code == TOO_MANY, "in another session"


@pytest.mark.parametrize("rate", [Rate.SIGNED_IN_READ, Rate.WRITE])
def test_of_many_at_once_exactly_so_many_are_answered(settings: Settings, rate: Rate) -> None:
    caller = sign_in()
    settings.RATE_LIMITS = dict.fromkeys(Rate, 30)
    redis.client("cache").delete(redis.key("r", rate, str(caller.user_id)))
    with ThreadPoolExecutor(20) as pool:
        callers = [Caller(caller.user_id) for _ in range(60)]
        answers = list(pool.map(lambda one: ask(one, rate), callers))
    within = [a for a in answers if a.status_code != TOO_MANY]
    assert len(within) == 30
    left = sorted(int(a["RateLimit"].split(";r=")[1].split(";")[0]) for a in within)
    assert left == list(range(30)), "nobody is told what another was"


def test_a_minute_has_its_end_even_if_the_server_lost_it(few: int) -> None:
    caller = sign_in()
    key = redis.key("r", Rate.WRITE, str(caller.user_id))
    redis.client("cache").set(key, 1)  # counted, and died before its end was set
    assert ";r=1;t=60" in ask(caller, Rate.WRITE)["RateLimit"]
    assert 59_000 < redis.client("cache").pttl(key) <= 60_000


def test_a_new_minute_is_a_new_count(few: int) -> None:
    caller = sign_in()
    for _ in range(few):
        ask(caller, Rate.WRITE)
    redis.client("cache").pexpire(redis.key("r", Rate.WRITE, str(caller.user_id)), 1)
    LOCAL.clear()
    while redis.client("cache").exists(redis.key("r", Rate.WRITE, str(caller.user_id))):
        pass
    assert ";r=2;" in ask(caller, Rate.WRITE)["RateLimit"]


def test_who_is_over_his_limit_is_refused_without_asking_redis_again(few: int) -> None:
    caller = sign_in()
    key = redis.key("r", Rate.WRITE, str(caller.user_id))
    for _ in range(few + 5):
        ask(caller, Rate.WRITE)
    assert int(redis.client("cache").get(key)) == few + 1


def test_a_cached_page_that_was_one_too_many_is_not_sent(
    few: int, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, Rate.SIGNED_IN_READ: 100, Rate.WRITE: 100}
    story, _ = published_story(sign_in())
    answers = [Caller().get(f"/stories/{story}") for _ in range(few + 2)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429, 429]
    assert answers[2]["X-Cache"] == "HIT"
    assert "X-Cache" not in answers[3]
    fetched: list[Any] = []  # of who is known to be over nothing is
    monkeypatch.setattr(StoryDetail, "get", lambda *asked, **_: fetched.append(asked))
    refused = Caller().get(f"/stories/{story}")
    assert (refused.status_code, refused["RateLimit"].split(";")[1], fetched) == (429, "r=0", [])


def test_while_redis_is_away_each_process_counts_by_itself(
    few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = sign_in()
    monkeypatch.setattr(redis.breaker("cache"), "allows", lambda: False)
    for rate in (Rate.WRITE, Rate.SIGNED_IN_READ):
        answers = [ask(person, rate) for _ in range(few + 1)]
        assert [a.status_code == TOO_MANY for a in answers] == [False] * 3 + [True], rate
        assert ";r=0;" in answers[2]["RateLimit"]
    refused = ask(person, Rate.CRITICAL)
    assert assert_problem(refused, 503)["code"] == "uncounted"
    assert "Retry-After" in refused


def test_a_server_that_breaks_off_in_mid_count_is_away(
    few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = sign_in()

    ask(person, Rate.WRITE)  # has him known to the cache
    redis.client("cache").delete(redis.key("r", Rate.WRITE, str(person.user_id)))
    read, stalled = Wire._read, set()

    def stall(wire: Wire, count: int) -> list[Any]:
        if count == 3 and wire not in stalled:  # the three commands of a count
            stalled.add(wire)
            raise TimeoutError
        return read(wire, count)

    monkeypatch.setattr(Wire, "_read", stall)
    monkeypatch.setattr(redis, "note_failure", lambda *_: None)
    assert [ask(person, Rate.WRITE).status_code for _ in range(4)] == [404, 404, 404, 429]
    assert ask(person, Rate.CRITICAL).status_code == 503


@pytest.mark.parametrize(
    ("proxies", "passed_on", "is_shared"),
    [
        (0, ("10.0.0.1", "10.0.0.2"), True),  # anybody can write the header
        (1, ("6.6.6.6, 10.0.0.1", "7.7.7.7, 10.0.0.1"), True),  # as what he claims to be
        (1, ("10.0.0.1", "10.0.0.2"), False),
        (2, ("10.0.0.1, 10.1.1.1", "10.0.0.2, 10.1.1.1"), False),
        (2, ("10.0.0.1", "10.0.0.2"), True),  # did not come by both
        (1, ("10.0.0.1:4711", "10.0.0.1:4712"), True),  # a proxy that tells ports
        (1, ("10.0.0.1:4711", "10.0.0.2:4711"), False),
        (1, ("[2001:db8::1]:1", "2001:db8::1"), True),
        (1, ("2001:db8::1", "2001:db8::2"), True),  # one household
        (1, ("2001:db8:0:1::1", "2001:db8:0:2::1"), False),
        (1, ("::ffff:10.0.0.1", "10.0.0.1"), True),
        (1, ("unknown", "x\x01"), True),
    ],
)
def test_whose_address_counts(
    few: int, settings: Settings, proxies: int, passed_on: tuple[str, str], is_shared: bool
) -> None:
    settings.TRUSTED_PROXIES = proxies
    for _ in range(few + 1):
        Client().get("/api/v1/stories/none", headers={"X-Forwarded-For": passed_on[0]})
    other = Client().get("/api/v1/stories/none", headers={"X-Forwarded-For": passed_on[1]})
    assert (other.status_code == TOO_MANY) is is_shared


def test_plain_views_are_counted_and_probes_are_not(few: int) -> None:
    schema = [Client().get("/api/v1/schema") for _ in range(few + 1)]
    assert [one.status_code for one in schema] == [200, 200, 200, 429]
    assert all(Client().get("/livez").status_code == 200 for _ in range(few + 2))


def test_a_link_to_unsubscribe_counts_by_whose_it_is(few: int) -> None:
    def follow(user_id: str) -> int:
        url = unsubscribe_url(user_id=user_id).removeprefix("http://localhost:8000")
        return int(Client().post(url).status_code)

    assert [follow(f"user_{n}") for n in range(few + 1)] == [200] * (few + 1)
    assert [follow("user_0") for _ in range(few)] == [200] * (few - 1) + [TOO_MANY]
    forged = [Client().post("/api/v1/emails/unsubscribe/x").status_code for _ in range(few + 1)]
    assert forged == [404] * few + [TOO_MANY]


def test_a_forced_merge_is_critical(few: int) -> None:
    person = sign_in()
    answers = [person.post("/pulls/none/merge", {"force": True}) for _ in range(3)]
    assert answers[2]["RateLimit-Policy"] == '"critical";q=3;w=60'


@pytest.mark.parametrize("path", ["/admin/login/", "/admin/password-reset/"])
def test_passwords_of_staff_are_not_guessed_and_mailed_without_end(few: int, path: str) -> None:
    answers = [Client().post(path, {}) for _ in range(few + 1)]
    assert [one.status_code for one in answers] == [200] * few + [TOO_MANY]
    assert Client().get(path).status_code == 200, "a page is a read"


def test_who_is_refused_for_himself_is_told_of_no_limit_and_uses_none_up(few: int) -> None:
    for _ in range(few + 1):
        anonymous = Caller().post("/stories", {})
        forged = Caller().get("/stories", Authorization="Bearer forged")
        assert (anonymous.status_code, forged.status_code) == (401, 401)
        assert "RateLimit" not in anonymous
    assert Caller().get("/stories").status_code == 200
