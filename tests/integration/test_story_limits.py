"""Five new stories an hour and seven a UTC day: at, below and above, and however they are sent."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.stories.documents import Story
from apps.stories.errors import StoryLimit
from apps.stories.services import PER_DAY, PER_HOUR, create_story, delete_story
from tests.factories import API, Caller, sign_in, unique

DAY = datetime(2026, 2, 9, tzinfo=UTC)
NOVEL = "text/plain"


def at(clock: str, *, days: int = 0) -> datetime:
    return datetime.combine(DAY + timedelta(days=days), time.fromisoformat(clock), UTC)


@pytest.fixture
def author() -> str:
    return str(sign_in("author").user_id)


def start(author: str, now: datetime) -> str:
    """Let somebody start a story; return "" if he may, or which limit he has come to."""
    try:
        create_story(creator_id=author, now=now, title=unique("The lamp"))
    except StoryLimit as limit:
        return next(word for word in ("hour", "day") if word in str(limit.detail))
    return ""


def test_the_limits_are_those_of_the_design() -> None:
    assert (PER_HOUR, PER_DAY) == (5, 7)


def test_the_sixth_waits_until_the_first_is_an_hour_old_and_the_eighth_for_midnight(
    author: str,
) -> None:
    told = [start(author, at(f"10:0{n}")) for n in range(5)]
    assert told == [""] * 5
    assert start(author, at("10:59:59.999")) == "hour"
    assert start(author, at("11:00:00")) == "hour"  # the first is not more than an hour old
    assert start(author, at("11:00:00.001")) == ""
    assert start(author, at("11:01:00")) == "hour"
    assert start(author, at("12:30")) == ""
    for late in ("12:31", "20:00", "23:59:59.999999"):
        assert start(author, at(late)) == "day"
    assert start(author, at("00:00", days=1)) == ""
    mine = Story.objects(creator_id=author)
    assert mine.count() == 8


def test_the_hour_reaches_over_midnight_and_the_day_begins_there(author: str) -> None:
    for clock in ("20:00", "20:01"):
        assert start(author, at(clock)) == ""
    for second in range(5):
        assert start(author, at(f"23:30:0{second}")) == ""
    assert start(author, at("23:59")) == "day"  # and the hour's, which is over sooner
    assert start(author, at("00:10", days=1)) == "hour"
    assert start(author, at("00:30:00.001", days=1)) == ""
    told = [start(author, at(f"0{hour}:00", days=1)) for hour in range(2, 9)]
    assert told == [""] * 6 + ["day"]


def test_what_was_deleted_counts_and_what_was_imported_does_not(author: str) -> None:
    now = at("12:00")
    for _ in range(9):
        create_story(creator_id=author, now=now, title=unique("Old"), is_import=True)
    for _ in range(5):
        story = create_story(creator_id=author, now=now, title=unique("The lamp"))
        delete_story(slug=story.slug, caller_id=author, now=now)
    assert start(author, now) == "hour"
    create_story(creator_id=author, now=now, title=unique("Old"), is_import=True)
    assert start(str(sign_in("other").user_id), now) == ""


def at_once(act: Callable[[int], int], many: int = 20) -> list[int]:
    with ThreadPoolExecutor(10) as pool:
        return sorted(pool.map(act, range(many)))


def test_of_twenty_at_once_as_many_are_started_as_may_be(settings: Settings) -> None:
    settings.UNIT_OF_WORK_SECONDS = 60  # all wait for one another on a busy machine
    author = sign_in("author")
    codes = at_once(lambda _: author.post("/stories", {"title": "The lamp"}).status_code)
    assert codes == [201] * 5 + [429] * 15
    assert len({story.slug for story in Story.objects(creator_id=author.user_id)}) == 5
    assert author.get("/users/me").json()["stats"]["stories_created"] == 5


def test_of_twenty_at_once_as_many_are_started_as_the_day_has_left(
    author: str, settings: Settings
) -> None:
    settings.UNIT_OF_WORK_SECONDS = 60
    assert [start(author, at("09:00")) for _ in range(5)] == [""] * 5
    told = at_once(lambda _: len(start(author, at("18:00"))))
    assert told == [0] * 2 + [len("day")] * 18
    assert Story.objects(creator_id=author).count() == 7


def test_a_request_that_is_sent_again_is_no_other_story_and_an_import_is_exempt() -> None:
    author = sign_in("author")

    def send(key: str, who: Caller = author) -> tuple[int, bytes]:
        answer = who.post("/stories", {"title": "The lamp"}, **{"Idempotency-Key": key})
        return answer.status_code, answer.content

    first = [send(f"key-{n}") for n in range(5)]
    assert [code for code, _ in first] == [201] * 5
    assert send("key-5")[0] == 429
    assert [send(f"key-{n}") for n in range(5)] == first
    text = "CHAPTER I\n\nIt was a dark night.\n\nCHAPTER II\n\nIt was day.\n"
    for verse in ("", "", "\nThe end.\n"):  # of which the second is the first, sent again
        answer = author.client.post(
            f"{API}/stories/import", data=text + verse, content_type=NOVEL, headers=author.headers
        )
        assert answer.status_code in (200, 201), answer.content
    assert Story.objects(creator_id=author.user_id, is_import=True).count() == 2
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=True):
        later = Caller(author.user_id)
        assert send("key-0", later) == first[0]
        assert send("key-5", later)[0] == 201  # what was refused has kept no answer
    assert Story.objects(creator_id=author.user_id, is_import__ne=True).count() == 6
