"""Votes: one a person and subject, counted exactly however many come at once, and what follows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.analytics.trending import refresh_trending
from apps.chapters.documents import Chapter
from apps.notifications.counting import Count, deliver_count
from apps.notifications.documents import Notification
from apps.stories.documents import Story
from apps.users.departures import clear_away
from apps.users.documents import User
from apps.users.tallies import recount
from apps.votes.documents import Vote
from apps.votes.services import vote_on_chapter, vote_on_story
from storychain import counters
from storychain.outbox import OutboxRow
from tests.books import listening
from tests.factories import (
    Caller,
    join,
    published_story,
    sign_in,
    start_story,
    write_child,
    write_root,
)
from tests.queueing.here import attempt, run

pytestmark = pytest.mark.django_db(transaction=True)
VOTERS, THREADS = 60, 6
COUNTS = ("upvotes", "downvotes", "score")


@pytest.fixture
def author() -> Caller:
    return sign_in("author")


@pytest.fixture
def place(author: Caller) -> tuple[str, str]:
    return published_story(author)


def put(who: Caller, path: str, value: int = 1) -> int:
    """Vote; return the vote that stands then."""
    answer = who.send("PUT", f"{path}/vote", {"value": value})
    assert answer.status_code == 200, answer.content
    return int(answer.json()["value"])


def refusal(who: Caller, path: str) -> tuple[int, str]:
    answer = who.send("PUT", f"{path}/vote", {"value": 1})
    return answer.status_code, answer.json()["code"]


def like(place: tuple[str, str], *voters: str, value: int = 1) -> None:
    for voter in voters:
        vote_on_chapter(
            story_slug=place[0], slug=place[1], caller_id=voter, value=value, now=timezone.now()
        )
    counters.settle_once()


def counted(place: tuple[str, str]) -> tuple[int, int, int]:
    votes = Chapter.objects(slug=place[1]).get().votes
    return votes.up, votes.down, votes.score


def jobs(prefix: str) -> list[str]:
    return sorted(row.row_id for row in OutboxRow.objects(row_id__startswith=prefix))


def test_a_repeat_takes_it_back_a_flip_counts_twice_and_pages_show_it(
    place: tuple[str, str],
) -> None:
    reader = sign_in()
    story, chapter = f"/stories/{place[0]}", f"/stories/{place[0]}/chapters/{place[1]}"
    seen = []
    for path, value in ((chapter, 1), (chapter, -1), (chapter, -1), (story, -1), (chapter, 1)):
        stands = put(reader, path, value)
        counters.settle_once()
        page, stats = reader.get(chapter).json(), reader.get(story).json()["stats"]
        shown = [page[name] for name in COUNTS] + [stats[name] for name in ("total_votes", *COUNTS)]
        seen.append((stands, *shown))
    assert seen == [
        (1, 1, 0, 1, 1, 0, 0, 0),
        (-1, 0, 1, -1, 1, 0, 0, 0),
        (0, 0, 0, 0, 0, 0, 0, 0),
        (-1, 0, 0, 0, 1, 0, 1, -1),
        (1, 1, 0, 1, 2, 0, 1, -1),
    ]
    assert reader.get(f"{story}/me").json()["votes"] == [
        {"kind": "chapter", "key": place[1], "value": 1},
        {"kind": "story", "key": place[0], "value": -1},
    ]


@pytest.mark.parametrize("value", [2, 0, "1", True, [1], {"$gt": 0}])
def test_a_vote_that_is_none_is_told_what_would_be_one(
    author: Caller, place: tuple[str, str], value: Any
) -> None:
    answer = author.send("PUT", f"/stories/{place[0]}/vote", {"value": value})
    assert (answer.status_code, answer.json()["errors"]) == (400, {"value": ["Use one of: 1, -1."]})


def test_many_vote_for_one_chapter_at_once_exactly_and_in_few_writes(
    place: tuple[str, str],
) -> None:
    """Each votes, and every third takes it back; two settle meanwhile."""
    done = threading.Event()

    def vote(number: int) -> None:
        for _ in range(2 if number % 3 == 0 else 1):
            vote_on_chapter(
                story_slug=place[0],
                slug=place[1],
                caller_id=f"voter_{number}",
                value=-1 if number % 2 else 1,
                now=timezone.now(),
            )

    def keep_settling(_: int) -> None:
        while not done.wait(0.1):
            counters.settle_once()

    with ThreadPoolExecutor(THREADS + 2) as threads, listening() as changes:
        settlers = [threads.submit(keep_settling, n) for n in range(2)]
        list(threads.map(vote, range(VOTERS)))
        done.set()
        for one in settlers:
            one.result()
        counters.settle_once()
    stand = [vote.value for vote in Vote.objects]
    assert len(stand) == VOTERS - VOTERS // 3
    assert counted(place) == (stand.count(1), stand.count(-1), sum(stand))
    assert Story.objects(slug=place[0]).get().stats.total_votes == len(stand)
    writes = [change.model for change in changes]
    assert 0 < writes.count(Chapter) < VOTERS / 3
    assert 0 < writes.count(Story) < VOTERS / 3


def test_one_person_at_two_places_has_one_vote(place: tuple[str, str]) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: like(place, "twin"), range(7)))
    counters.settle_once()
    assert (Vote.objects.count(), counted(place)) == (1, (1, 0, 1))


def test_who_may_vote_on_what(author: Caller, place: tuple[str, str]) -> None:
    story, chapter = f"/stories/{place[0]}", f"/stories/{place[0]}/chapters/{place[1]}"
    reader, member = sign_in(), join(author, place[0], "contributor")
    assert refusal(author, story) == refusal(author, chapter) == (403, "own-work")
    author.patch(f"{story}/settings", {"allow_voting": False})
    assert refusal(reader, story) == refusal(reader, chapter) == (403, "story-forbidden")
    assert (put(member, story), put(member, chapter)) == (1, 1)
    assert refusal(reader, f"{story}/chapters/nowhere") == (404, "chapter-not-found")
    author.patch(f"{story}/settings", {"allow_voting": True})
    write_child(author, place[0], place[1])
    assert author.delete(chapter).status_code == 204  # a node: it stays, without its text
    assert refusal(reader, chapter) == (409, "chapter-removed")
    draft = start_story(author)
    first = write_root(author, draft)
    member = join(author, draft, "co_author")
    waiting = f"/stories/{draft}/chapters/{first}"
    assert refusal(member, f"/stories/{draft}") == refusal(member, waiting)
    assert refusal(member, waiting) == (409, "not-published")


def test_an_author_has_his_votes_as_long_as_what_they_are_for(
    author: Caller, place: tuple[str, str]
) -> None:
    leaf = write_child(author, *place)

    def has() -> tuple[int, int, int]:
        user = User.objects(clerk_id=author.user_id).get()
        assert recount(user_id=str(author.user_id)) is False  # as counted anew
        return user.stats.total_upvotes, user.stats.total_downvotes, user.xp

    before = has()[2]
    like((place[0], leaf), *(f"voter_{n}" for n in range(10)))
    like((place[0], leaf), "voter_0", "voter_x", value=-1)
    vote_on_story(slug=place[0], caller_id="voter_x", value=1, now=timezone.now())
    counters.settle_once()
    assert has() == (10, 2, before + 20)
    badge = f"notice:badge:{author.user_id}:well-liked"
    assert jobs(badge) == [badge]
    assert author.delete(f"/stories/{place[0]}/chapters/{leaf}").status_code == 204
    like((place[0], place[1]), "voter_1")
    stands = 2  # for the root and for the story itself
    assert Story.objects.get(slug=place[0]).stats.total_votes == stands
    assert has() == (2, 0, before - 20 + 4)
    write_child(author, *place)
    vote_on_chapter(
        story_slug=place[0], slug=place[1], caller_id="voter_2", value=1, now=timezone.now()
    )
    root = f"/stories/{place[0]}/chapters/{place[1]}"
    assert author.delete(root).status_code == 204  # its node stays; its last vote is not settled
    assert counters.settle_once() == 2
    assert has()[:2] == (1, 0)
    User.objects(clerk_id="voter_1").delete()
    assert author.delete(f"/stories/{place[0]}").status_code == 204
    assert has()[:2] == (0, 0)


def test_who_leaves_takes_his_votes_but_not_their_count(place: tuple[str, str]) -> None:
    reader = sign_in()
    like(place, str(reader.user_id), "other")
    User.objects(clerk_id=reader.user_id).get().bury(now=timezone.now())
    clear_away(user_id=str(reader.user_id))
    assert [vote.user_id for vote in Vote.objects] == ["other"]
    assert counted(place) == (2, 0, 2)


def told(user: Caller) -> list[tuple[str, bool]]:
    rows = Notification.objects(user_id=user.user_id, type="chapter_upvote")
    return [(row.message.split(" liked")[0], row.is_read) for row in rows.order_by("growth.number")]


def likes_told(author: Caller, place: tuple[str, str]) -> Iterator[str]:
    """Yield the jobs that tell of likes, as they come to be."""
    known: set[str] = set()
    while True:
        (new,) = set(jobs(f"notice:liked:{place[1]}:{author.user_id}:")) - known
        known.add(new)
        yield new


def test_likes_are_one_notification_that_grows_until_it_is_read(
    author: Caller, place: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    coming = likes_told(author, place)
    like(place, "a")
    first = next(coming)
    run(first)
    assert told(author) == [("1 person", False)]
    like(place, *(f"voter_{n}" for n in range(11)))
    second = next(coming)
    run(second, times=2)
    assert told(author) == [("12 people", False)]
    like(place, "a")  # takes it back: nothing to tell
    like(place, "b", "c")
    third = next(coming)
    attempt(third)
    attempt(second)  # delivered again, out of order
    assert told(author) == [("13 people", False)]
    assert author.post("/notifications/read-all").json() == {"unread": 0}
    attempt(third)  # and when it is read
    assert told(author) == [("13 people", True)]
    like(place, "d", "e", "f", "g")
    fourth = next(coming)
    with ThreadPoolExecutor(3) as threads:
        assert len(set(threads.map(lambda _: attempt(fourth).text, range(3)))) == 1
    assert told(author) == [("13 people", True), ("4 people", False)]
    assert author.get("/notifications/count").json() == {"unread": 1}
    like(place, "h")
    usual, looks = Notification.find_last, iter([None])  # as if it began after we had looked
    monkeypatch.setattr(Notification, "find_last", lambda group: next(looks, usual(group)))
    attempt(next(coming))
    assert told(author) == [("13 people", True), ("5 people", False)]


def test_likes_that_are_told_in_another_order_are_all_told_and_once(
    author: Caller, place: tuple[str, str]
) -> None:
    about = {"story_slug": place[0], "story_title": "S", "chapter_slug": place[1]}

    def tell(second: int, total: int, more: int) -> list[tuple[str, bool]]:
        at = datetime(2026, 2, 9, 15, 30, second, tzinfo=UTC)
        deliver_count(
            count=Count("liked", total, more, at),
            user_id=str(author.user_id),
            kind="chapter_upvote",
            related={**about, "chapter_title": "C"},
            now=at,
        )
        return told(author)

    assert tell(2, total=8, more=3) == [("3 people", False)]
    assert tell(1, total=5, more=5) == [("8 people", False)]
    assert tell(1, total=5, more=5) == [("8 people", False)]
    author.post("/notifications/read-all")
    assert tell(2, total=8, more=3) == [("8 people", True)]
    assert tell(4, total=13, more=2) == [("8 people", True), ("5 people", False)]
    for late in [(3, 11, 3), (2, 8, 3), (1, 5, 5)]:
        assert tell(*late) == [("8 people", True), ("5 people", False)]
    author.post("/notifications/read-all")
    assert tell(6, total=12, more=1)[2:] == [("1 person", False)]  # two took theirs back before
    assert tell(5, total=11, more=2)[2:] == [("3 people", False)]


def test_a_milestone_is_told_once_and_a_listed_story_trends_by_its_votes(
    author: Caller, place: tuple[str, str]
) -> None:
    milestone = f"notice:milestone:{place[0]}:votes:10"
    like(place, *(f"voter_{n}" for n in range(9)))
    assert jobs("notice:milestone") == []
    Vote.objects(user_id__in=["voter_0", "voter_1"]).update(
        set__voted_at=datetime.now(UTC) - timedelta(days=8)
    )
    like(place, "voter_9", "voter_10", value=-1)
    like(place, "voter_8")  # took it back
    like(place, "voter_8")
    assert jobs("notice:milestone") == [milestone]
    result: dict[str, Any] = run(milestone)
    kept = Notification.objects(notification_id=result["notificationId"]).get()
    assert (kept.user_id, kept.type) == (author.user_id, "story_milestone")
    assert kept.message.endswith("has reached 10 votes.")
    refresh_trending(now=timezone.now(), check=lambda: None)
    week, all_votes, level = 9, 11, User.objects(clerk_id=author.user_id).get().level
    trending = Story.objects(slug=place[0]).get().trending_score
    assert trending == pytest.approx(week * 0.2 + all_votes * 0.2 + level * 10 * 0.1)
