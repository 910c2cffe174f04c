"""Answers that do not come from a cached page as they are."""

import msgspec

from storychain.api.responses import (
    accepted_response,
    created_response,
    empty_response,
    json_response,
)
from storychain.cache.keys import build_key
from storychain.cache.region import Region
from tests.factories import Caller, published_story, sign_in


class Work(msgspec.Struct):
    """A page."""

    slug: str
    body: str = "its own field of this name"


WORK = Work("the-lamp")
REGION = Region("test.responses", ttl=60, type=Work)


def test_a_struct_and_a_cached_page_are_sent_alike_to_one_caller_alone() -> None:
    cached = REGION.get_or_load(build_key("test", "work"), tags=[], load=lambda: WORK)
    for page in (WORK, cached):
        answer = json_response(page)
        assert msgspec.json.decode(answer.content, type=Work) == WORK
        assert answer["Content-Type"] == "application/json"
        assert answer["Cache-Control"] == "private, no-store"
        assert answer["X-Cache"] == "BYPASS"


def test_what_was_made_or_taken_on_says_where_it_is() -> None:
    for response, status in ((created_response, 201), (accepted_response, 202)):
        answer = response(WORK, location="/api/v1/works/the-lamp")
        assert (answer.status_code, answer["Location"]) == (status, "/api/v1/works/the-lamp")
        assert b"the-lamp" in answer.content


def test_nothing_to_show() -> None:
    assert (empty_response().status_code, empty_response().content) == (204, b"")
    assert "Content-Type" not in empty_response()


def test_a_list_links_its_next_page_until_there_is_none() -> None:
    author, anyone = sign_in(), Caller()
    for _ in range(2):
        published_story(author)
    first = anyone.get("/stories?limit=1")
    target = first["Link"].removesuffix('>; rel="next"').removeprefix("</api/v1")
    second = anyone.get(target)
    assert first.json()["items"] != second.json()["items"] != []
    assert "Link" not in second
