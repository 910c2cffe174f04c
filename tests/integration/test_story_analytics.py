"""How a story is read, for those who lead it: days, ways and ends; and each as CSV."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from apps.analytics.limits import READ
from apps.analytics.pages import AnalyticsPage, ForkView, WayView
from apps.analytics.services import TrackedEvent, record_events, roll_up_day
from apps.analytics.sheets import write_csv
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
    right = write_child(author, story, root, choice_text="right, or not")
    for chapter, readers, completions in ((root, 8, 0), (left, 4, 3), (right, 2, 0)):
        count(chapter, readers, completions)
    Chapter.objects(slug=root).update_one(set__stats__went_on=5)  # one of them took both ways
    Story.objects(slug=story).update_one(set__stats__total_reads=14, set__stats__finishers=2)
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
    sums = {name: page[name] for name in ("reads", "completions", "finishers", "completion")}
    assert sums == {"reads": 14, "completions": 3, "finishers": 2, "completion": 0.25}
    yesterday, today = page["days"]
    assert (today["reads"], today["readers"], today["views"]) == (3, 2, 0)
    assert yesterday["views"] == 6
    assert yesterday["sources"] == [{"name": "search", "views": 2}, {"name": "t.co", "views": 1}]
    (fork,) = page["forks"]
    assert [(way["readers"], way["share"]) for way in fork["ways"]] == [(4, 0.5), (2, 0.25)]
    assert (fork["chapter_slug"], fork["drop_off"]) == (root, 0.375)
    before, day = yesterday["date"], today["date"]
    sheets = {
        "days": ["date,reads,readers,views", f"{before},0,0,6", f"{day},3,2,0"],
        "sources": ["date,source,views", f"{before},search,2", f"{before},t.co,1"],
        "forks": [
            "chapter,title,readers,drop_off,choice,leads_to,choice_readers,share",
            f"{root},The stairs,8,0.375,'=left,{left},4,0.5",
            f'{root},The stairs,8,0.375,"right, or not",{right},2,0.25',
        ],
        "totals": ["reads,readers,completions,finishers,completion", "14,8,3,2,0.25"],
    }
    etags = {author.get(f"{path}?days=2")["ETag"]}
    for part, lines in sheets.items():
        sheet = author.get(f"{path}?days=2&format=csv&part={part}")
        assert sheet["Content-Type"] == "text/csv; charset=utf-8"
        assert sheet.content.decode().splitlines() == lines
        etags.add(sheet["ETag"])
    assert len(etags) == 1 + len(sheets)
    assert author.get(f"{path}?days=2&format=csv").content.decode().splitlines() == sheets["days"]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\uff1d"])
def test_a_cell_that_a_spreadsheet_would_run_is_a_text(begin: str) -> None:
    way = WayView(f"{begin}1", "left", 1, None)
    title = f'{begin}HYPERLINK("x")'
    fork = ForkView(chapter_slug="c", title=title, readers=1, ways=[way], drop_off=None)
    sums = dict.fromkeys(("reads", "readers", "completions", "finishers"), 1)
    page = AnalyticsPage(story_slug="s", **sums, completion=None, days=[], forks=[fork])
    _, row = csv.reader(io.StringIO(write_csv(page, part="forks").decode(), newline=""))
    assert row == ["c", f"'{title}", "1", "", f"'{begin}1", "left", "1", ""]


def test_nobody_has_read_yet_and_nobody_below_co_author_is_told() -> None:
    author = sign_in()
    story, _ = published_story(author)
    page = author.get(f"/stories/{story}/analytics").json()
    assert (page["completion"], len(page["days"])) == (None, 30)
    for role, status in (("co_author", 200), ("moderator", 403)):
        assert join(author, story, role).get(f"/stories/{story}/analytics").status_code == status
    assert Caller().get(f"/stories/{story}/analytics").status_code == 401
    for query in ("days=0", "days=91", "days=x", "format=xml", "part=all"):
        assert author.get(f"/stories/{story}/analytics?{query}").status_code == 400, query
