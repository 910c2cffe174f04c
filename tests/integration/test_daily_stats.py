"""A day's figures: counted from its events, and counted again with the same result."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from apps.analytics import jobs
from apps.analytics.documents import AnalyticsEvent, DailyStat
from apps.analytics.limits import RECOUNTED
from apps.analytics.services import STEP, TrackedEvent, record_events, roll_up_day
from apps.stories.documents import Story
from storychain.bulk import Unstorable
from storychain.schedules.declarations import list_declarations
from tests.queueing.here import attempt

pytestmark = pytest.mark.django_db  # every run of a job closes old connections

DAY = date(2026, 3, 1)
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
END = BEGIN + timedelta(days=1)
LAST = END - timedelta(milliseconds=1)


@pytest.fixture
def stories() -> None:
    """Let the stories "lamp" and "stairs" be there."""
    times = dict.fromkeys(("created_at", "updated_at", "last_activity_at"), BEGIN)
    about = {"title": "The house", "creator_id": "ann", **times}
    Story.objects.insert([Story(slug=slug, **about) for slug in ("lamp", "stairs")])


def tell(event: str, user: str | None = None, story: str = "", at: datetime = BEGIN) -> None:
    about = {"story_slug": story} if story else {}
    told = TrackedEvent(event=event, user_id=user, properties=about, timestamp=at)
    record_events([told])


def figures() -> dict[tuple[str, str], Any]:
    stats = DailyStat.objects(date__gte="2000-01-01")
    return {(stat.date, stat.scope): (dict(stat.counts), dict(stat.people)) for stat in stats}


@pytest.mark.usefixtures("stories")
def test_a_day_is_counted_in_all_and_by_story_and_people_once() -> None:
    for user in ("ann", "ann", "bob", None):
        tell("chapter_read", user, "lamp")
    tell("chapter_read", "ann", "stairs")
    tell("page_view", None)
    roll_up_day(day=DAY)
    assert figures() == {
        ("2026-03-01", "platform"): (
            {"chapter_read": 5, "page_view": 1},
            {"chapter_read": 2},
        ),
        ("2026-03-01", "story:lamp"): ({"chapter_read": 4}, {"chapter_read": 2}),
        ("2026-03-01", "story:stairs"): ({"chapter_read": 1}, {"chapter_read": 1}),
    }


def test_a_day_ends_where_the_next_begins() -> None:
    for at in (BEGIN - timedelta(milliseconds=1), BEGIN, LAST, END):
        tell("page_view", at=at)
    for days in (-1, 0, 1):
        roll_up_day(day=DAY + timedelta(days=days))
    assert {key[0]: counts["page_view"] for key, (counts, _) in figures().items()} == {
        "2026-02-28": 1,
        "2026-03-01": 2,
        "2026-03-02": 1,
    }


@pytest.mark.usefixtures("stories")
def test_counted_again_it_comes_out_equal_and_what_is_gone_goes() -> None:
    tell("page_view", "ann", "lamp")
    tell("page_view", "ann", "stairs")
    roll_up_day(day=DAY)
    first = figures()
    roll_up_day(day=DAY)
    assert figures() == first
    AnalyticsEvent.objects(occurred_at__gte=BEGIN, story_slug="lamp").delete()
    roll_up_day(day=DAY)
    assert set(figures()) == {("2026-03-01", "platform"), ("2026-03-01", "story:stairs")}


@pytest.mark.usefixtures("stories")
def test_what_is_told_of_no_story_counts_in_all_and_leaves_no_figures() -> None:
    bad = ["The Lamp", "a\n", "-a", "l" * 81, "lamp/..", "лампа", {"$gt": ""}, ["lamp"], 7]
    for slug in ["lamp", *bad]:
        told = TrackedEvent(event="x", timestamp=BEGIN, properties={"story_slug": slug})
        record_events([told])
    stored = AnalyticsEvent.objects(occurred_at=BEGIN, story_slug__gt="")
    assert [event.story_slug for event in stored] == ["lamp"]
    record_events(  # each may be a story, and is none
        TrackedEvent(
            event="story_view",
            user_id="ann",
            timestamp=BEGIN,
            properties={"story_slug": slug, "source": "search"},
        )
        for slug in ("stairs", *(f"none-{n}" for n in range(STEP + 1)))
    )
    roll_up_day(day=DAY)
    found = {stat.scope: stat for stat in DailyStat.objects(date=DAY.isoformat())}
    assert set(found) == {"platform", "story:lamp", "story:stairs"}
    assert found["platform"].counts == {"x": 1 + len(bad), "story_view": STEP + 2}
    assert found["story:stairs"].people == {"story_view": 1}
    assert found["story:stairs"].sources == [["search", 1]]
    Story.objects(slug="stairs").delete()
    roll_up_day(day=DAY)
    assert DailyStat.objects(date=DAY.isoformat(), scope="story:stairs").count() == 0


def test_an_event_that_is_recorded_again_is_one() -> None:
    told = TrackedEvent(event="page_view", timestamp=BEGIN)
    other = TrackedEvent(event="page_view", timestamp=BEGIN)
    record_events([told])
    record_events([told, other, told])
    assert AnalyticsEvent.objects(occurred_at=BEGIN).count() == 2


@pytest.mark.parametrize("properties", [{"n": 2**80}, {"a\0b": 1}])
def test_an_event_that_cannot_be_stored_says_so(properties: dict[str, Any]) -> None:
    with pytest.raises(Unstorable):
        record_events([TrackedEvent(event="x", timestamp=BEGIN, properties=properties)])


def test_the_schedule_counts_the_days_before_its_slot_also_if_it_runs_later() -> None:
    slot = datetime.now(UTC).replace(hour=0, minute=1) - timedelta(days=20)
    for days in range(4):
        tell("page_view", at=slot + timedelta(days=days - 2))
    slot_given = {"slot": slot.isoformat(), "schedule": "aggregate-daily-stats"}
    outcome = attempt(jobs.roll_up.enqueue(**slot_given))
    before = [(slot - timedelta(days=days)).date().isoformat() for days in (2, 1)]
    assert outcome.state == "completed"
    assert json.loads(outcome.text) == before
    assert {key[0] for key in figures()} == set(before)


def test_what_a_day_came_to_stays_when_its_events_are_cleared_away() -> None:
    day = datetime.now(UTC).date() - RECOUNTED - timedelta(days=1)
    DailyStat.replace_day(date=day.isoformat(), found={"platform": {"counts": {"x": 7}}})
    assert attempt(jobs.roll_up.enqueue(day=day)).state == "dead"
    assert figures() == {(day.isoformat(), "platform"): ({"x": 7}, {})}
    assert attempt(jobs.roll_up.enqueue(day=day + timedelta(days=1))).state == "completed"


def test_a_day_waits_only_once() -> None:
    assert jobs.roll_up.enqueue(day=DAY) == jobs.roll_up.enqueue(day=DAY)


def test_both_run_by_themselves() -> None:
    timings = {one.name: one.timing[0] for one in list_declarations()}
    assert timings["aggregate-daily-stats"] == "1 0 * * *"
    assert timings["refresh-trending-stories"] == "*/30 * * * *"
