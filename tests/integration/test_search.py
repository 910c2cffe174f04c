"""Search: what is found, in which order, by whom, and how soon. Holds on both databases.

tests/contract/test_search_on_postgresql.py runs this file on a PostgreSQL of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from random import Random
from typing import Any
from unittest.mock import Mock, patch

import pytest
from django.core.management import call_command
from django.db import connection
from pymongo.collection import Collection

from apps.access.documents import StoryBan
from apps.chapters.documents import Chapter
from apps.search import engines, queries, services, sources, spelling
from apps.search.finding import Choice, Finder, Reach
from apps.search.lexemes import OPEN, fact
from apps.search.models import Entry, Gram, KnownWord
from apps.search.sources import Thing, count_things
from apps.stories.documents import Story, StorySettings
from apps.users.documents import PlatformRole, User
from storychain.documents import unit_of_work
from tests.factories import (
    PARAGRAPH,
    Caller,
    join,
    published_story,
    sign_in,
    start_story,
    unique,
    write_child,
    write_root,
)
from tests.searching import attempt_pending, find, index_pending

pytestmark = pytest.mark.django_db
ANYONE = Caller()
NOW = datetime(2026, 2, 9, 15, 30, tzinfo=UTC)
LONG = " It rained on the quay, and nobody came to see the boats go out."


@pytest.fixture
def author() -> Caller:
    return sign_in("writer")


def told(author: Caller, *, title: str, text: str = PARAGRAPH, **more: Any) -> tuple[str, str]:
    """Put a public story of one chapter there, past the services; return `kind:key` of both."""
    slug = unique("s").replace("_", "-")
    at = NOW + timedelta(minutes=int(slug.removeprefix("s-")))
    settings = StorySettings(**more.pop("settings", {}))
    times = dict.fromkeys(("created_at", "updated_at"), at)
    who, chapter = author.user_id, Chapter(slug=f"c-{slug}", story_slug=slug, title="One", **times)
    chapter.number = chapter.branch_index = chapter.depth = 0
    chapter.author_id, chapter.content = who, text

    @unit_of_work
    def put() -> None:
        Story(
            slug=slug,
            title=title,
            creator_id=who,
            team=[who],
            status="published",
            settings=settings,
            last_activity_at=NOW,
            **{"published_at": at, **times, **more},
        ).save(force_insert=True)
        chapter.save(force_insert=True)

    put()
    return f"story:{slug}", f"chapter:{chapter.slug}"


def edit(author: Caller, story: str, chapter: str, text: str) -> None:
    answer = author.patch(f"/stories/{story}/chapters/{chapter}", {"content": text + LONG})
    assert answer.status_code == 200, answer.content


def test_titles_come_first_then_descriptions_then_texts_and_the_newest_among_equals(
    author: Caller,
) -> None:
    _, in_text = told(author, title="Alpha", text="A marigold grew there.")
    described, _ = told(author, title="Beta", description="A tale of one marigold.")
    begun, _ = told(author, title="Marigolds")
    older, newer = (told(author, title=f"The marigold {n}")[0] for n in "ab")
    services.rebuild()
    best = [newer, older, begun, described, in_text]
    assert find(ANYONE, "Marigold") == best
    assert find(ANYONE, "marigo") == best
    assert find(ANYONE, "marigold tale") == [described]
    assert find(ANYONE, "marigold", type="chapter") == [in_text]


def test_pages_go_on_where_they_ended_whatever_is_written_meanwhile(author: Caller) -> None:
    stories = [told(author, title=f"Harbour {n}")[0] for n in range(3)]
    described, _ = told(author, title="Quay", description="By the harbour, at night.")
    services.rebuild()
    first = page = look(q="harbour", limit=1)
    seen = [page["items"][0]["key"]]
    told(author, title="Harbour new")
    services.rebuild()
    while page["has_more"]:
        page = look(q="harbour", limit=1, cursor=page["next_cursor"])
        seen += [item["key"] for item in page["items"]]
    assert [f"story:{key}" for key in seen] == [*reversed(stories), described]
    other = ANYONE.client.get("/api/v1/search", {"q": "quay", "cursor": first["next_cursor"]})
    assert (other.status_code, set(other.json()["errors"])) == (400, {"cursor"})


SCRIPTS = {
    "彼は東京都に住んでいた。": ["東京", "東京都", "京都", "住 東", "住ん"],
    "고양이가 집에 있다": ["고양이 집", "양이"],
    "แมวกินปลา": ["กินปลา", "แมว"],
    "Straße ΟΔΥΣΣΕΎΣ naïve नमस्ते": ["STRASSE", "οδυσσεύς", "nai\u0308ve", "नमस्"],
    "The dragon 🐉🔥 of 1984": ["🐉🔥", "1984 dragon", "dragon drag", "drago"],
}


def test_every_script_is_found_by_what_it_says(author: Caller) -> None:
    chapters = {text: told(author, title="Story", text=text)[1] for text in SCRIPTS}
    services.rebuild()
    for text, asked in SCRIPTS.items():
        for q in asked:
            assert find(ANYONE, q) == [chapters[text]], q
    for q in ("東都", "京東", "고이", "ปลาแมว", "dragonfly", "1985", "xyzzy"):
        assert find(ANYONE, q) == [], q


def test_what_is_mistyped_is_found_where_nothing_else_is(author: Caller) -> None:
    lantern, _ = told(author, title="The lantern")
    told(author, title="Of cats")
    services.rebuild()
    for q in ("lantren", "lanten", "lanterns", "lamtern", "lnatern", "the lentern", "lamter"):
        assert find(ANYONE, q) == [lantern], q
    for q in ("cots", "of dogs", "lxntxrn", "lantern nothing"):
        assert find(ANYONE, q) == [], q
    (hit,) = look(q="lantren")["items"]
    assert hit["title"] == {"text": "The lantern", "marks": [[4, 11]]}


def test_what_was_asked_is_marked_in_plain_text(author: Caller) -> None:
    nasty = "<script>alert(1)</script> " + "word " * 80 + "<b>orchard</b> & Orchards, n\u0303 "
    story, _ = told(author, title="Alpha", text=nasty + LONG * 3)
    services.rebuild()
    (hit,) = look(q="orch")["items"]
    piece = hit["excerpt"]
    marked = [piece["text"][start:end] for start, end in piece["marks"]]
    assert marked == ["orchard", "Orchards"]
    assert (piece["text"][0], piece["text"][-1]) == ("…", "…")
    assert "<b>orchard</b> & Orchards, \xf1" in piece["text"]
    assert len(piece["text"]) < 300
    told(author, title="京 東京 京都")
    services.rebuild()
    assert look(q="東京")["items"][0]["title"]["marks"] == [[2, 4]]
    assert (f"story:{hit['story']['slug']}", hit["author"]["user_id"]) == (story, author.user_id)


@pytest.mark.parametrize("bearers", [200, 1])
def test_all_tags_are_asked_for_at_once_unless_one_is_everywhere(
    author: Caller, monkeypatch: pytest.MonkeyPatch, bearers: int
) -> None:
    monkeypatch.setattr(sources, "BEARERS", bearers)
    for tags in (["Sea"], ["Sea"], ["\u00c9t\u00e9", "war"], ["Seaside"]):
        told(author, title="Mill", tags=tags)
    told(author, title="Mill", tags=["hidden"], settings={"is_public": False})
    keys = ["sea", "\u00e9t\u00e9", "seaside", "hidden", "nobody's"]
    with patch.object(Collection, "find", autospec=True, side_effect=Collection.find) as asked:
        found = sources.find_tags(keys)
    assert found == {"sea": "Sea", "\u00e9t\u00e9": "\u00c9t\u00e9", "seaside": "Seaside"}
    assert asked.call_count == (1 if bearers == 200 else len(keys)), "one for all, or each rest"
    assert sources.find_tags([]) == {}
    services.rebuild()
    with patch.object(Collection, "find", autospec=True, side_effect=Collection.find) as asked:
        assert set(find(ANYONE, "sea", type="tag")) == {"tag:sea", "tag:seaside"}
    of_stories = [call for call in asked.call_args_list if call.args[0].name == "stories"]
    assert len(of_stories) == (1 if bearers == 200 else 2)


def test_it_is_narrowed_by_what_stories_are(author: Caller) -> None:
    told_gothic = {"genres": ["Gothic"], "content_rating": "teen"}
    gothic, _ = told(author, title="Mill a", tags=["Sea"], settings=told_gothic)
    plain, _ = told(author, title="Mill b", tags=["sea", "war"])
    services.rebuild()
    both = [plain, gothic]
    for query in ({}, {"tag": "SEA"}, {"status": "published"}, {"type": "story"}):
        assert find(ANYONE, "mill", **query) == both, query
    for query in ({"genre": "gothic"}, {"rating": "teen"}, {"exclude": "war"}):
        assert find(ANYONE, "mill", **query) == [gothic], query
    assert find(ANYONE, "mill", tag="sea", genre="gothic", exclude="war") == [gothic]
    assert find(ANYONE, "mill", status="draft") == []
    assert find(ANYONE, "sea", type="tag") == ["tag:sea"]
    assert find(ANYONE, "one", genre="gothic") != []
    story = Story.objects(slug=gothic.removeprefix("story:")).first()
    story.revise(changes={"settings": {"genres": []}}, now=NOW)
    index_pending()
    for q in ("mill", "one"):
        assert find(ANYONE, q, genre="gothic") == [], q


def test_what_is_not_public_is_found_by_its_team_alone(author: Caller) -> None:
    draft = start_story(author, title="The hidden well")
    root = write_root(author, draft, title="Wells")
    guest, stranger = join(author, draft, "contributor"), sign_in("stranger")
    index_pending()
    found = [f"story:{draft}", f"chapter:{root}"]
    assert sorted(find(author, "well")) == sorted(find(guest, "well")) == sorted(found)
    assert find(author, "well", status="draft", type="story") == found[:1]
    assert find(stranger, "well") == find(ANYONE, "well") == []
    assert list(Finder(Choice(q="well"), Reach()).walk(None)) == []
    answer = author.client.get("/api/v1/search", {"q": "well"}, headers=author.headers)
    assert answer["Cache-Control"] == "private, no-store"
    moderator = sign_in("moderator")
    PlatformRole(
        user_id=moderator.user_id, role="PLATFORM_MODERATOR", assigned_at="2026-02-09"
    ).save()
    assert sorted(find(moderator, "well")) == sorted(found)
    assert guest.delete(f"/stories/{draft}/collaborators/{guest.user_id}").status_code == 204
    assert find(guest, "well") == []


def test_access_ends_before_the_index_hears_of_it(author: Caller) -> None:
    story, root = published_story(author, title="The open gate")
    reader = sign_in("reader")
    index_pending()
    for who in (ANYONE, reader):
        assert find(who, "gate") == [f"story:{story}"]
        assert find(who, "stairs") == [f"chapter:{root}"]
    StoryBan(story_slug=story, user_id=reader.user_id, banned_by="x", banned_at="2026-02-09").save()
    assert find(reader, "gate") == find(reader, "stairs") == []
    assert find(ANYONE, "gate") == [f"story:{story}"]
    Story.objects(slug=story).update_one(set__settings__is_public=False)
    assert find(ANYONE, "gate") == find(ANYONE, "stairs") == []
    Story.objects(slug=story).update_one(set__settings__is_public=True)
    assert find(ANYONE, "stairs") == [f"chapter:{root}"]
    Chapter.objects(slug=root).update_one(set__status="draft")
    assert find(ANYONE, "stairs") == []


def test_an_attempt_after_a_failed_one_stales_what_the_failed_one_wrote(
    author: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(author)
    assert find(ANYONE, "zephyr") == []
    Chapter.objects(slug=place.root).update_one(set__title="Zephyr")
    with monkeypatch.context() as patched:
        patched.setattr(services, "bump", Mock(side_effect=ConnectionError("Redis is away")))
        claimed, states = attempt_pending(1)
        assert states == {"delayed"}
    assert find(ANYONE, "zephyr") == []  # as it stands in the cache
    assert attempt_pending(2, claimed)[1] == {"completed"}
    assert find(ANYONE, "zephyr") == [f"chapter:{place.root}"]


WRITES = {
    "created": lambda it: write_child(it.author, it.story, it.root, title="Zephyr"),
    "edited": lambda it: edit(it.author, it.story, it.root, "zephyr"),
    "retitled": lambda it: it.author.patch(f"/stories/{it.story}", {"title": "Zephyr"}),
    "tagged": lambda it: it.author.patch(f"/stories/{it.story}", {"tags": ["zephyr"]}),
    "renamed": lambda it: it.author.patch("/users/me", {"username": unique("zephyr")}),
    "past the services": lambda it: Chapter.objects(slug=it.root).update_one(set__title="Zephyr"),
}
ENDS = {
    "removed": lambda it: it.author.delete(f"/stories/{it.story}/chapters/{it.leaf}"),
    "archived": lambda it: it.author.post(f"/stories/{it.story}/archive"),
    "closed": lambda it: it.author.patch(f"/stories/{it.story}/settings", {"is_public": False}),
    "deleted": lambda it: it.author.delete(f"/stories/{it.story}"),
}


class Place:
    """A public story of two chapters, indexed."""

    def __init__(self, author: Caller) -> None:
        self.author = author
        self.story, self.root = published_story(author, title="Start")
        self.leaf = write_child(author, self.story, self.root, title="Ember")
        index_pending()


@pytest.mark.parametrize("name", WRITES)
def test_each_write_is_found_when_its_job_has_run(author: Caller, name: str) -> None:
    place = Place(author)
    assert find(ANYONE, "zephyr") == []
    WRITES[name](place)
    index_pending()
    assert find(ANYONE, "zephyr") != [], name


@pytest.mark.parametrize("name", ENDS)
def test_what_is_gone_is_found_no_more_and_its_words_neither(author: Caller, name: str) -> None:
    place = Place(author)
    assert find(ANYONE, "ember") == [f"chapter:{place.leaf}"]
    ENDS[name](place)
    index_pending()
    assert find(ANYONE, "ember") == []
    if name in ("archived", "closed"):
        assert find(author, "ember") == [f"chapter:{place.leaf}"]
    else:
        assert rows_with("aember") == 0


def test_a_deleted_account_is_found_no_more() -> None:
    gone = sign_in("vanisher")
    index_pending()
    assert find(ANYONE, "vanisher") == [f"user:{gone.user_id}"]
    User.objects(clerk_id=gone.user_id).first().bury(now=User.objects.first().created_at)
    assert find(ANYONE, "vanisher") == []
    index_pending()
    assert rows_with("avanisher") == 0


def test_a_write_that_fails_leaves_no_job_and_one_that_changes_no_word_none(author: Caller) -> None:
    place = Place(author)

    @unit_of_work
    def fail() -> None:
        Chapter.objects(slug=place.root).update_one(set__title="Zephyr")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    Story.objects(slug=place.story).update_one(inc__stats__total_reads=1)
    User.objects(clerk_id=author.user_id).update_one(set__level=9)
    assert index_pending() == []


@pytest.mark.parametrize("newest", ["Zephyr", "The stairs"])  # another, or the one that was there
def test_an_older_job_that_comes_late_does_not_overwrite_a_newer_text(
    author: Caller, monkeypatch: pytest.MonkeyPatch, newest: str
) -> None:
    place = Place(author)
    thing, read, late = Thing("chapter", place.root), services.read_texts, []

    def read_and_be_overtaken(things: list[Thing]) -> dict:
        texts = read(things)
        if (
            not late
        ):  # this one has read the old text; before it writes, another does all of its own
            late.append(thing)
            Chapter.objects(slug=place.root).update_one(set__title=newest)
            services.index([thing])
        return texts

    monkeypatch.setattr(services, "read_texts", read_and_be_overtaken)
    Chapter.objects(slug=place.root).update_one(set__title="Mistral")
    services.index([thing])
    assert find(ANYONE, newest)[0] == f"chapter:{place.root}"
    assert rows_with("amistral") == 0
    assert services.index([thing]) == 0  # and again: nothing to do


@pytest.mark.parametrize("is_indexed", [True, False])
def test_an_older_job_does_not_bring_back_what_is_gone(
    author: Caller, monkeypatch: pytest.MonkeyPatch, is_indexed: bool
) -> None:
    place = Place(author)
    leaf = write_child(author, place.story, place.root, title="Cinder")
    thing, read, late = Thing("chapter", leaf), services.read_texts, []
    if is_indexed:
        services.index([thing])

    def read_and_be_overtaken(things: list[Thing]) -> dict:
        texts = read(things)
        if not late:
            late.append(thing)
            author.delete(f"/stories/{place.story}/chapters/{leaf}")
            services.index([thing])
        return texts

    monkeypatch.setattr(services, "read_texts", read_and_be_overtaken)
    services.index([thing])
    assert rows_with("acinder") == 0


def test_a_rebuild_mends_what_is_missing_wrong_or_left_over(
    author: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(author)
    before = sorted(Entry.objects.exclude(digest="").values_list("kind", "key"))
    Entry.objects.filter(kind="story").delete()
    left = Entry.objects.create(
        kind="chapter", key="nowhere", digest="x", indexed_at="2026-02-09T00:00Z"
    )
    call_command("rebuild_search")
    assert sorted(Entry.objects.exclude(digest="").values_list("kind", "key")) == before
    left.refresh_from_db()
    assert left.digest == ""
    assert find(ANYONE, "start") == [f"story:{place.story}"]
    assert "2 brought up to date" in capsys.readouterr().out
    call_command("rebuild_search")
    assert "0 brought up to date" in capsys.readouterr().out


def test_a_rebuild_tells_how_far_it_is(author: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "STEP", 1)
    for _ in range(3):
        told(author, title="Start")
    told_so_far: list[tuple[int, int]] = []
    services.rebuild(report=lambda done, total: told_so_far.append((done, total)))
    total = count_things()
    assert total > 5
    begun = [(done, total) for done in range(5, total, 5)]
    assert told_so_far == [*begun, (total, total), (total, total)]


def test_a_word_that_stands_nowhere_is_forgotten_and_one_that_does_is_not(
    author: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spelling, "STEP", 2)
    place = Place(author)
    edit(author, place.story, place.leaf, "A lantern, a lectern.")
    index_pending()
    edit(author, place.story, place.leaf, "A lectern.")
    index_pending()
    known = set(KnownWord.objects.values_list("word", flat=True))
    assert spelling.forget(unless=lambda word: word != "ember") == 1
    with patch.object(services, "_stands", side_effect=services._stands) as asked:
        services.rebuild()
    # The index is asked only for those that no text has any more.
    assert [call.args for call in asked.mock_calls] == [("lantern",)]
    left = set(KnownWord.objects.values_list("word", flat=True))
    assert known - left == {"lantern"}
    assert (find(ANYONE, "lantren"), find(ANYONE, "lectren")) == ([], [f"chapter:{place.leaf}"])
    grams = Gram.objects.values_list("letters", "word__word")
    assert {word for _, word in grams} == left
    assert Gram.objects.count() == len(grams)


def test_postgresql_reads_what_holds_a_word_and_little_else() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("FTS5 has one way to answer, and no planner")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO search_entry (id, kind, key, revision, digest, indexed_at)"
            " SELECT n, 'chapter', n, 0, '', now() FROM generate_series(1, 20000) AS n"
        )
        cursor.execute(
            "INSERT INTO search_lexemes SELECT n, array_to_tsvector(ARRAY["
            " %s, CASE WHEN n > 14000 THEN 'alately' ELSE 'aformerly' END"
            "] || ARRAY(SELECT 'a' || mod(n * i, 997) FROM generate_series(1, 20) AS i))"
            " FROM generate_series(1, 20000) AS n",
            [fact(OPEN)],
        )
        cursor.execute("ANALYZE search_lexemes")
        assert len(list(islice(Finder(Choice(q="formerly"), Reach()).walk(None), 50))) == 50
        cursor.execute(
            "SELECT seq_tup_read, idx_tup_fetch FROM pg_stat_xact_user_tables"
            " WHERE relname = 'search_lexemes'"
        )
        scanned, fetched = cursor.fetchone()
    assert scanned == 0
    assert fetched < 14_000 + 5 * engines.NEWEST  # the newest at each of the steps; not all 20,000


SYNTAX = """
"stairs" | stairs* | stairs AND | NOT stairs | title:stairs | ^stairs | stairs NEAR/2 lamp | {a}: s
stairs' & 'lamp | stairs:* | !stairs | <-> | \'stairs\' | stairs\\ | ' OR 1=1 -- | %stairs% | _tairs
((((( | "" | ** | -- | ;; | :: | (a+)+$(a+)+$(a+)+$ | a*a*a*a*a*a*a* | [[:alpha:]] | $where
"""
MORE = [
    *(
        "NEAR(stairs lamp, 2)",
        "NEAR(",
        "stairs + lamp",
        "lexemes:stairs",
        "{lexemes} : stairs",
        '""',
    ),
    *("aopen*", "fopen", "stairs OR", "-stairs", "stairs & (", "<2>", "\\\\", "''", "$$stairs$$"),
    *(
        "\u0600\u064b\u200f\u05d0",
        "e\u0301\u0301\u0301\u0301",
        "\ufffd\ufffd",
        "\ud7ff\ue000",
        "\uff10\uff11",
        "\uff21\uff22",
    ),
]
ODD = ["🏴🏴", "🧑\u200d🚀👩\u200d🔬", "\u202estairs", "\u0301\u0301", "ﷺﷺ", "a\tb\nc", "a" * 100]


def test_no_words_are_an_operator_and_none_is_an_error(author: Caller) -> None:
    _, root = published_story(author, title="Lamp")
    index_pending()
    for q in [*(q for line in SYNTAX.splitlines() if line for q in line.split(" | ")), *ODD]:
        find(ANYONE, q)  # is answered
    assert find(ANYONE, '"stairs"') == find(ANYONE, "^ stairs !") == [f"chapter:{root}"]
    assert find(ANYONE, "stairs OR lamp") == []  # three words, of which one stands nowhere
    for q, status in (
        ("a", 400),
        (" a ", 400),
        ("a" * 101, 400),
        ("x" * 4096, 400),
        ("é" * 100, 200),
    ):
        answer = ANYONE.client.get("/api/v1/search", {"q": q})
        assert answer.status_code == status, q
        assert status == 200 or set(answer.json()["errors"]) == {"q"}
    for query in (
        "",
        "?q=",
        "?q=ab&q=cd",
        "?q=ab&type=all",
        "?q=a%00b",
        "?q=ab&page=2",
        "?q=%ff%fe",
    ):
        answer = ANYONE.get(f"/search{query}")
        assert answer.status_code == (200 if "%ff" in query else 400), query


def test_whatever_is_asked_of_each_type_and_filter_is_answered_by_an_index(author: Caller) -> None:
    told(author, title="Lamp", text="The stairs, again.", tags=["%sea_"])
    services.rebuild()
    told_of = [find(ANYONE, "stairs"), find(ANYONE, "lamp", tag="%sea_")]
    asked = [*(q for line in SYNTAX.splitlines() if line for q in line.split(" | ")), *ODD, *MORE]
    kinds, filters = ("story", "chapter", "user", "tag"), ("genre", "tag", "exclude")
    everything = queries.Reach(stories=["x"], banned=["y' OR 1=1 --"])
    with asking() as heard:
        for q, n in zip(asked, count()):
            for kind in (None, *kinds):
                finder = Finder(Choice(q=q, type=kind, exclude=q[:40]), everything)
                assert all(
                    find.thing.kind in (kind or find.thing.kind) for find in finder.walk(None)
                )
            chosen = {"type": kinds[n % 4], filters[n % 3]: q[:40], "rating": "general"}
            answer = ANYONE.client.get("/api/v1/search", {"q": "stairs", **chosen})
            assert answer.status_code == 200, (q, answer.content)
            assert answer.json()["items"] == [] or filters[n % 3] == "exclude", q
            find(ANYONE, q, **chosen, status="published")
    assert [find(ANYONE, "stairs"), find(ANYONE, "lamp", tag="%sea_")] == told_of != [[], []]
    assert any("search_lexemes" in sql for sql in heard)
    assert any("search_gram" in sql for sql in heard)
    assert {
        sql: plan for sql, p in heard.items() if (plan := read_plan(sql, p)) and scans(plan)
    } == {}


def test_a_text_of_any_length_and_kind_is_indexed(author: Caller) -> None:
    story, root = published_story(author)
    strange = "".join(map(chr, Random(7).choices(range(0x20000, 0x2A000), k=125_000)))
    Chapter.objects(slug=root).update_one(set__content=strange)
    Story.objects(slug=story).update_one(set__title="x" * 200)
    index_pending()
    assert find(ANYONE, strange[:3]) == [f"chapter:{root}"]
    assert find(ANYONE, "x" * 100) == [f"story:{story}"]


def test_however_many_finds_nobody_may_read_a_page_is_a_few_steps(
    author: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = [told(author, title="Cave")[0] for _ in range(2)]
    closed = [told(author, title="Cave")[0].removeprefix("story:") for _ in range(30)]
    shown.append(told(author, title="Cave")[0])
    services.rebuild()
    Story.objects(slug__in=closed).update(set__settings__is_public=False)  # not in the index yet
    read, steps = queries._read, []
    monkeypatch.setattr(queries, "STEP", 5)
    monkeypatch.setattr(queries, "MOST_STEPS", 3)
    monkeypatch.setattr(queries, "_read", lambda *a: steps.append(a) or read(*a))
    found, cursor = [], None
    while cursor != "":
        page = look(q="cave", type="story", limit=2, **({"cursor": cursor} if cursor else {}))
        found += [f"{item['type']}:{item['key']}" for item in page["items"]]
        assert len(steps) <= 4
        steps.clear()
        cursor = page["next_cursor"] or ""
    assert found == shown[::-1]


def test_many_closed_stories_and_bans_are_one_search(author: Caller) -> None:
    chapters = [told(author, title="Cave")[1] for _ in range(3)]
    services.rebuild()
    ours, theirs = ([f"{name}-{n}" for n in range(200)] for name in ("closed", "banned"))
    reach = Reach(stories=ours, banned=[*theirs, chapters[0].removeprefix("chapter:c-")])
    long = " ".join(PARAGRAPH.split()) + " 彼は東京都"
    for q, found in ((PARAGRAPH[:100], chapters[:0:-1]), (long * 3, [])):
        finds = Finder(Choice(q=q), reach).walk(None)
        assert [str(find.thing) for find in finds] == found


@contextmanager
def asking() -> Iterator[dict[str, Any]]:
    """Note what is asked of the index, each question with its first parameters."""
    heard: dict[str, Any] = {}

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not many and sql.startswith(("SELECT", "WITH")) and "search_" in sql:
            heard.setdefault(sql, params)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield heard


def read_plan(sql: str, params: Any) -> str:
    """Return how the database would answer; PostgreSQL, whose tables are small here, if it must."""
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        if not is_sqlite:
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if is_sqlite else ''}{sql}", params)
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def scans(plan: str) -> bool:
    """Tell whether a plan reads a table from end to end: an FTS5 table is, without a match."""
    lines = [line for line in plan.splitlines() if "Seq Scan" in line or line.startswith("SCAN")]
    return not all(re.search(r"VIRTUAL TABLE INDEX \d+:M", line) for line in lines)


def look(**query: object) -> dict[str, Any]:
    """Search as anyone; return the page."""
    return ANYONE.client.get("/api/v1/search", query).json()


def rows_with(lexeme: str) -> int:
    """Return how many rows of the index hold a lexeme."""
    is_sqlite = connection.vendor == "sqlite"
    condition = "search_lexemes MATCH %s" if is_sqlite else "lexemes @@ %s::tsquery"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM search_lexemes WHERE {condition}", [lexeme])  # noqa: S608 - our own
        return int(cursor.fetchone()[0])
