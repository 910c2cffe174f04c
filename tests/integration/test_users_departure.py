"""Who deletes his account leaves what others read to the orphan, and nothing else of his."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pymongo
import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.access.documents import Collaborator, StoryBan
from apps.access.rules import Action
from apps.chapters.autosaves import ChapterAutosave
from apps.chapters.documents import Chapter
from apps.exports.documents import Export
from apps.notifications.documents import Notification
from apps.notifications.services import deliver
from apps.pulls.records import Review
from apps.stories.documents import Story
from apps.stories.services import open_for
from apps.users import jobs
from apps.users.departures import STEP, StillThere, clear_away
from apps.users.documents import User
from apps.users.services import count_work
from apps.users.tallies import recount
from storychain import counters
from storychain.queues.desk import retry_job
from storychain.queues.records import get_job
from tests import clerk
from tests.emptying import empty_the_cache
from tests.factories import (
    Caller,
    invite,
    join,
    propose,
    published_story,
    sign_in,
    start_story,
    write_child,
    write_root,
)
from tests.queueing.here import attempt, run

pytestmark = pytest.mark.django_db(transaction=True)
ORPHAN = {"user_id": "~deleted", "username": "deleted user", "avatar_url": ""}
ANYONE = Caller()
# What may still hold the id: the tombstone, and what nobody sees or what goes by its age.
TRACES = {"users", "outbox"}


@pytest.fixture(autouse=True)
def secrets(settings: Settings) -> None:
    settings.CLERK_WEBHOOK_SECRETS = [clerk.SECRET]


def delete_account(user: Caller) -> str:
    """Let Clerk tell of a deletion; return the id of the job that follows."""
    assert clerk.post(clerk.gone(str(user.user_id))).status_code == 204
    return f"gone:{user.user_id}"


def holders(mongo: pymongo.MongoClient, text: str) -> set[str]:
    """Return the collections in which a text stands anywhere."""
    database = mongo.get_database(django_settings.MONGODB_URI.rpartition("/")[2])
    names = database.list_collection_names()
    return {name for name in names if any(text in str(row) for row in database[name].find())}


class House:
    """A writer's own open story, in which another went on, and the story of another."""

    def __init__(self) -> None:
        self.gone, self.friend, self.owner = sign_in("gone"), sign_in("friend"), sign_in("owner")
        self.story, self.root = published_story(self.gone, title="The gone one's house")
        self.mine = write_child(self.gone, self.story, self.root)
        self.theirs = write_child(self.friend, self.story, self.mine)
        self.other, self.other_root = published_story(self.owner)
        self.guest = write_child(self.gone, self.other, self.other_root, title="A guest")
        self.use(f"/stories/{self.other}")

    def use(self, story: str) -> None:
        """Let him who will be gone keep, follow and read things, and be followed."""
        read = {"story_slug": self.other, "chapter_slug": self.other_root, "session_id": "a-tab"}
        kept = f"{story}/chapters/{self.other_root}/bookmark"
        for who, verb, path, body in [
            (self.gone, "PUT", kept, {"shelf": "reading"}),
            (self.gone, "PUT", f"{story}/follow", {}),
            (self.gone, "PUT", f"/users/{self.friend.user_id}/follow", {}),
            (self.friend, "PUT", f"/users/{self.gone.user_id}/follow", {}),
            (self.gone, "POST", "/reading-history/heartbeat", read),
        ]:
            answer = who.send(verb, path, body)
            assert answer.status_code in (200, 204), (path, answer.content)

    def pages(self) -> list[str]:
        story, other = f"/stories/{self.story}", f"/stories/{self.other}"
        return [
            "/stories",
            "/stories/new",
            story,
            f"{story}/overview",
            f"{story}/tree",
            f"{story}/chapters",
            f"{story}/collaborators",
            *(f"{story}/chapters/{slug}" for slug in (self.root, self.mine, self.theirs)),
            f"{other}/tree",
            f"{other}/chapters/{self.guest}",
        ]

    def read(self) -> dict[str, Any]:
        answers = {path: ANYONE.get(path) for path in self.pages()}
        assert {answer.status_code for answer in answers.values()} == {200}
        return {path: answer.json() for path, answer in answers.items()}


def test_every_page_shows_the_orphan_at_once_and_still_does_when_the_job_is_done(
    mongo: pymongo.MongoClient,
) -> None:
    house = House()
    gone = str(house.gone.user_id)
    assert gone in str(house.read())
    job_id = delete_account(house.gone)
    at_once = house.read()
    assert [path for path, page in at_once.items() if gone in str(page)] == []
    assert at_once[f"/stories/{house.story}"]["author"] == ORPHAN
    assert at_once[f"/stories/{house.other}/chapters/{house.guest}"]["author"] == ORPHAN
    empty_the_cache()
    assert house.read() == at_once
    done = run(job_id, times=2)
    assert done > 0
    after = house.read()
    empty_the_cache()
    assert house.read() == after
    team = f"/stories/{house.story}/collaborators"
    assert after.pop(team)["items"] == []
    assert at_once.pop(team)["items"] != []
    del at_once[f"/stories/{house.story}/overview"]["team"]
    assert after[f"/stories/{house.story}/overview"].pop("team") == []
    assert after == at_once
    counters.settle_once()
    assert holders(mongo, gone) - TRACES == set()
    assert ANYONE.get(f"/stories/{house.other}").json()["stats"]["followers"] == 0
    stats = ANYONE.get(f"/users/{house.friend.user_id}/profile").json()["stats"]
    assert (stats["followers"], stats["following"]) == (0, 0)
    assert ANYONE.get(f"/users/{gone}/profile").status_code == 404
    assert ANYONE.get("/users/~deleted/profile").status_code == 404
    write_child(house.friend, house.story, house.mine)  # and it grows on
    assert recount(user_id=str(house.friend.user_id)) is False


def test_whatever_dies_in_between_the_next_attempt_goes_on() -> None:
    house = House()
    gone = str(house.gone.user_id)
    rows = [
        Chapter(
            slug=f"many-{n}",
            story_slug=house.other,
            parent_slug=house.guest,
            depth=2,
            branch_index=n,
            number=100 + n,
            author_id=gone,
            edited_by=gone,
            title="T",
            content="C",
            created_at=timezone.now(),
            updated_at=timezone.now(),
        )
        for n in range(2 * STEP + 1)
    ]
    Chapter.plant(rows)
    delete_account(house.gone)

    class Died(Exception):
        """The worker, after a step."""

    def die(*_: int) -> None:
        raise Died

    left = []
    for _ in range(50):
        left.append(Chapter.objects(author_id=gone).count())
        try:
            clear_away(user_id=gone, report=die)
        except Died:
            continue
        break
    assert left[-1] == 0
    assert max(before - after for before, after in pairwise(left)) == STEP
    assert left.count(left[0]) > 1  # the other steps were cut off as well
    assert Chapter.objects(author_id="~deleted", edited_by="~deleted").count() == len(rows)
    assert not Chapter.objects(edited_by=gone)
    assert Story.objects.get(slug=house.story).creator_id == "~deleted"
    assert clear_away(user_id=gone) == 0


def test_what_a_request_under_way_stored_behind_its_back_goes_with_the_second_pass(
    mongo: pymongo.MongoClient,
) -> None:
    house = House()
    gone = str(house.gone.user_id)
    late = [Chapter.objects.get(slug=house.mine), Collaborator.objects(user_id=gone).first()]
    run(job_id := delete_account(house.gone))
    counters.settle_once()
    last = f"{job_id}:last"
    assert get_job(last).state == "delayed"
    for row in late:  # as they were when he was still there
        type(row)._get_collection().replace_one({"_id": row.pk}, row.to_mongo(), upsert=True)
    assert gone in str(late[1].to_mongo())
    assert holders(mongo, gone) - TRACES == {"chapters", "collaborators"}
    retry_job(last)  # at once
    assert run(last, times=2) >= len(late)
    counters.settle_once()
    assert holders(mongo, gone) - TRACES == set()


def test_what_nobody_else_could_read_goes_and_the_rest_stays() -> None:
    gone, friend = sign_in("gone"), sign_in("friend")
    now = timezone.now()
    alone = start_story(gone, title="A draft of his own")
    write_child(gone, alone, write_root(gone, alone))
    archived, _ = published_story(gone, title="Taken from its readers")
    for action in ("vote", "follow"):
        friend.send("PUT", f"/stories/{archived}/{action}", {"value": 1})
    assert gone.post(f"/stories/{archived}/archive").status_code == 200
    shared = start_story(gone, title="A draft of two")
    heir = join(gone, shared, "co_author")
    closed, root = published_story(gone, title="Written in, then hidden")
    theirs = write_child(friend, closed, root)
    hidden = gone.patch(f"/stories/{closed}/settings", {"is_public": False})
    assert hidden.status_code == 200
    other, other_root = published_story(friend)
    tomorrow = (now + timedelta(days=1)).isoformat()
    waiting = write_child(gone, other, other_root, publish_at=tomorrow)
    assert invite(friend, other, gone) == 201
    seats = Story.objects.get(slug=other).seats
    ChapterAutosave(
        user_id=gone.user_id, story_slug=other, kind="root_chapter", last_saved_at=now
    ).save(force_insert=True)
    StoryBan(story_slug="x", user_id=gone.user_id, banned_by="y", banned_at=now).save()

    run(delete_account(gone))
    for slug in (alone, archived):  # the addresses are nobody else's from now on
        place = Story.objects.get(slug=slug)
        assert (place.title, place.description, place.status) == ("deleted user", "", "deleted")
    again, _ = published_story(friend, title="Taken from its readers")
    counters.settle_once()
    shown = friend.get(f"/stories/{again}/me").json()
    assert (again != archived, shown["is_following"], shown["votes"]) == (True, False, [])
    assert not Chapter.objects(story_slug__in=[alone, archived])
    assert not Collaborator.objects(story_slug__in=[alone, archived])
    assert Story.objects.get(slug=shared).status == "draft"
    assert heir.get(f"/stories/{shared}/my-role").json()["role"] == "owner"
    assert open_for(Action.DELETE, slug=shared, caller_id=str(heir.user_id))
    assert Chapter.objects.get(slug=theirs).author_id == friend.user_id
    assert Story.objects.get(slug=closed).creator_id == "~deleted"
    assert not Chapter.objects(slug=waiting)
    tree = friend.get(f"/stories/{other}/chapters/{other_root}").json()
    assert waiting not in str(tree)
    assert Story.objects.get(slug=other).stats.total_chapters == 1
    assert Story.objects.get(slug=other).seats == seats - 1
    assert not ChapterAutosave.objects(user_id=gone.user_id)
    assert not StoryBan.objects(user_id=gone.user_id)


def test_what_he_was_told_and_what_he_exported_goes_with_its_file() -> None:
    house = House()
    gone = str(house.gone.user_id)
    answer = house.gone.post(f"/stories/{house.story}/exports", {"format": "markdown"})
    assert answer.status_code == 202
    told = {"user_id": gone, "kind": "mention", "title": "T", "message": "M", "related": {}}
    for n in range(STEP + 1):
        assert deliver(dedupe_key=f"{gone}-{n}", now=timezone.now(), **told)
    run(f"notice:follow:{gone}:{house.friend.user_id}")
    job_id = delete_account(house.gone)
    others = house.friend.get("/notifications")
    assert others.json()["items"][0]["actor"] == ORPHAN
    assert gone not in others.content.decode()
    assert deliver(dedupe_key=f"{gone}-late", now=timezone.now(), **told) is None
    run(job_id)
    assert not Notification.objects(user_id=gone)
    assert not Export.objects(user_id=gone)


def test_what_he_proposed_and_said_stays_and_his_objection_stands_in_nobodys_way(
    mongo: pymongo.MongoClient,
) -> None:
    owner, writer = sign_in(), sign_in()
    story, root = published_story(owner)
    gone = join(owner, story, "moderator")
    objected, approved, refused = (f"/pulls/{propose(writer, story, root)}" for _ in range(3))
    mine, undecided = (f"/pulls/{propose(gone, story, root)}" for _ in range(2))
    steps: list[tuple[Caller, str, dict[str, object]]] = [
        (gone, f"{objected}/reviews", {"verdict": "changes_requested", "summary": "Not yet."}),
        (owner, f"{objected}/reviews", {"verdict": "approve"}),
        (gone, f"{approved}/reviews", {"verdict": "approve", "summary": "Good."}),
        (gone, f"{approved}/merge", {}),
        (gone, f"{refused}/reviews", {"verdict": "changes_requested"}),
        (gone, f"{refused}/close", {}),
        (owner, f"{mine}/reviews", {"verdict": "approve"}),
        (owner, f"{mine}/merge", {}),
        (gone, f"{objected}/comments", {"content": "I shall look again."}),
        (gone, f"{objected}/vote", {"value": 1}),
    ]
    for who, path, body in steps:
        answer = who.send("PUT" if path.endswith("/vote") else "POST", path, body)
        assert answer.status_code < 300, (path, answer.content)
    assert recount(user_id=str(gone.user_id)) is False
    assert ANYONE.get(f"/users/{gone.user_id}/profile").json()["badges"][-1] == "first-merge"
    assert owner.get(objected).json()["can_merge"] is False

    run(delete_account(gone), times=2)
    found = owner.get(objected).json()
    assert (found["can_merge"], found["votes"]["up"]) == (True, 1)
    assert owner.get(undecided).json()["status"] == "closed"
    assert owner.get(undecided).json()["author"] == ORPHAN
    merged = owner.get(mine).json()
    assert (merged["status"], merged["author"]) == ("merged", ORPHAN)
    assert owner.get(approved).json()["merged_by"] == ORPHAN
    assert owner.get(refused).json()["closed_by"] == ORPHAN
    (review,) = Review.objects(pull_id=approved.rpartition("/")[2])
    assert (review.reviewer_id, review.summary) == ("~deleted", "Good.")
    assert holders(mongo, str(gone.user_id)) - TRACES == set()


def test_nothing_is_counted_for_who_is_gone() -> None:
    house = House()
    gone = str(house.gone.user_id)
    delete_account(house.gone)
    count_work(user_id=gone, chapters=10, upvotes=100)
    left = User.objects.get(clerk_id=gone)
    assert (left.xp, left.badges, left.stats.chapters_written) == (0, [], 0)
    path = f"/stories/{house.other}/chapters/{house.guest}"
    assert house.owner.delete(path).status_code == 204


def test_only_a_deleted_account_is_cleared_away() -> None:
    user = sign_in()
    for user_id in (str(user.user_id), "user_nobody"):
        with pytest.raises(StillThere):
            clear_away(user_id=user_id)
    job_id = jobs.clear_away.enqueue(user_id=str(user.user_id))
    assert attempt(job_id).state == "dead"
    assert user.get("/users/me").status_code == 200
