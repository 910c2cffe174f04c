"""The API describes itself, completely and from local files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client

from storychain.api import schema
from tests.factories import API
from tests.integration.test_problems import assert_problem

ANYONE = Client(raise_request_exception=False)
SMALL = "tests.integration.schema_urls"
# POSTs that take no Idempotency-Key, by what a repeat does.
KEYLESS = {
    "finds it done, and answers as before": (
        "/notifications/{notification_id}/read",
        "/notifications/read-all",
        "/pulls/{pull_id}/labels",
    ),
    "is refused, as what it leads to is reached": (
        "/appeals/{appeal_id}/decision",
        "/moderation/bans/{user_id}",
        "/pulls/{pull_id}/close",
        "/pulls/{pull_id}/merge",
        "/pulls/{pull_id}/reopen",
        "/reports/{report_id}/decision",
        "/stories/{slug}/archive",
        "/stories/{slug}/bans/{user_id}",
        "/stories/{slug}/chapters/{chapter_slug}/publish",
        "/stories/{slug}/invitation/accept",
        "/stories/{slug}/invitation/decline",
        "/stories/{slug}/publish",
        "/stories/{slug}/unarchive",
    ),
    "is known by the id that its sender gave it": ("/events", "/webhooks/clerk"),
    "counts the time since the last one": ("/reading-history/heartbeat",),
}


@pytest.fixture(autouse=True)
def made_anew() -> Iterator[None]:
    """Each test describes its own routes."""
    schema._document.cache_clear()
    yield
    schema._document.cache_clear()


@pytest.fixture
def described() -> dict[str, Any]:
    return ANYONE.get("/api/v1/schema").json()


@pytest.mark.parametrize("urlconf", ["config.urls", SMALL])
def test_the_description_is_valid_and_warns_of_nothing(urlconf: str) -> None:
    out = StringIO()
    words = ["--validate", "--fail-on-warn", "--urlconf", urlconf]
    call_command("spectacular", *words, stdout=out)
    assert "openapi: 3.1.0" in out.getvalue()


@pytest.mark.urls(SMALL)
def test_answers_are_described_from_their_structs(described: dict[str, Any]) -> None:
    works = described["paths"]["/api/v1/works"]
    shapes = described["components"]["schemas"]
    listed = works["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    name = listed["$ref"].removeprefix("#/components/schemas/")
    assert set(shapes[name]["properties"]) == {"items", "next_cursor", "has_more"}
    assert shapes[name]["properties"]["items"]["items"] == {"$ref": "#/components/schemas/Card"}
    assert set(shapes["Card"]["required"]) == {"slug", "author", "tags", "published_at"}
    assert "Author" in shapes
    assert {"limit", "cursor", "tag"} <= {asked["name"] for asked in works["get"]["parameters"]}
    assert "Link" in works["get"]["responses"]["200"]["headers"]
    assert "parameters" not in works["post"]
    assert list(works["post"]["responses"]) == ["201", "default"]
    assert "Everything" in str(works["post"]["requestBody"])


@pytest.mark.urls(SMALL)
def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    for name in set(re.findall(r"#/components/(\w+/[\w.-]+)", str(described))):
        kind, _, item = name.partition("/")
        assert item in described["components"][kind], name


@pytest.mark.urls(SMALL)
def test_problems_the_cache_and_how_to_sign_in_are_described(described: dict[str, Any]) -> None:
    works = described["paths"]["/api/v1/works"]
    problem = described["components"]["responses"]["Problem"]["content"]
    assert problem["application/problem+json"]["schema"]["$ref"].endswith("/Problem")
    for operation in works.values():
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}
    assert "X-Cache" in works["get"]["responses"]["200"]["headers"]
    assert described["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert {} in works["get"]["security"]
    assert works["post"]["security"] == [{"bearer": []}]


@pytest.mark.urls(SMALL)
def test_the_description_is_static() -> None:
    first = ANYONE.get("/api/v1/schema")
    assert first["Content-Type"] == "application/json"
    again = ANYONE.get("/api/v1/schema", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    strict = Client(enforce_csrf_checks=True)
    assert_problem(strict.post("/api/v1/schema"), 405)


@pytest.mark.urls(SMALL)
@pytest.mark.parametrize("page", ["docs", "redoc"])
def test_the_pages_are_made_of_local_files(page: str) -> None:
    answer = ANYONE.get(f"/api/v1/{page}", headers={"accept": "text/html"})
    assert answer.status_code == 200
    assert_problem(ANYONE.options(f"/api/v1/{page}"), 405)
    html = answer.content.decode()
    assert "/api/v1/schema" in html or "./schema" in html
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", html)
    static = re.findall(r"""["']/static/([^"']+)""", html)
    assert static
    assert all(finders.find(path) for path in static)


def test_every_post_that_creates_takes_a_key(described: dict[str, Any]) -> None:
    posts = {
        path.removeprefix(API): [
            asked["name"] for asked in operations["post"].get("parameters", ())
        ]
        for path, operations in described["paths"].items()
        if "post" in operations
    }
    unkeyed = {path for path, asked in posts.items() if "Idempotency-Key" not in asked}
    assert unkeyed == {path for paths in KEYLESS.values() for path in paths}
