"""What somebody reads: how heartbeats count, what they count for, and what he sees of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.core.management import call_command
from pymongo.monitoring import CommandListener

from apps.analytics.limits import EVENTS, READ
from apps.analytics.reports import get_analytics
from apps.analytics.services import TrackedEvent, record_events, roll_up_day
from apps.analytics.trending import refresh_trending
from apps.chapters.documents import Chapter
from apps.reading import backfilling
from apps.reading.documents import ChapterRead, CountedRead, ReadingHistory, Sitting
from apps.reading.limits import LONGEST_PATH
from apps.reading.services import STEP, Beat, beat
from apps.stories.documents import Story
from storychain import counters, mongodb
from storychain.queues.records import list_jobs
from tests.emptying import empty_the_cache
from tests.factories import Caller, published_story, sign_in, start_story, write_child
from tests.queueing.here import run
from tests.searching import index_pending

pytestmark = pytest.mark.django_db(transaction=True)  # jobs run
NOW = datetime(2026, 2, 9, 15, 30, tzinfo=UTC)


@dataclass
class Desk:
    """A story of two chapters, the second an ending, and somebody who reads it."""

    author: Caller = field(default_factory=lambda: sign_in("author"))
    reader: Caller = field(default_factory=lambda: sign_in("reader"))

    def __post_init__(self) -> None:
        self.story, self.root = published_story(self.author)
        self.end = write_child(self.author, self.story, self.root, is_ending=True)

    def beat(
        self, second: float, chapter: str, *, tab: str = "a", reader: Caller | None = None
    ) -> Beat:
        return beat(
            user_id=str((reader or self.reader).user_id),
            story_slug=self.story,
            chapter_slug=chapter,
            tab=tab,
            now=NOW + timedelta(seconds=second),
        )

    def read(self, second: float, *chapters: str, reader: Caller | None = None) -> None:
        """Read chapters one after the other, each for 25 seconds."""
        for n, chapter in enumerate(chapters):
            self.beat(second + 25 * n, chapter, reader=reader)
            self.beat(second + 25 * n + 25, chapter, reader=reader)

    def stats(self) -> tuple[dict[str, int], dict[str, int], int]:
        """What is counted of the two chapters and the story, once it is settled."""
        counters.settle_once()
        names = ("reads", "unique_readers", "completions", "total_read_time")
        both = [Chapter.objects.get(slug=slug).stats for slug in (self.root, self.end)]
        root, end = ({n: stats[n] for n in names} for stats in both)
        return root, end, Story.objects.get(slug=self.story).stats.total_reads

    def page(self, query: str = "") -> dict[str, Any]:
        answer = self.reader.get(f"/stories/{self.story}/reading-history{query}")
        assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")
        found: dict[str, Any] = answer.json()
        return found


def counted(reads: int, time: int, ends: int = 0) -> dict[str, int]:
    return {
        "reads": reads,
        "unique_readers": reads,
        "completions": ends,
        "total_read_time": time,
    }


def test_a_heartbeat_counts_the_time_since_the_one_before_of_one_tab() -> None:
    desk = Desk()
    for second, tab, chapter, expected in [
        (0, "a", desk.root, Beat(True, 0, False)),
        (19.9, "a", desk.root, Beat(True, 19, False)),
        (20, "a", desk.root, Beat(True, 20, True)),
        (50, "b", desk.root, Beat(False, 20, True)),  # another tab, while the first one reads
        (60, "a", desk.root, Beat(True, 60, True)),  # 40 s: still a heartbeat
        (59, "a", desk.root, Beat(True, 60, True)),  # came late: of no server's clock
        (100.1, "a", desk.root, Beat(True, 0, False)),  # too long: a new stay
        (140.1, "b", desk.end, Beat(False, 0, False)),
        (140.2, "b", desk.end, Beat(True, 0, False)),  # the first one is silent: taken over
        (150, "a", desk.root, Beat(False, 9, False)),
        (165.2, "b", desk.end, Beat(True, 25, True)),
        (170.2, "b", desk.root, Beat(True, 0, False)),  # a new stay
    ]:
        told = desk.beat(second, chapter, tab=tab)
        assert (told.is_counted, told.is_read) == (expected.is_counted, expected.is_read), second
        assert not told.is_counted or told.seconds == expected.seconds, second
    reads = {item["chapter_slug"]: item for item in desk.page()["items"]}
    assert [(reads[c]["read_time"], reads[c]["qualified"]) for c in (desk.root, desk.end)] == [
        (60, True),
        (30, True),  # with the 5 s until he turned the page
    ]
    root, end, total = desk.stats()
    assert (root, end, total) == (counted(1, 60), counted(1, 30, ends=1), 2)


def test_a_reader_counts_once_for_a_chapter_also_if_he_forgets_that_he_read_it() -> None:
    desk, other = Desk(), sign_in()
    desk.read(0, desk.root, desk.end, desk.root)
    assert desk.stats() == (counted(1, 50), counted(1, 25, ends=1), 2)
    place = f"/stories/{desk.story}/reading-history"
    history = ReadingHistory.find(user_id=str(desk.reader.user_id), story_slug=desk.story)
    assert history is not None
    assert [desk.reader.delete(place).status_code for _ in range(2)] == [204, 404]
    desk.read(1000, desk.root)  # before the worker has cleared the old reads away
    assert desk.page()["progress"]["chapters_read"] == 1
    assert ChapterRead.objects(history_id=history.history_id).count() == 2
    old = {"history_id": history.history_id, "chapter_slug": "x", "last_read_at": NOW}
    ChapterRead.objects.insert([ChapterRead(read_id=f"x{n}", **old) for n in range(STEP)])
    assert run(f"forget:{history.history_id}", times=1) == STEP + 2
    assert ChapterRead.objects(history_id=history.history_id).count() == 0
    assert [item["chapter_slug"] for item in desk.page()["items"]] == [desk.root]
    other_end = write_child(desk.author, desk.story, desk.root, is_ending=True)
    stored = ReadingHistory._get_collection()
    stored.update_many({"story_slug": desk.story}, {"$set": {"counted_on": "2026-02-08"}})
    desk.read(2000, desk.end, other_end, reader=other)
    desk.read(3000, desk.end)  # from a history that was stored before days counted chapters
    assert desk.stats() == (counted(1, 75), counted(2, 75, ends=2), 4)
    ends = get_analytics(story_slug=desk.story, days=1, today=NOW.date()).value
    assert (ends.completions, ends.finishers) == (3, 2)


def test_drop_off_counts_each_reader_once_who_read_on_in_whichever_order() -> None:
    desk = Desk()
    side = write_child(desk.author, desk.story, desk.root, is_ending=True)
    both, stopped, back, elsewhere = (sign_in() for _ in range(4))
    desk.read(0, desk.root, desk.end, side, reader=both)
    desk.read(0, desk.root, reader=stopped)
    desk.read(0, desk.end, desk.root, reader=back)
    desk.read(0, desk.end, reader=elsewhere)
    desk.stats()
    story = {"story_slug": desk.story, "days": 1, "today": NOW.date()}
    (fork,) = get_analytics(**story).value.forks
    assert (fork.readers, [way.readers for way in fork.ways]) == (3, [3, 1])
    assert fork.drop_off == round(1 / 3, 4)


def test_what_was_read_before_it_was_counted_is_counted_by_histories_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(backfilling, "STEP", 1)
    desk, other = Desk(), sign_in()
    side = write_child(desk.author, desk.story, desk.root, is_ending=True)
    desk.read(0, desk.root, desk.end, side)
    desk.read(0, desk.root, reader=other)
    desk.beat(100, desk.end, reader=other)  # which is no read

    def counted_so_far() -> list[Any]:
        root, end, total = desk.stats()
        times = (root.pop("total_read_time"), end.pop("total_read_time"))
        assert times == (50, 25)
        story = Story.objects.get(slug=desk.story).stats
        return [
            root,
            end,
            total,
            story.finishers,
            Chapter.objects.get(slug=desk.root).stats.went_on,
        ]

    def run_it() -> str:
        call_command("backfill_reads")
        return capsys.readouterr().out

    before = counted_so_far()
    assert before[2:] == [4, 1, 1]
    assert run_it() == "0 brought up to date\n"
    assert counted_so_far() == before
    names = ("reads", "unique_readers", "completions", "went_on")
    Chapter.objects(story_slug=desk.story).update(**{f"set__stats__{name}": 0 for name in names})
    Story.objects(slug=desk.story).update(set__stats__total_reads=0, set__stats__finishers=0)
    CountedRead.objects(mark__gt="").delete()
    for out in ("4 brought up to date\n", "0 brought up to date\n"):
        assert run_it() == out
        assert counted_so_far() == before
    # As of a story that was read before ends and ways were counted: its chapters count already.
    claims = CountedRead._mark(f"{desk.reader.user_id}/end:{desk.story}")
    way = CountedRead._mark(f"{desk.reader.user_id}/on:{desk.root}")
    assert CountedRead.objects(mark__in=[claims, way]).delete() == 2
    Story.objects(slug=desk.story).update(set__stats__finishers=0)
    Chapter.objects(slug=desk.root).update(set__stats__went_on=0)
    assert run_it() == "1 brought up to date\n"
    assert counted_so_far() == before
    told: list[tuple[int, int]] = []
    backfilling.backfill(report=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


class Ear(CommandListener):
    """Counts what is asked of MongoDB."""

    def __init__(self) -> None:
        self.heard: Counter[str] = Counter()

    def started(self, event: Any) -> None:
        self.heard[event.command_name] += 1

    def succeeded(self, event: Any) -> None:
        pass

    failed = succeeded


@pytest.fixture
def ear() -> Iterator[Ear]:
    found = Ear()
    mongodb.listen(found)
    mongodb.disconnect()
    yield found
    mongodb._listeners.remove(found)


def test_a_heartbeat_from_which_nothing_follows_is_one_read_and_one_write(ear: Ear) -> None:
    desk = Desk()
    desk.read(0, desk.root)
    desk.reader.get("/reading-history")
    ear.heard.clear()
    for second in (50, 75, 100):
        desk.beat(second, desk.root)
    desk.beat(101, desk.root, tab="b")
    assert ear.heard == {"find": 4, "update": 3}
    assert desk.reader.get("/reading-history")["X-Cache"] == "HIT"


def test_a_heartbeat_that_meets_another_of_its_reader_counts_nothing_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk()
    desk.beat(0, desk.root)
    desk.beat(10, desk.root)
    store = Sitting.store_in_place_of

    def store_late(sitting: Sitting, before: Any) -> bool:
        """Write when he has turned the page in the meantime."""
        monkeypatch.setattr(Sitting, "store_in_place_of", store)
        desk.beat(30, desk.end)
        return store(sitting, before)

    monkeypatch.setattr(Sitting, "store_in_place_of", store_late)
    desk.beat(15, desk.root)
    assert sum(item["read_time"] for item in desk.page()["items"]) == 30
    assert desk.stats()[0] == counted(1, 30)


def test_he_sees_where_he_is_what_he_read_and_which_endings_he_found() -> None:
    desk = Desk()
    assert desk.page()["progress"]["current_chapter_slug"] is None
    assert desk.reader.get("/reading-history").json()["items"] == []
    desk.read(0, desk.root, desk.end)
    (row,) = desk.reader.get("/reading-history").json()["items"]
    assert (row["story"]["title"], row["current_chapter"]["slug"]) == ("The lamp", desk.end)
    assert (row["chapters_read"], row["endings_found"]) == (2, 1)
    page = desk.page("?limit=1")
    progress = page["progress"]
    assert progress["path"] == [desk.root, desk.end]
    assert progress["completed_endings"] == [desk.end]
    assert [item["chapter_slug"] for item in page["items"]] == [desk.end]
    behind = desk.page(f"?limit=1&cursor={page['next_cursor']}")
    assert [item["chapter_slug"] for item in behind["items"]] == [desk.root]
    overlay = desk.reader.get(f"/stories/{desk.story}/me").json()["progress"]
    assert overlay == progress
    assert overlay["started_at"] == "2026-02-09T15:30:00Z"
    mine = ReadingHistory.objects(user_id=desk.reader.user_id)
    mine.update(set__path=["x"] * LONGEST_PATH)
    desk.beat(100, desk.root)
    desk.beat(110, desk.root)
    assert desk.page()["progress"]["path"] == ["x"] * (LONGEST_PATH - 1) + [desk.root]
    other = sign_in()
    assert other.get("/reading-history").json()["items"] == []
    assert other.get(f"/stories/{desk.story}/me").json()["progress"]["chapters_read"] == 0
    desk.author.patch(f"/stories/{desk.story}/settings", {"is_public": False})
    assert desk.reader.get("/reading-history").json()["items"] == []
    assert desk.reader.get(f"/stories/{desk.story}/reading-history").status_code == 404
    assert desk.reader.delete(f"/stories/{desk.story}/reading-history").status_code == 204


def test_only_what_readers_have_is_read() -> None:
    desk = Desk()
    path, tab = "/reading-history/heartbeat", {"session_id": "a-tab"}
    at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    draft = write_child(desk.author, desk.story, desk.root, publish_at=at)
    where = {"story_slug": desk.story, "chapter_slug": desk.root, **tab}
    told = desk.reader.post(path, where)
    assert told.json() == {"counted": True, "seconds": 0, "is_read": False}
    for chapter in (draft, "no-such"):
        answer = desk.author.post(path, {**where, "chapter_slug": chapter})
        assert answer.json()["code"] == "chapter-not-found"
    desk.author.patch(f"/stories/{desk.story}/settings", {"is_public": False})
    hidden, absent = (
        desk.reader.post(path, {**where, "story_slug": story}) for story in (desk.story, "none")
    )
    assert hidden.status_code == absent.status_code == 404
    assert hidden.json()["code"] == absent.json()["code"]
    assert Caller().post(path, where).status_code == 401


def test_a_read_counts_once_a_day_and_a_reader_once_and_nothing_that_clients_tell() -> None:
    desk, other = Desk(), sign_in()
    today, tomorrow = 0, 24 * 3600
    desk.beat(today, desk.root)
    desk.beat(today + 15, desk.root)  # which is no read
    desk.read(today + 100, desk.root, desk.end)
    desk.read(today + 200, desk.root, reader=other)
    desk.read(tomorrow, desk.root)  # that he read it before is no matter
    found = list_jobs(queue="analytics", state="waiting", limit=100)
    jobs = [job for job in found if job.name == "analytics.record"]
    reads = sorted((job.args["userId"], job.args["timestamp"][:10]) for job in jobs)
    mine, theirs = str(desk.reader.user_id), str(other.user_id)
    first, second = "2026-02-09", "2026-02-10"
    assert reads == sorted([(mine, first), (mine, first), (mine, second), (theirs, first)])
    events = [msgspec.convert(job.args, TrackedEvent) for job in jobs]
    record_events([*events, *events])
    assert {event.event for event in events} == {READ}
    about = {"story_slug": desk.story}
    record_events(  # what anybody may post of a story that he has not opened
        TrackedEvent(event=name, timestamp=NOW, user_id=user, properties=about)
        for name in EVENTS
        for user in ("forger", "another", None)
    )
    Story.objects(slug=desk.story).update_one(set__published_at=NOW)
    now = NOW + timedelta(seconds=tomorrow)
    roll_up_day(day=NOW.date())
    refresh_trending(now=now, check=lambda: None)
    page = get_analytics(story_slug=desk.story, days=2, today=now.date()).value
    assert [(day.reads, day.readers) for day in page.days] == [(3, 2), (1, 1)]
    score = Story.objects.get(slug=desk.story).trending_score
    level = 1
    assert score == round((3 * 0.3 + level) / (1 + 1 / 30), 2)


def test_what_he_turns_to_is_the_latest_and_counts_on_no_day_on_which_he_read_nothing() -> None:
    desk = Desk()
    last = write_child(desk.author, desk.story, desk.root, title="A cellar")
    desk.read(0, desk.end)
    desk.beat(50, desk.end)
    desk.beat(3 * 24 * 3600, last)
    items = desk.page()["items"]
    assert [(item["chapter_slug"], item["last_read_at"][:19]) for item in items] == [
        (last, "2026-02-12T15:30:00"),
        (desk.end, "2026-02-09T15:30:50"),
    ]
    jobs = list_jobs(queue="analytics", state="waiting", limit=100)
    read = [job.args["timestamp"][:10] for job in jobs if job.name == "analytics.record"]
    assert read == ["2026-02-09"]


def test_a_stay_is_of_one_day_and_ends_with_a_longer_silence() -> None:
    desk = Desk()
    day, midnight = 24 * 3600, 8.5 * 3600  # in seconds from NOW
    desk.read(0, desk.root)
    for second, chapter in [(0, desk.root), (25, desk.root), (50, desk.end)]:
        desk.beat(2 * day + second, chapter)  # the page was open all the time
    desk.beat(4 * day, desk.root)
    desk.beat(4 * day + 1, desk.end)  # of that day's second nothing is a read
    for second in (-50, -25, 10):
        desk.beat(5 * day + midnight + second, desk.root)
    past = [desk.beat(5 * day + midnight + second, desk.root) for second in (15, 31)]
    assert [told.seconds for told in past] == [5, 21]
    jobs = list_jobs(queue="analytics", state="waiting", limit=100)
    read = {
        (job.args["properties"]["chapter_slug"], job.args["timestamp"][:10])
        for job in jobs
        if job.name == "analytics.record"
    }
    days = ("2026-02-09", "2026-02-11", "2026-02-14", "2026-02-15")
    assert read == {(desk.root, one) for one in days}
    assert desk.stats()[0]["total_read_time"] == 25 + 50 + 60 + 21


def test_lists_of_stories_ask_as_much_of_mongodb_for_few_as_for_many(ear: Ear) -> None:
    author, reader = sign_in("author"), sign_in("reader")
    start_story(reader)  # so that what he finds is his own
    found = []
    for _ in range(2):
        for _ in range(2):
            story, root = published_story(author, settings={"genres": ["gothic"]})
            place = f"/stories/{story}"
            reader.send("PUT", f"{place}/follow")
            reader.send("PUT", f"{place}/chapters/{root}/bookmark", {"shelf": "later"})
            where = {"story_slug": story, "chapter_slug": root, "session_id": "a"}
            reader.post("/reading-history/heartbeat", where)
        index_pending()
        empty_the_cache()
        lists = ("/bookmarks", "/users/me/followed-stories", "/reading-history")
        for path in (*lists, "/search?q=lamp&type=story&genre=gothic"):
            ear.heard.clear()
            shown = len(reader.get(path).json()["items"])
            found.append((path, shown, ear.heard.total()))
    assert [count for _, count, _ in found] == [2] * 4 + [4] * 4
    assert [asked for *_, asked in found[:4]] == [asked for *_, asked in found[4:]], found
