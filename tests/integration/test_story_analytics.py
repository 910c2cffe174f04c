"""How a story is read, for those who lead it: days, ways and ends; and the same days as CSV."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from apps.analytics.limits import READ
from apps.analytics.services import TrackedEvent, record_events, roll_up_day
from apps.chapters.documents import Chapter
from apps.stories.documents import Story
from tests.factories import Caller, join, published_story, sign_in, write_child

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=1, microsecond=0)


def tell(event: str, story: str, user: str | None, *, days_ago: int = 0, **more: object) -> None:
    at = TODAY - timedelta(days=days_ago)
    about = {"story_slug": story, **more}
    record_events([TrackedEvent(event=event, user_id=user, properties=about, timestamp=at)])


def count(chapter: str, readers: int, completions: int = 0) -> None:
    Chapter.objects(slug=chapter).update_one(
        set__stats__unique_readers=readers, set__stats__completions=completions
    )


def test_figures_are_those_of_the_days_the_ways_and_the_ends() -> None:
    author = sign_in()
    story, root = published_story(author)
    left = write_child(author, story, root, choice_text="=left")
    right = write_child(author, story, root, choice_text="right")
    for chapter, readers, completions in ((root, 8, 0), (left, 4, 3), (right, 2, 0)):
        count(chapter, readers, completions)
    Story.objects(slug=story).update_one(set__stats__total_reads=14)
    path = f"/stories/{story}/analytics"
    empty = author.get(f"{path}?days=2").json()
    assert [day["reads"] for day in empty["days"]] == [0, 0]
    for user in ("ann", "ann", "bob"):
        tell(READ, story, user)
    for source in ("search", "search", "t.co", "=cmd|' /C calc'!A0", {"$gt": ""}, "x" * 41):
        tell("story_view", story, None, days_ago=1, source=source)
    for ago in (0, 1):
        roll_up_day(day=(TODAY - timedelta(days=ago)).date())
    page = author.get(f"{path}?days=2").json()
    sums = {name: page[name] for name in ("reads", "readers", "completions", "completion")}
    assert sums == {"reads": 14, "readers": 8, "completions": 3, "completion": 0.375}
    yesterday, today = page["days"]
    assert (today["reads"], today["readers"], today["views"]) == (3, 2, 0)
    assert yesterday["views"] == 6
    assert yesterday["sources"] == [{"name": "search", "views": 2}, {"name": "t.co", "views": 1}]
    (fork,) = page["forks"]
    assert [(way["readers"], way["share"]) for way in fork["ways"]] == [(4, 0.5), (2, 0.25)]
    assert (fork["chapter_slug"], fork["drop_off"]) == (root, 0.25)
    sheet = author.get(f"{path}?days=1&format=csv")
    assert sheet["Content-Type"] == "text/csv; charset=utf-8"
    day = TODAY.date().isoformat()
    assert sheet.content.decode().splitlines() == [
        "date,figure,count",
        f"{day},reads,3",
        f"{day},readers,2",
        f"{day},views,0",
    ]
    assert sheet["ETag"] != author.get(f"{path}?days=1")["ETag"]
    assert "source:t.co,1" in author.get(f"{path}?format=csv").content.decode()


def test_nobody_has_read_yet_and_nobody_below_co_author_is_told() -> None:
    author = sign_in()
    story, _ = published_story(author)
    page = author.get(f"/stories/{story}/analytics").json()
    assert (page["completion"], len(page["days"])) == (None, 30)
    for role, status in (("co_author", 200), ("moderator", 403)):
        assert join(author, story, role).get(f"/stories/{story}/analytics").status_code == status
    assert Caller().get(f"/stories/{story}/analytics").status_code == 401
    for query in ("days=0", "days=91", "days=x", "format=xml"):
        assert author.get(f"/stories/{story}/analytics?{query}").status_code == 400, query
