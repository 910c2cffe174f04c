"""News of a story reach whoever follows it or its author: each once, whatever dies in between."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.utils import timezone

from apps.access.documents import StoryBan
from apps.follows.documents import STORY, USER, Follow
from apps.notifications import fanning
from apps.notifications.documents import Notification
from apps.notifications.kinds import compose
from apps.notifications.services import deliver_many
from apps.users.documents import Preferences, User
from storychain import outbox, redis
from storychain.queues import ledger
from storychain.queues.execution import perform
from storychain.queues.jobs import Priority
from storychain.queues.records import get_job
from storychain.queues.running import Run
from storychain.queues.topology import NOTIFICATION
from storychain.queues.wire import Ask
from tests.factories import (
    join,
    publish,
    published_story,
    sign_in,
    start_story,
    unique,
    write_child,
    write_root,
)
from tests.queueing.here import HOLDER, run

pytestmark = pytest.mark.django_db(transaction=True)
MANY, STEP, TOGETHER = 120, 50, 20
TO_MANY = {"notification.fan_out", "notification.deliver_many"}


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanning, "STEP", STEP)
    monkeypatch.setattr(fanning, "TOGETHER", TOGETHER)


def fans(prefix: str, count: int, **who: Any) -> list[str]:
    """Store people, past the services; return their ids."""
    ids = [f"{prefix}_{n:04}" for n in range(count)]
    now = timezone.now()
    User.objects.insert([User(clerk_id=i, username=i, created_at=now, **who) for i in ids])
    return ids


def follow(ids: list[str], kind: str, name: str) -> None:
    Follow.objects.insert(
        [
            Follow(
                follow_id=f"{i}/{kind}/{name}",
                follower_id=i,
                kind=kind,
                following_id=name,
                followed_at=timezone.now(),
            )
            for i in ids
        ]
    )


def run_all(*, times: int = 1) -> Counter[str]:
    """Run what is to be told until nothing is left; return how many jobs of which name.

    Each so often as if it were delivered again after its effect. What is told to many lets all
    else go first.
    """
    done: Counter[str] = Counter()
    while True:
        ask = Ask(want=1, cap=10_000, nonce=unique("nonce"))
        _, claimed = ledger.exchange(queue=NOTIFICATION, holder=HOLDER, ask=ask)
        if not claimed:
            return done
        tries = [Run(queue=NOTIFICATION, claimed=claimed[0]) for _ in range(times)]
        outcomes = [perform(one) for one in tries]
        assert {outcome.state for outcome in outcomes} == {"completed"}, outcomes
        ledger.exchange(queue=NOTIFICATION, holder=HOLDER, outcomes=outcomes[-1:], ask=None)
        name = tries[0].spec.name
        priority = get_job(claimed[0].job_id).priority
        assert (priority == Priority.LOW) == (name in TO_MANY), name
        done[name] += 1


def told(kind: str, chapter: str | None = None) -> Counter[str]:
    about = {"related__chapter_slug": chapter} if chapter else {}
    return Counter(row.user_id for row in Notification.objects(type=kind, **about))


def test_a_chapter_is_told_once_to_each_of_both_kinds_of_followers() -> None:
    author, parents, writer = sign_in("author"), sign_in("parents"), sign_in("writer")
    story, root = published_story(author)
    middle = write_child(parents, story, root)
    run_all()
    readers, both, mine = fans("reader", MANY), fans("both", 30), fans("mine", 40)
    silent = fans("silent", 5, preferences=Preferences(push_notifications=False))
    gone, banned = fans("gone", 3, is_active=False), fans("banned", 2)
    for user_id in banned:
        ban = {"banned_by": "x", "banned_at": timezone.now()}
        StoryBan(story_slug=story, user_id=user_id, **ban).save()
    owners, himself = [str(parents.user_id), str(author.user_id)], str(writer.user_id)
    follow([*readers, *both, *silent, *gone, *banned, *owners, himself], STORY, story)
    follow([*mine, *both, *owners], USER, himself)
    leaf = write_child(writer, story, middle, title="The well")
    done = run_all(times=2)  # each is delivered again after its effect
    assert told("story_continued", leaf) == Counter([*readers, *both, *mine, *owners])
    assert done["notification.fan_out"] == 4 + 2  # of 163 and of 72 followers
    assert done["notification.deliver_many"] == 3 * 3 + 1 + 3 + 2


def test_a_new_story_is_told_to_who_follows_its_author_and_its_end_to_nobody() -> None:
    author, other = sign_in("author"), sign_in("other")
    follow(fans("fan", 3), USER, str(author.user_id))
    story = start_story(author)
    member = join(author, story, "reviewer")
    follow([str(member.user_id), str(other.user_id)], USER, str(author.user_id))
    write_root(author, story)
    done = run_all()
    assert told("story_continued") == Counter([str(member.user_id)])  # a draft: its team's alone
    assert done["notification.deliver_many"] == 1
    publish(author, story)
    author.post(f"/stories/{story}/archive")
    author.post(f"/stories/{story}/unarchive")
    run_all()
    followers = ["fan_0000", "fan_0001", "fan_0002", member.user_id, other.user_id]
    assert told("story_published") == Counter(map(str, followers))
    found = Notification.objects.get(user_id="fan_0001", type="story_published")
    assert (found.action_url, found.related["actor_id"]) == (f"/stories/{story}", author.user_id)


def test_who_is_told_by_two_jobs_at_once_is_told_once() -> None:
    author = sign_in("author")
    story, _ = published_story(author)
    ids = fans("fan", 40)
    payload = compose("mention", story_slug=story, story_title="The lamp", actor_id="x")
    text = {"title": payload["title"], "message": payload["message"]}

    def tell(_: int) -> int:
        about = {"related": payload["metadata"], "now": timezone.now()}
        return deliver_many(cause="c", user_ids=ids, kind="mention", **about, **text)

    with ThreadPoolExecutor(4) as workers:
        assert sum(workers.map(tell, range(4))) == len(ids)
    assert told("mention") == Counter(ids)


def test_a_queue_that_loses_everything_between_two_steps_loses_nobody() -> None:
    author = sign_in("author")
    story, root = published_story(author)
    run_all()
    readers = fans("reader", MANY)
    follow(readers, STORY, story)
    leaf = write_child(author, story, root)
    first = f"fan:chapter:{leaf}:story:"
    run(first)
    outbox.complete([first])
    client = redis.client("queue")
    client.delete(*client.scan_iter(redis.key("*")))
    outbox.flush("job")
    run_all()
    assert told("story_continued", leaf) == Counter(readers)


def test_what_is_gone_when_it_would_be_told_is_told_to_nobody() -> None:
    author, fan = sign_in("author"), sign_in("fan")
    story, root = published_story(author)
    run_all()
    follow([str(fan.user_id)], STORY, story)
    leaf = write_child(fan, story, root)  # of which its parent's author hears, and who follows
    follow(fans("reader", 2), STORY, story)
    name = author.get("/users/me").json()["username"]
    page = f"/stories/{story}/chapters"
    said = fan.post(f"{page}/{root}/comments", {"content": f"@{name}, look!"}).json()["id"]
    assert fan.delete(f"/comments/{said}").status_code == 204
    assert author.delete(f"{page}/{leaf}").status_code == 204
    assert run_all()["notification.deliver_many"] == 1
    told = {(row.type, row.user_id) for row in Notification.objects if row.type != "badge_earned"}
    assert told == {("chapter_removed", fan.user_id)}
