"""The lists of what somebody works on: his own stories and those whose team he is in."""

from __future__ import annotations

import pytest

from apps.stories.documents import Story
from tests.factories import (
    Caller,
    invite,
    join,
    publish,
    published_story,
    sign_in,
    start_story,
    write_child,
    write_root,
)


def shelf(reader: Caller, query: str = "") -> dict[str, str]:
    answer = reader.get(f"/stories/my{query}")
    assert answer.status_code == 200, answer.content
    return {row["slug"]: row["role"] for row in answer.json()["items"]}


def drafts(reader: Caller) -> list[str]:
    return [row["slug"] for row in reader.get("/stories/draft").json()["items"]]


def test_a_story_comes_into_the_lists_moves_and_leaves_them() -> None:
    author = sign_in()
    assert (shelf(author), drafts(author)) == ({}, [])
    story = start_story(author)
    assert (shelf(author), drafts(author)) == ({story: "owner"}, [story])
    write_root(author, story)
    publish(author, story)
    assert (shelf(author), drafts(author)) == ({story: "owner"}, [])
    assert shelf(author, "?status=draft") == {}
    author.post(f"/stories/{story}/archive")
    assert shelf(author, "?status=archived") == {story: "owner"}
    assert author.delete(f"/stories/{story}").status_code == 204
    assert shelf(author) == {}


def test_whoever_comes_into_a_team_sees_its_story_until_he_leaves() -> None:
    owner, guest = sign_in(), sign_in()
    story = start_story(owner)
    invite(owner, story, guest, "reviewer")
    assert shelf(guest) == {}
    guest.post(f"/stories/{story}/invitation/accept")
    assert (shelf(guest), drafts(guest)) == ({story: "reviewer"}, [story])
    owner.patch(f"/stories/{story}/collaborators/{guest.user_id}", {"role": "co_author"})
    assert shelf(guest) == {story: "co_author"}
    guest.delete(f"/stories/{story}/collaborators/{guest.user_id}")
    assert shelf(guest) == {}
    invite(owner, story, guest)
    guest.post(f"/stories/{story}/invitation/decline")
    assert shelf(guest) == {}


def test_what_was_told_last_is_first_and_pages_join() -> None:
    author = sign_in()
    stories = [published_story(author) for _ in range(3)]
    host = sign_in()
    theirs = published_story(host)
    member = join(host, theirs[0], "contributor")
    write_child(author, *stories[0])
    walked, cursor = [], ""
    while True:
        page = author.get(f"/stories/my?limit=2{cursor}").json()
        walked += [row["slug"] for row in page["items"]]
        if not page["has_more"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert walked == [stories[0][0], stories[2][0], stories[1][0]]
    seen = member.get("/stories/my").json()["items"][0]
    assert (seen["slug"], seen["author"]["user_id"]) == (theirs[0], host.user_id)
    host.patch("/users/me", {"username": "renamed_host"})
    assert member.get("/stories/my").json()["items"][0]["author"]["username"] == "renamed_host"


@pytest.mark.parametrize(
    "query", ["?status=deleted", "?status=draft&status=x", "?limit=0", "?cursor=x"]
)
def test_bad_queries_are_named(query: str) -> None:
    assert sign_in().get(f"/stories/my{query}").status_code == 400


def test_a_team_that_disagrees_with_its_rows_shows_nothing_more_than_the_rows() -> None:
    owner, other = sign_in(), sign_in()
    story = start_story(owner)
    Story.let_in(slug=story, user_id=str(other.user_id))
    assert shelf(other) == {}
