"""Every way to fail ends in application/problem+json."""

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings

pytestmark = pytest.mark.urls("tests.integration.edge_urls")
WHERE = ("/api/v1/fail/", "/plain/fail/")
ANYONE = Client(raise_request_exception=False)


def assert_problem(answer: HttpResponse, status: int, code: str | None = None) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Cache-Control"] == "no-store"
    problem: dict[str, Any] = json.loads(answer.content)
    assert problem["status"] == status
    assert problem["title"]
    assert problem["request_id"] == answer["X-Request-ID"]
    assert problem["type"] == f"urn:storychain:problem:{problem['code']}"
    assert code in {None, problem["code"]}
    assert "secret" not in answer.content.decode()
    return problem


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("not-found", 404, "not-found"),
        ("forbidden", 403, "forbidden"),
        ("conflict", 409, "conflict"),
        ("precondition", 412, "precondition-failed"),
        ("invalid", 400, "invalid"),
        ("too-many", 429, "tired"),
        ("unauthenticated", 401, "unauthenticated"),
        ("unavailable", 503, "unavailable"),
        ("http404", 404, "not-found"),
        ("denied", 403, "forbidden"),
        ("suspicious", 400, "bad-request"),
        ("too-big", 413, "body-too-large"),
        ("throttled", 429, "too-many-requests"),
        ("parse-error", 400, "bad-request"),
        ("validation", 400, "invalid"),
        ("mongo-gone", 503, "unavailable"),
        ("mongo-slow", 503, "unavailable"),
        ("mongo-wrapped", 503, "unavailable"),
        ("sql-gone", 503, "unavailable"),
        ("defect", 500, "defect"),
    ],
)
def test_every_condition_has_its_problem(where: str, how: str, status: int, code: str) -> None:
    answer = ANYONE.get(where + how)
    problem = assert_problem(answer, status, code)
    assert problem.get("instance") == where + how
    if status == 503:
        assert int(answer["Retry-After"]) >= 1
    if status == 401:
        assert answer["WWW-Authenticate"] == 'Bearer realm="storychain"'


@pytest.mark.parametrize("where", WHERE)
def test_a_defect_gives_its_request_id_and_nothing_else(where: str) -> None:
    problem = assert_problem(ANYONE.get(f"{where}defect"), 500)
    assert set(problem) == {"type", "title", "status", "code", "instance", "request_id"}


@pytest.mark.parametrize("where", WHERE)
def test_limits_say_when_to_come_again(where: str) -> None:
    assert ANYONE.get(f"{where}too-many")["Retry-After"] == "61"
    assert ANYONE.get(f"{where}throttled")["Retry-After"] == "13"


@pytest.mark.parametrize("where", WHERE)
def test_nested_reasons_are_named_by_path(where: str) -> None:
    errors = assert_problem(ANYONE.get(f"{where}validation"), 400)["errors"]
    assert errors == {"a.1.b": ["why"], "c.0": ["no"], "c.1": ["bad"]}
    errors = assert_problem(ANYONE.get(f"{where}validation-list"), 400)["errors"]
    assert errors == {"body": ["why"]}


@pytest.mark.parametrize("path", ["/nope", "/api/v1/nope", "/api/v1/who/", "/admin", "/ä/%F0%9F"])
def test_unknown_paths(path: str) -> None:
    for method in ("get", "head", "post", "put", "patch", "delete", "options"):
        answer = getattr(ANYONE, method)(path)
        assert answer.status_code == 404
        if method != "head":
            assert_problem(answer, 404, "not-found")


def test_methods_that_a_route_does_not_know() -> None:
    for path in ("/api/v1/echo", "/plain/only-get"):
        answer = ANYONE.delete(path)
        assert_problem(answer, 405, "method-not-allowed")
        assert "GET" in answer["Allow"]
        assert_problem(ANYONE.generic("BREW", path), 405)


def test_an_unknown_method_is_no_matter_of_who_calls() -> None:
    for caller in (ANYONE, Client(headers={"authorization": "Bearer nonsense"})):
        answer = caller.delete("/api/v1/closed")
        assert_problem(answer, 405, "method-not-allowed")
        assert "GET" in answer["Allow"]
    assert_problem(ANYONE.get("/api/v1/closed"), 401)


def test_what_can_only_be_read_says_so_to_callers_without_a_form_token() -> None:
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
    for path in ("/livez", "/readyz", "/health", "/metrics"):
        for method in ("POST", "DELETE", "OPTIONS", "BREW"):
            answer = strict.generic(method, path)
            assert_problem(answer, 405, "method-not-allowed")
            assert set(answer["Allow"].split(", ")) == {"GET", "HEAD"}


def test_head_and_options() -> None:
    head = ANYONE.head("/api/v1/who")
    assert (head.status_code, head.content) == (200, b"")
    assert head["Content-Length"] == ANYONE.get("/api/v1/who")["Content-Length"]
    options = ANYONE.options("/api/v1/echo")
    assert options.status_code == 200
    assert options["Content-Type"] == "application/json"
    assert set(options["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "PATCH", "POST"}


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "text/html;q=0.9"])
def test_only_json_is_served_and_that_is_said_in_json(accept: str) -> None:
    for path in ("/api/v1/who", "/api/v1/fail/not-found"):
        assert_problem(ANYONE.get(path, headers={"accept": accept}), 406, "not-acceptable")
    assert_problem(ANYONE.get("/nope", headers={"accept": accept}), 404)


@pytest.mark.parametrize("accept", ["*/*", "application/*", "text/html, */*;q=0.1", "", ";;", "x"])
def test_other_accept_headers_do_no_harm(accept: str) -> None:
    answer = ANYONE.get("/api/v1/who", headers={"accept": accept})
    assert answer.status_code in {200, 406}
    assert "json" in answer["Content-Type"]


def test_format_is_a_parameter_like_any_other() -> None:
    assert ANYONE.get("/api/v1/who?format=xml").status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/fail/a%00b", "/%01", "/api/v1/%0D%0ASet-Cookie:x"])
def test_control_characters_in_a_path_are_named(path: str) -> None:
    assert "path" in assert_problem(ANYONE.get(path), 400, "bad-path")["errors"]


def test_chunked_bodies_are_refused_not_taken_for_empty() -> None:
    answer = ANYONE.generic("POST", "/api/v1/echo", headers={"transfer-encoding": "chunked"})
    assert_problem(answer, 411, "length-required")


def test_other_hosts_are_refused(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["storychain.test"]
    assert_problem(ANYONE.get("/plain/only-get", headers={"host": "evil.test"}), 400)


def test_too_many_form_fields_and_broken_forms() -> None:
    many = "&".join(f"f{n}=" for n in range(2000))
    form = "application/x-www-form-urlencoded"
    assert_problem(ANYONE.post("/plain/form", many, content_type=form), 400)
    broken = "multipart/form-data; boundary=é"
    assert_problem(ANYONE.post("/plain/form", "x", content_type=broken), 400)
    assert_problem(ANYONE.post("/plain/form", "f=" + "x" * 3_000_000, content_type=form), 413)


def test_a_form_without_its_token_is_refused() -> None:
    strict = Client(enforce_csrf_checks=True)
    assert_problem(strict.post("/plain/form", {"f": "x"}), 403, "csrf")


def test_what_is_quoted_back_is_kept_short() -> None:
    body = {f"k{n}" * 100: "x" for n in range(500)} | {"rating": "x" * 100_000}
    answer = ANYONE.post("/api/v1/echo", json.dumps(body), content_type="application/json")
    assert_problem(answer, 400)
    assert len(answer.content) < 20_000
