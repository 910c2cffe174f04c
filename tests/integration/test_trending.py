"""Trending: the order that the formula says, fading with age, and a page that lies ready."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from apps.analytics.limits import READ
from apps.analytics.services import TrackedEvent, record_events, roll_up_day
from apps.analytics.trending import refresh_trending
from apps.chapters.documents import Chapter
from apps.stories.documents import Story
from apps.users.documents import User
from storychain.cache.inspecting import inspect_entry
from storychain.queues import ledger
from storychain.queues.execution import perform
from storychain.queues.running import Run
from storychain.queues.wire import Ask
from tests.factories import Caller, published_story, sign_in, write_child
from tests.searching import index_pending

pytestmark = pytest.mark.django_db  # every run of a job closes old connections


@pytest.fixture
def author() -> Caller:
    return sign_in()


def read(story: str, *users: str | None, days_ago: int = 0) -> None:
    at = timezone.now() - timedelta(days=days_ago)
    record_events(
        TrackedEvent(event=READ, user_id=user, properties={"story_slug": story}, timestamp=at)
        for user in users
    )
    roll_up_day(day=at.date())


def refresh(now: datetime | None = None) -> int:
    return refresh_trending(now=now or timezone.now(), check=lambda: None)


def score(slug: str) -> float:
    return Story.objects(slug=slug).first().trending_score


def shown(caller: Caller, query: str = "") -> list[str]:
    answer = caller.get(f"/stories/trending{query}")
    assert answer.status_code == 200
    return [item["slug"] for item in answer.json()["items"]]


def test_a_score_is_what_the_formula_says(author: Caller) -> None:
    story, root = published_story(author)
    Story.objects(slug=story).update_one(set__stats__total_votes=10)
    write_child(author, story, root)
    write_child(author, story, root)  # the second way on is a branch
    write_child(author, story, root)  # which counts for its writer's day, as all that he writes
    write_child(sign_in(), story, root)
    before = write_child(author, story, root)
    yesterday = timezone.now() - timedelta(days=1)
    Chapter.objects(slug=before).update_one(set__created_at=yesterday)
    third = write_child(author, story, root)  # but none that came from a file and was edited
    Chapter.objects(slug=third).update_one(set__is_import=True)
    read(story, "ann", "ann", "bob", None)
    read(story, "ann", days_ago=6)
    read(story, "ann", "bob", "eve", days_ago=7)
    User.objects(clerk_id=author.user_id).update_one(set__level=3)
    refresh()
    reads, votes, branches, all_votes, level = 3, 0, 3, 10, 3
    assert score(story) == pytest.approx(
        reads * 0.3 + votes * 0.2 + branches * 20 * 0.2 + all_votes * 0.2 + level * 10 * 0.1
    )


def test_it_fades_with_age(author: Caller) -> None:
    story, _ = published_story(author)
    Story.objects(slug=story).update_one(set__stats__total_votes=1000)
    now = timezone.now()
    found = []
    for days in (0, 30, 300):
        refresh(now + timedelta(days=days))
        found.append(score(story))
    assert found == [201.0, 100.5, 18.27]


def test_the_liveliest_come_first_page_by_page(author: Caller) -> None:
    quiet, lively, livelier = (published_story(author)[0] for _ in range(3))
    read(lively, "ann")
    read(livelier, "ann", "bob")
    assert refresh() == 3
    assert shown(author) == [livelier, lively, quiet]
    first = author.get("/stories/trending?limit=1").json()
    assert [item["slug"] for item in first["items"]] == [livelier]
    second = author.get(f"/stories/trending?limit=1&cursor={first['next_cursor']}").json()
    assert [item["slug"] for item in second["items"]] == [lively]
    assert shown(author, f"?limit=1&cursor={second['next_cursor']}") == [quiet]
    assert shown(author, f"?limit=2&cursor={first['next_cursor']}") == [lively, quiet]


def test_what_is_not_public_is_not_in_it(author: Caller) -> None:
    story, _ = published_story(author)
    refresh()
    assert shown(author) == [story]
    author.patch(f"/stories/{story}/settings", {"is_public": False})
    assert shown(author) == []


def test_scores_that_stand_still_are_not_written(author: Caller) -> None:
    published_story(author)
    assert [refresh(), refresh()] == [1, 0]


def test_scoring_leaves_every_page_but_the_list_as_it_is(author: Caller) -> None:
    story, _ = published_story(author)
    pages = (f"/stories/{story}", f"/stories/{story}/overview", "/stories", "/stories/new")
    for page in pages:
        author.get(page)
    read(story, "ann")
    assert refresh() == 1
    assert [author.get(page)["X-Cache"] for page in pages] == ["HIT"] * len(pages)


def test_a_new_chapter_shows_in_the_count_at_once_and_one_elsewhere_leaves_the_page(
    author: Caller,
) -> None:
    story, root = published_story(author)
    refresh()
    shown(author)
    published_story(author)
    assert author.get("/stories/trending")["X-Cache"] == "HIT"
    write_child(author, story, root)
    items = author.get("/stories/trending").json()["items"]
    assert {item["slug"]: item["stats"]["total_chapters"] for item in items}[story] == 2


def test_the_job_lays_the_first_page_ready(author: Caller) -> None:
    from apps.analytics import jobs
    from apps.stories import keys

    story, _ = published_story(author)
    index_pending()  # the queue is search's as well
    for _ in range(2):
        jobs.refresh_trending.enqueue()
        ask = Ask(1, 1, str(timezone.now()))
        _, (claimed,) = ledger.exchange(queue="analytics", holder="t#1", ask=ask)
        outcome = perform(Run(queue="analytics", claimed=claimed))
        ledger.exchange(queue="analytics", holder="t#1", outcomes=[outcome], ask=None)
        assert outcome.state == "completed", outcome.text
        answer = Caller().get("/stories/trending")
        assert (answer["X-Cache"], answer.json()["items"][0]["slug"]) == ("HIT", story)
    entry = inspect_entry(keys.story_list("trending", limit=20))
    assert entry is not None
    assert entry.seconds > 30 * 60  # until after the next run


def test_today_begins_at_midnight_utc(author: Caller) -> None:
    story, _ = published_story(author)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for minutes, user in ((0, "ann"), (-1, "bob")):
        at = midnight + timedelta(minutes=minutes)
        told = {"story_slug": story}
        record_events([TrackedEvent(event=READ, user_id=user, properties=told, timestamp=at)])
    refresh(midnight + timedelta(seconds=1))
    assert score(story) == pytest.approx(1.3)  # yesterday's count is the roll-up's
