"""Bookmarks: a reader's shelves, which nobody else sees, and only as far as he may read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.access.documents import StoryBan
from apps.bookmarks.documents import Bookmark
from apps.bookmarks.limits import SHELVES
from apps.bookmarks.services import put_bookmark
from tests.factories import Caller, join, published_story, sign_in, write_child


def put(reader: Caller, story: str, chapter: str, shelf: str = "later", **more: str) -> Any:
    body = {"shelf": shelf, **more}
    answer = reader.send("PUT", f"/stories/{story}/chapters/{chapter}/bookmark", body)
    assert answer.status_code == 200, answer.content
    return answer.json()


def listed(reader: Caller, query: str = "") -> list[tuple[str, str, str]]:
    answer = reader.get(f"/bookmarks{query}")
    assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")
    items = answer.json()["items"]
    return [(item["chapter"]["slug"], item["shelf"], item["note"]) for item in items]


def test_a_bookmark_stands_on_one_shelf_moves_and_goes() -> None:
    author, reader, other = sign_in(), sign_in(), sign_in()
    story, root = published_story(author)
    leaf = write_child(author, story, root, title="The cellar")
    put(reader, story, root, "reading", note="Here")
    shown = put(reader, story, leaf)
    assert shown["story"] == {"slug": story, "title": "The lamp", "cover_image": ""}
    assert shown["chapter"] == {"slug": leaf, "title": "The cellar"}
    put(other, story, root, "dropped")
    assert listed(reader) == [(leaf, "later", ""), (root, "reading", "Here")]
    assert listed(reader, "?shelf=later") == [(leaf, "later", "")]
    mine = reader.get(f"/stories/{story}/me").json()["bookmarks"]
    assert [mark["chapter"]["slug"] for mark in mine] == [leaf, root]
    put(reader, story, root, "later")  # a whole new one: the note goes, its place stays
    assert listed(reader, "?shelf=later") == [(leaf, "later", ""), (root, "later", "")]
    assert listed(reader, "?story_slug=another") == []
    first = reader.get("/bookmarks?limit=1").json()
    assert listed(reader, f"?limit=1&cursor={first['next_cursor']}") == [(root, "later", "")]
    place = f"/stories/{story}/chapters/{leaf}/bookmark"
    assert [reader.delete(place).status_code for _ in range(2)] == [204, 404]
    assert (listed(reader), listed(other)) == ([(root, "later", "")], [(root, "dropped", "")])


def test_what_he_may_not_read_any_more_is_not_shown_stays_and_may_go() -> None:
    author = sign_in()
    story, root = published_story(author)
    member, reader = join(author, story, "reviewer"), sign_in()
    for who in (member, reader):
        put(who, story, root)
    author.patch(f"/stories/{story}/settings", {"is_public": False})
    assert (len(listed(member)), listed(reader)) == (1, [])
    again = reader.send("PUT", f"/stories/{story}/chapters/{root}/bookmark", {"shelf": "reading"})
    assert again.json()["code"] == "story-not-found"
    author.patch(f"/stories/{story}/settings", {"is_public": True})
    assert len(listed(reader)) == 1
    ban = {"banned_by": "x", "banned_at": timezone.now()}
    StoryBan(story_slug=story, user_id=reader.user_id, **ban).save()
    assert listed(reader) == []
    assert reader.delete(f"/stories/{story}/chapters/{root}/bookmark").status_code == 204
    assert Bookmark.objects(user_id=reader.user_id).count() == 0
    leaf = write_child(author, story, root)
    put(member, story, leaf)
    author.delete(f"/stories/{story}/chapters/{leaf}")
    assert [row[0] for row in listed(member)] == [root]


def test_a_chapter_that_readers_do_not_have_takes_none() -> None:
    author = sign_in()
    story, root = published_story(author)
    other, _ = published_story(author, title="Another lamp")
    at = (timezone.now() + timedelta(days=1)).isoformat()
    draft = write_child(author, story, root, publish_at=at)
    for where, chapter in ((story, draft), (other, root), (story, "no-such")):
        place = f"/stories/{where}/chapters/{chapter}/bookmark"
        assert author.send("PUT", place, {"shelf": "later"}).status_code == 404, place
    assert Bookmark.objects(user_id=author.user_id).count() == 0


def test_tabs_that_put_the_first_one_at_once_make_one() -> None:
    author, reader = sign_in(), sign_in()
    story, root = published_story(author)
    place = {"user_id": reader.user_id, "story_slug": story, "chapter_slug": root}

    def put_it(shelf: str) -> None:
        put_bookmark(**place, shelf=shelf, note="", now=timezone.now())

    with ThreadPoolExecutor(len(SHELVES)) as tabs:
        list(tabs.map(put_it, SHELVES))
    assert len(listed(reader)) == 1
