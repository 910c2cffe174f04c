"""Bodies and query parameters: whatever is wrong is a 400 that names the place, never a 500."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.test_problems import assert_problem

pytestmark = pytest.mark.urls("tests.integration.edge_urls")
ANYONE = Client(raise_request_exception=False)
JSON = "application/json"
FIELDS = [
    "title",
    "settings",
    "genres",
    "depth",
    "choices",
    "text",
    "rating",
    "at",
    "score",
    "link",
]
NAMES = st.sampled_from(FIELDS) | st.text(max_size=4)
QUERY = ["tag", "flag", "many", "limit", "cursor", "page"]


def send(body: object, *, method: str = "POST", content_type: str = JSON) -> HttpResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ANYONE.generic(method, "/api/v1/echo", raw, content_type=content_type)


def test_a_good_body_comes_through() -> None:
    body = {"title": "Déjà vu 🙂", "settings": {"genres": ["a\tb\nc"], "depth": 3}}
    assert send(body).json() == body
    assert send(body, content_type="application/json; charset=utf-8").json() == body
    assert send({}, method="PATCH").json() == {}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"", "title"),
        (b"{}", "title"),
        (b"null", "body"),
        (b"[]", "body"),
        (b"7", "body"),
        (b'"text"', "body"),
        (b"{", "body"),
        (b"{}x", "body"),
        (b"{'title': 1}", "body"),
        (b'{"title": "abc",}', "body"),
        (b"\xef\xbb\xbf{}", "body"),
        (b'{"title": "\xff"}', "body"),
        (b"\x00", "body"),
        (b'{"title": "a\x00b"}', "body"),
        (b'{"title": "a\nb"}', "body"),
        (b'{"title": "abc", "title": "abd"}', "title"),
        (b'{"title": "abc", "settings": {"depth": 1, "depth": 2}}', "settings.depth"),
        (b'{"title": "abc", "choices": [{"text": "a", "text": "b"}]}', "choices.0.text"),
        (b'{"title": "abc", "score": NaN}', "score"),
        (b'{"title": "abc", "score": -Infinity}', "score"),
        (b'{"title": "abc", "score": 1e999}', "score"),
        (b'{"title": "abc", "settings": {"depth": 9223372036854775808}}', "settings.depth"),
        (b'{"title": "abc", "settings": {"depth": ' + b"9" * 9000 + b"}}", "settings.depth"),
        (b'{"title": "a\\u0000b"}', "title"),
        (b'{"title": "a\\u0007b"}', "title"),
        (b'{"title": "a\\u007fb"}', "title"),
        (b'{"title": "a\\ud800b"}', "title"),
        (b'{"title": "a\\uffffb"}', "title"),
        (b'{"title": "abc", "settings": {"genres": ["x", "\\u0000"]}}', "settings.genres.1"),
        (b'{"title": "abc", "a\\u0000b": 1}', "body"),
        (b'{"title": "abc", "settings": {"\\udfff": 1}}', "settings"),
        (b"[" * 100_000, "body"),
        (b'{"a":' * 100_000, "body"),
        (b'{"title": ' + b"[" * 40 + b"]" * 40 + b"}", "title" + ".0" * 32),
    ],
)
def test_bodies_that_are_not_plain_json(body: bytes, place: str) -> None:
    assert place in assert_problem(send(body), 400)["errors"]


OPERATORS: list[Any] = [{"$ne": ""}, {"$gt": ""}, {"$where": "1"}, [{"$ne": 1}], [], None, True]


@pytest.mark.parametrize("value", OPERATORS)
@pytest.mark.parametrize(
    "place",
    ["title", "settings.genres.0", "settings.depth", "rating", "at", "link", "choices.0.text"],
)
def test_operators_are_type_errors_in_any_place(place: str, value: Any) -> None:
    body: dict[str, Any] = {"title": "abc", "settings": {}, "choices": [{"text": "a"}]}
    target: Any = body
    *steps, last = place.split(".")
    if place.startswith("settings.genres"):
        body["settings"]["genres"] = [value]
    else:
        for step in steps:
            target = target[int(step) if step.isdigit() else step]
        target[last] = value
    errors = assert_problem(send(body), 400)["errors"]
    assert any(named == place or named.startswith(f"{place}.") for named in errors), errors


@pytest.mark.parametrize("value", [{"$ne": ""}, [1], "x", 7, None, True])
@pytest.mark.parametrize("place", ["settings", "choices"])
def test_objects_and_lists_must_be_such(place: str, value: Any) -> None:
    named = assert_problem(send({"title": "abc", place: value}), 400)["errors"]
    assert any(name.split(".")[0] == place for name in named)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_nobody_asked_for_is_refused_by_name_at_any_depth(method: str) -> None:
    body = {
        "title": "abc",
        "owner": 1,
        "settings": {"is_admin": True, "genres": ["a"]},
        "choices": [{"text": "a"}, {"text": "b", "href": "c"}],
        "$set": {"a": 1},
    }
    errors = assert_problem(send(body, method=method), 400)["errors"]
    assert set(errors) == {"owner", "settings.is_admin", "choices.1.href", "$set"}


@pytest.mark.parametrize(
    "many", [[1] * 10_001, {f"k{n}": 1 for n in range(10_001)}, [[1] * 99] * 999]
)
def test_a_body_of_too_many_values_is_refused_before_any_is_looked_at(many: object) -> None:
    problem = assert_problem(send({"title": "abc", "settings": {"genres": many}}), 400, "bad-json")
    assert problem["errors"] == {"body": ["It holds more than 10,000 values."]}


def test_as_many_values_as_a_batch_needs_are_looked_at() -> None:
    errors = assert_problem(send({"title": "abc", "score": [1] * 9_000}), 400, "invalid")["errors"]
    assert set(errors) == {"score"}


def test_a_bad_parameter_is_not_blamed_on_the_body() -> None:
    assert_problem(ANYONE.get("/api/v1/echo?tag=a%00b"), 400, "invalid")


def test_every_fault_is_named_at_once() -> None:
    body = {"settings": {"depth": 0, "x": 1, "genres": ["a", 1, "y" * 11]}, "rating": "none"}
    errors = assert_problem(send(body), 400)["errors"]
    assert set(errors) == {
        "title",
        "settings.depth",
        "settings.x",
        "settings.genres.1",
        "settings.genres.2",
        "rating",
    }


def test_size_is_limited() -> None:
    fits = b'{"title": "abc"' + b" " * (1_000_000 - 16) + b"}"
    assert send(fits).status_code == 200
    assert_problem(send(fits + b" "), 413, "body-too-large")
    assert_problem(send(b"[" + b"1," * 2_000_000 + b"1]"), 413, "body-too-large")


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/xml", "multipart/form-data; boundary=x", "x", "application/*x"],
)
def test_other_media_types_are_refused(content_type: str) -> None:
    answer = send({"title": "abc"}, content_type=content_type)
    assert_problem(answer, 415)
    assert answer["Accept"] == "application/json"


def test_compressed_bodies_are_refused() -> None:
    answer = ANYONE.generic(
        "POST", "/api/v1/echo", b"{}", content_type=JSON, headers={"content-encoding": "gzip"}
    )
    assert_problem(answer, 415)
    assert answer["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("page=2", "page"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=1.5", "limit"),
        ("limit=x", "limit"),
        ("limit=%EF%BC%91", "limit"),
        ("limit=1&limit=2", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("cursor=a&cursor=b", "cursor"),
        ("tag=a&tag=b", "tag"),
        ("tag=" + "x" * 11, "tag"),
        ("tag=a%00b", "tag"),
        ("tag=a%07b", "tag"),
        ("many=a&many=b%00", "many.1"),
        ("flag=perhaps", "flag"),
    ],
)
def test_bad_parameters_are_named(query: str, place: str) -> None:
    answer = ANYONE.get(f"/api/v1/echo?{query}")
    assert place in assert_problem(answer, 400)["errors"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {}),
        ("tag=", {}),
        ("utm_source=x&tag=sea", {"tag": "sea"}),
        ("flag=true", {"flag": True}),
        ("many=a&many=b", {"many": ["a", "b"]}),
        ("tag=%FF", {"tag": "\ufffd"}),
        ("tag[$ne]=x", {}),
    ],
)
def test_good_parameters_come_through(query: str, found: dict[str, Any]) -> None:
    answer = ANYONE.get(f"/api/v1/echo?{query}&limit=7")
    assert answer.json() == {"limit": 7, "cursor": None, **found}


def test_the_next_page_is_linked() -> None:
    answer = ANYONE.get("/api/v1/linked?tag=a b&limit=5&cursor=old")
    assert answer["Link"] == '</api/v1/linked?tag=a+b&limit=5&cursor=a.b>; rel="next"'


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(NAMES, ANYTHING, max_size=6) | ANYTHING)
def test_no_json_whatsoever_breaks_the_edge(body: object) -> None:
    answer = send(body)
    assert answer.status_code in {200, 400}, answer.content
    if answer.status_code == 400:
        assert assert_problem(answer, 400)["errors"]


@given(st.binary(max_size=64))
def test_no_bytes_whatsoever_break_the_edge(body: bytes) -> None:
    assert send(body).status_code in {200, 400}


@given(st.lists(st.tuples(st.sampled_from([*QUERY, "x"]), st.text(max_size=8)), max_size=4))
def test_no_query_whatsoever_breaks_the_edge(pairs: list[tuple[str, str]]) -> None:
    query = urlencode(pairs, errors="surrogatepass")
    assert ANYONE.get(f"/api/v1/echo?{query}").status_code in {200, 400}


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=40))
def test_no_authorization_whatsoever_breaks_the_edge(header: str) -> None:
    for sent in (header, f"Bearer {header}", f"Bearer e30.{header}.AAAA"):
        answer = ANYONE.get("/api/v1/who", headers={"authorization": sent})
        assert answer.status_code in {200, 401}
