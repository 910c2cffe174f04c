"""A story's Atom feed: what readers' programs see of it, and when."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from tests.factories import Caller, published_story, sign_in, start_story, write_child

ATOM = "{http://www.w3.org/2005/Atom}"
TYPE = "application/atom+xml"


def entries(reader: Caller, story: str) -> list[tuple[str, str]]:
    answer = reader.get(f"/stories/{story}/feed.atom", Accept=TYPE)
    assert (answer.status_code, answer["Content-Type"]) == (200, TYPE), answer.content
    feed = ET.fromstring(answer.content)  # noqa: S314 - our own answer
    return [
        (entry.findtext(f"{ATOM}title", ""), entry.findtext(f"{ATOM}author/{ATOM}name", ""))
        for entry in feed.iter(f"{ATOM}entry")
    ]


def test_it_shows_the_newest_chapter_first_and_follows_every_write() -> None:
    author = sign_in()
    story, root = published_story(author)
    name = author.get("/users/me").json()["username"]
    assert entries(Caller(), story) == [("The stairs", name)]
    child = write_child(author, story, root, title="The <attic> & more")
    assert entries(Caller(), story) == [("The <attic> & more", name), ("The stairs", name)]
    author.patch(f"/stories/{story}/chapters/{child}", {"title": "The attic"})
    author.patch("/users/me", {"username": "somebody_new"})
    assert entries(Caller(), story)[0] == ("The attic", "somebody_new")
    author.delete(f"/stories/{story}/chapters/{child}")
    assert entries(Caller(), story) == [("The stairs", "somebody_new")]


def test_it_is_text_whatever_the_chapter_holds_and_known_ones_are_not_sent_again() -> None:
    author = sign_in()
    content = "<script>alert(1)</script> *He* said: a < b & c.\n\n" + "word " * 200
    story = start_story(author)
    answer = author.post(f"/stories/{story}/chapters", {"title": "T", "content": content})
    assert answer.status_code == 201
    author.post(f"/stories/{story}/publish")
    page = Caller().get(f"/stories/{story}/feed.atom")
    summary = ET.fromstring(page.content).findtext(f".//{ATOM}summary", "")  # noqa: S314
    assert summary.startswith("&lt;script&gt;alert(1)&lt;/script&gt; He said: a &lt; b &amp; c.")
    assert summary.endswith("word …")
    assert page["Cache-Control"] == "public, no-cache"
    known = Caller().get(f"/stories/{story}/feed.atom", **{"If-None-Match": page["ETag"]})
    assert (known.status_code, known.content) == (304, b"")
    asked = Caller().send("OPTIONS", f"/stories/{story}/feed.atom", Accept="*/*")
    assert asked.status_code == 405


def test_a_story_that_is_not_open_has_none() -> None:
    author = sign_in()
    story = start_story(author)
    assert Caller().get(f"/stories/{story}/feed.atom").status_code == 404
    assert entries(author, story) == []
