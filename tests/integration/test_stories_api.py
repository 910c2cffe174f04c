"""Stories over HTTP, as their writers and readers use them."""

from datetime import UTC, datetime
from itertools import cycle

import pytest

from apps.stories.documents import Story
from apps.users import arrivals
from apps.users.documents import User
from storychain import redis
from tests.factories import Caller, published_story, sign_in, start_story

ANYONE = Caller()


def test_a_draft_exists_for_its_team_only() -> None:
    author, stranger = sign_in(), sign_in()
    story = start_story(author)
    missing = ANYONE.get("/stories/no-such-story")
    for who in (ANYONE, stranger):
        answer = who.get(f"/stories/{story}")
        assert answer.status_code == missing.status_code == 404
        assert {**answer.json(), "instance": "", "request_id": ""} == {
            **missing.json(),
            "instance": "",
            "request_id": "",
        }
    assert author.get(f"/stories/{story}").json()["status"] == "draft"


def test_what_older_stories_hold_and_nobody_shows_any_more_hinders_nobody() -> None:
    author = sign_in()
    story, _ = published_story(author)
    Story._get_collection().update_one({"_id": story}, {"$set": {"stats.average_rating": 0.0}})
    assert author.patch(f"/stories/{story}", {"title": "The lantern"}).status_code == 200
    stats = ANYONE.get(f"/stories/{story}").json()["stats"]
    assert stats["total_chapters"] == 1
    assert "average_rating" not in stats


def test_publishing_says_everything_that_is_missing_at_once() -> None:
    author = sign_in()
    story = start_story(author, description="short")
    answer = author.post(f"/stories/{story}/publish")
    assert answer.status_code == 409
    assert set(answer.json()["errors"]) == {"description", "chapters"}


def test_a_published_story_is_in_the_lists_at_once() -> None:
    author = sign_in()
    assert ANYONE.get("/stories").json()["items"] == []
    story, _ = published_story(author)
    for path in ("/stories", "/stories/new", f"/users/{author.user_id}/stories"):
        assert [s["slug"] for s in ANYONE.get(path).json()["items"]] == [story], path


def test_nobody_has_no_stories_and_an_invented_id_hardly_an_entry() -> None:
    for nobody in ("user_invented", "no%20id%20at%20all", "x" * 300):
        missing = ANYONE.get(f"/users/{nobody}/profile").json()
        for query in ("", "?limit=3"):
            answer = ANYONE.get(f"/users/{nobody}/stories{query}")
            assert answer.status_code == 404
            known = {"instance": "", "request_id": ""}
            assert {**answer.json(), **known} == {**missing, **known}
    stored = redis.client("cache").keys(redis.key("e", "*"))
    assert not [key for key in stored if b"xxx" in key or b"at" in key.rpartition(b"id=")[2]]
    assert all(redis.client("cache").pttl(key) <= 60_000 for key in stored)


def test_whoever_comes_or_goes_changes_what_his_list_answers() -> None:
    path = "/users/user_late/stories"
    assert ANYONE.get(path).status_code == 404
    assert ANYONE.get(path).status_code == 404
    User(clerk_id="user_late", username="late", created_at=datetime.now(UTC)).save()
    assert ANYONE.get(path).json()["items"] == []
    User.objects(clerk_id="user_late").update_one(is_active=False)
    assert ANYONE.get(path).status_code == 404


def test_an_account_that_was_dropped_is_made_again(monkeypatch) -> None:
    author = sign_in()
    assert author.get("/users/me").status_code == 200
    User.objects(clerk_id=author.user_id).delete()
    monkeypatch.setattr(arrivals, "ASKED_AGAIN_SECONDS", 1e-6)
    assert author.get("/users/me").status_code == 200


def test_every_edit_is_seen_by_the_next_read_everywhere() -> None:
    author = sign_in()
    story, _ = published_story(author)
    pages = [f"/stories/{story}", f"/stories/{story}/overview", "/stories", "/stories/new"]
    for path in pages:
        ANYONE.get(path)
        assert ANYONE.get(path)["X-Cache"] == "HIT", path
    assert author.patch(f"/stories/{story}", {"title": "The lantern"}).status_code == 200
    for path in pages:
        answer = ANYONE.get(path)
        assert b"The lantern" in answer.content, path
        assert b"The lamp" not in answer.content, path


def test_an_authors_new_name_shows_beside_his_works_at_once() -> None:
    author = sign_in()
    story, root = published_story(author)
    pages = [
        f"/stories/{story}",
        f"/stories/{story}/tree",
        f"/stories/{story}/chapters/{root}",
        "/stories",
    ]
    for path in pages:
        ANYONE.get(path)
    assert author.patch("/users/me", {"username": "new-name"}).status_code == 200
    for path in pages:
        assert b"new-name" in ANYONE.get(path).content, path


def test_settings_are_merged_never_replaced() -> None:
    author = sign_in()
    story = start_story(author, settings={"genres": ["gothic"], "allow_voting": False})
    answer = author.patch(f"/stories/{story}/settings", {"allow_comments": False})
    settings = answer.json()["settings"]
    assert settings["genres"] == ["gothic"]
    assert settings["allow_voting"] is False
    assert settings["allow_comments"] is False


def test_archive_hides_and_unarchive_brings_back() -> None:
    author = sign_in()
    story, root = published_story(author)
    chapter = f"/stories/{story}/chapters/{root}"
    assert ANYONE.get(chapter).status_code == 200
    assert author.post(f"/stories/{story}/archive").status_code == 200
    assert ANYONE.get(chapter).status_code == 404
    assert ANYONE.get("/stories").json()["items"] == []
    assert author.get(chapter).status_code == 200
    assert author.post(f"/stories/{story}/unarchive").json()["status"] == "published"
    assert ANYONE.get(chapter).status_code == 200


def test_a_deleted_story_is_gone_for_everybody_and_for_good() -> None:
    author = sign_in()
    story, root = published_story(author)
    ANYONE.get(f"/stories/{story}")
    assert author.delete(f"/stories/{story}").status_code == 204
    for who in (ANYONE, author):
        for path in (
            f"/stories/{story}",
            f"/stories/{story}/chapters/{root}",
            f"/stories/{story}/tree",
        ):
            assert who.get(path).status_code == 404
    assert author.post(f"/stories/{story}/unarchive").status_code == 404
    assert start_story(author) != story


def test_nobody_overwrites_a_story_that_he_has_not_read() -> None:
    author = sign_in()
    story, _ = published_story(author)
    path = f"/stories/{story}"
    first, settings = author.get(path)["ETag"], author.get(f"{path}/settings")["ETag"]
    assert author.get(path, **{"If-None-Match": first}).status_code == 304
    done = author.patch(path, {"title": "The lantern"}, **{"If-Match": first})
    assert (done.status_code, done.json()["version"]) == (200, 3)
    sent = {"title": "The late", "description": "Too late."}
    writes: list[tuple[str, str, object]] = [
        ("PATCH", "", {"title": "The late"}),
        ("PUT", "", sent),
        ("PATCH", "/settings", {"allow_voting": False}),
        ("POST", "/archive", None),
        ("DELETE", "", None),
    ]
    for verb, end, body in writes:
        stale = settings if end == "/settings" else first
        late = author.send(verb, path + end, body, **{"If-Match": stale})
        assert (late.status_code, late.json()["code"]) == (412, "precondition-failed"), (verb, end)
    shown = author.get(path).json()
    assert (shown["title"], shown["status"], shown["version"]) == ("The lantern", "published", 3)
    tag = done["ETag"]
    for verb, end, body in writes[:-1]:
        answer = author.send(verb, path + end, body, **{"If-Match": tag})
        assert answer.status_code == 200, (verb, end, answer.content)
        tag = answer["ETag"]
    assert author.post(f"{path}/unarchive", None, **{"If-Match": first}).status_code == 412
    assert author.delete(path, **{"If-Match": tag}).status_code == 204


def test_strangers_change_nothing() -> None:
    author, stranger = sign_in(), sign_in()
    story, _ = published_story(author)
    assert ANYONE.patch(f"/stories/{story}", {"title": "Mine"}).status_code == 401
    assert stranger.patch(f"/stories/{story}", {"title": "Mine"}).status_code == 403
    assert stranger.delete(f"/stories/{story}").status_code == 403
    assert stranger.get(f"/stories/{story}/settings").status_code == 403
    assert ANYONE.get(f"/stories/{story}").json()["title"] == "The lamp"


def test_an_absent_story_is_found_once_it_is_there() -> None:
    author = sign_in()
    assert author.get("/stories/the-lamp").status_code == 404
    assert author.get("/stories/the-lamp").status_code == 404
    assert start_story(author) == "the-lamp"
    assert author.get("/stories/the-lamp").status_code == 200


def test_lists_are_filtered_and_walked_without_gaps_or_repeats() -> None:
    authors = [sign_in() for _ in range(3)]
    made = []
    for number in range(12):
        story, _ = published_story(
            authors[number % 3],
            title=f"Tale {number}",
            tags=["sea"] if number % 2 else ["hill"],
            settings={"genres": ["Gothic" if number % 3 else "comic"]},
        )
        made.append(story)
    seen, path, sizes = [], "/stories?limit=5", cycle((3, 5))  # a cursor holds for any limit
    for _ in range(5):
        page = ANYONE.get(path).json()
        seen += [item["slug"] for item in page["items"]]
        if not page["has_more"]:
            break
        path = f"/stories?limit={next(sizes)}&cursor={page['next_cursor']}"
    assert seen == made[::-1]
    sea = ANYONE.get("/stories?tag=sea&genre=gothic&limit=100").json()["items"]
    assert {s["slug"] for s in sea} == {m for n, m in enumerate(made) if n % 2 and n % 3}
    rest = ANYONE.get("/stories?exclude=sea&limit=100").json()["items"]
    assert len(rest) == 6


@pytest.mark.parametrize(
    ("query", "order"), [("", "published_at"), ("sort=active", "last_activity_at")]
)
@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_stories_of_the_same_instant_are_all_shown_once(query: str, order: str, limit: int) -> None:
    author = sign_in()
    made = [published_story(author, title=f"Tale {number}")[0] for number in range(5)]
    for number, slug in enumerate(made):  # the middle three at once
        at = datetime(2026, 1, 1, 0, (number + 2) // 3, tzinfo=UTC)
        Story.objects(slug=slug).update_one(**{f"set__{order}": at})
    stored = Story.objects(slug__in=made).order_by(f"-{order}", "-slug")
    expected = [story.slug for story in stored]
    seen, path = [], f"/stories?limit={limit}&{query}"
    while True:
        page = ANYONE.get(path).json()
        seen += [item["slug"] for item in page["items"]]
        if not page["has_more"]:
            break
        path = f"/stories?limit={limit}&{query}&cursor={page['next_cursor']}"
    assert seen == expected


def test_a_label_is_found_in_every_spelling_and_by_one_page() -> None:
    author = sign_in()
    slug, _ = published_story(author, tags=["Cafe\u0301"], settings={"genres": ["STRASSE"]})
    spellings = ["tag=caf\u00e9", "tag=CAFE\u0301", "tag=Cafe\u0301", "tag=CAF\u00c9"]
    found = [ANYONE.get(f"/stories?{query}") for query in spellings]
    assert [[item["slug"] for item in page.json()["items"]] for page in found] == [[slug]] * 4
    assert [page["X-Cache"] for page in found] == ["MISS", "HIT", "HIT", "HIT"]
    assert [item["slug"] for item in ANYONE.get("/stories?genre=stra\u00dfe").json()["items"]] == [
        slug
    ]
    assert ANYONE.get("/stories?exclude=caf\u00e9").json()["items"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=2", "page"),
        ("status=draft", "status"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("cursor=forged", "cursor"),
        ("sort=size", "sort"),
        ("rating=x", "rating"),
    ],
)
def test_bad_list_queries_name_the_parameter(query: str, field: str) -> None:
    answer = ANYONE.get(f"/stories?{query}")
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "title"),
        ({"title": "ab"}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "Fine\r\nX-Other: header"}, "title"),
        ({"title": "Fine", "tags": ["a", "b\nc"]}, "tags.1"),
        ({"title": "Fine", "settings": {"genres": ["b\nc"]}}, "settings.genres.0"),
        ({"title": {"$ne": ""}}, "title"),
        ({"title": "Fine", "description": "x" * 2001}, "description"),
        ({"title": "Fine", "owner": "me"}, "owner"),
        ({"title": "Fine", "settings": {"max_depth": 1001}}, "settings.max_depth"),
        ({"title": "Fine", "settings": {"is_admin": True}}, "settings.is_admin"),
        ({"title": "Fine", "tags": [{"$gt": ""}]}, "tags.0"),
        ({"title": "Fine", "tags": "sea"}, "tags"),
        ({"title": "Fine", "settings": {"content_rating": "xxx"}}, "settings.content_rating"),
        ({"title": "Fine", "cover_image": "javascript:alert(1)"}, "cover_image"),
    ],
)
def test_bad_stories_are_refused_by_field_and_nothing_is_kept(body: object, field: str) -> None:
    author = sign_in()
    answer = author.post("/stories", body)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert field in answer.json()["errors"], answer.json()
    assert author.get("/users/me").json()["stats"]["stories_created"] == 0
