"""A request that creates, sent again under its key: done once, answered alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.utils import timezone

from apps.access.documents import Collaborator
from apps.chapters.documents import Chapter
from apps.exports.documents import Export
from apps.stories.documents import Story
from storychain.api.idempotency import IdempotencyRecord
from tests.factories import API, Caller, chapter_body, published_story, sign_in, start_story

STORY = {"title": "The lamp", "description": "A house, and who lives in it."}


def send(who: Caller, path: str, body: object, key: str) -> HttpResponse:
    return who.post(path, body, **{"Idempotency-Key": key})


def test_the_same_request_is_done_once_and_answered_alike() -> None:
    author, key = sign_in(), str(uuid4())
    first, second = (send(author, "/stories", STORY, key) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert first["Location"] == second["Location"]
    assert not first.has_header("Idempotent-Replayed")
    assert second["Idempotent-Replayed"] == "true"
    assert Story.objects(creator_id=author.user_id).count() == 1


def test_what_a_writer_goes_on_from_is_kept_as_well() -> None:
    """The ETag is what the next edit is made on; one of the chapter as it is now is another."""
    author = sign_in()
    story = start_story(author)
    path = f"/stories/{story}/chapters"
    first = send(author, path, chapter_body(), "k")
    author.patch(first["Location"].removeprefix(API), {"title": "The cellar"})
    second = send(author, path, chapter_body(), "k")
    assert (second.content, second["ETag"]) == (first.content, first["ETag"])
    assert first["ETag"].startswith('"1-')


def test_a_chapter_goes_back_once_for_a_key() -> None:
    author = sign_in()
    story, root = published_story(author)
    path = f"/stories/{story}/chapters/{root}"
    author.patch(path, {"title": "The cellar"})
    first, second = (send(author, f"{path}/rollback", {"version": 1}, "k") for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert (second.content, second["ETag"]) == (first.content, first["ETag"])
    assert second["Idempotent-Replayed"] == "true"
    assert Chapter.objects.get(slug=root).version == 3
    other = author.post(f"{path}/rollback", {"version": 2})  # without a key each is another
    assert other.json()["version"] == 4


def test_the_answer_stays_what_it_was_when_the_thing_has_moved_on() -> None:
    author, key = sign_in(), str(uuid4())
    first = send(author, "/stories", STORY, key)
    author.patch(f"/stories/{first.json()['slug']}", {"title": "The lantern"})
    assert send(author, "/stories", STORY, key).json()["title"] == "The lamp"


def test_a_key_is_the_callers_and_the_routes_own() -> None:
    author, other, key = sign_in(), sign_in(), str(uuid4())
    story = send(author, "/stories", STORY, key).json()["slug"]
    theirs = send(other, "/stories", STORY, key)
    assert theirs.status_code == 201
    assert theirs.json()["slug"] != story
    root = send(author, f"/stories/{story}/chapters", chapter_body(), key)
    assert root.status_code == 201
    assert not root.has_header("Idempotent-Replayed")


def test_another_request_under_the_same_key_is_refused() -> None:
    author, key = sign_in(), str(uuid4())
    send(author, "/stories", STORY, key)
    answer = send(author, "/stories", {**STORY, "title": "Another"}, key)
    assert (answer.status_code, answer.json()["code"]) == (422, "key-reused")
    assert Story.objects(creator_id=author.user_id).count() == 1


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256, "a\tb"])
def test_what_is_no_key_is_refused(key: str) -> None:
    author = sign_in()
    assert send(author, "/stories", STORY, key).status_code == 400
    assert Story.objects(creator_id=author.user_id).count() == 0


def test_what_was_refused_may_be_mended_under_the_same_key() -> None:
    author, key = sign_in(), str(uuid4())
    assert send(author, "/stories", {"title": "x"}, key).status_code == 400
    story = start_story(author)
    path = f"/stories/{story}/chapters"
    assert send(author, path, chapter_body(), key).status_code == 201
    late = send(author, path, chapter_body(), str(uuid4()))
    assert late.json()["code"] == "root-exists"
    assert IdempotencyRecord.objects.count() == 1


def test_many_at_once_create_one() -> None:
    author, key = sign_in(), str(uuid4())
    story, root = published_story(author)
    path = f"/stories/{story}/chapters/{root}/children"
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: send(author, path, chapter_body(), key), range(24)))
    made = [answer for answer in found if answer.status_code == 201]
    assert {answer.status_code for answer in found} <= {201, 409}
    assert {answer.json()["code"] for answer in found if answer.status_code == 409} <= {
        "key-in-flight"
    }
    assert len({answer["Location"] for answer in made}) == 1
    assert sum(not answer.has_header("Idempotent-Replayed") for answer in made) == 1
    assert Chapter.objects(story_slug=story).count() == 2


def test_a_process_that_died_before_it_answered_is_answered_for() -> None:
    author, key = sign_in(), str(uuid4())
    first = send(author, "/stories", STORY, key)
    IdempotencyRecord.objects(expire_at__gt=timezone.now()).update(set__status=0, unset__body=1)
    again = send(author, "/stories", STORY, key)
    assert again.status_code == 201
    assert again["Location"] == first["Location"]
    assert Story.objects(creator_id=author.user_id).count() == 1


def test_a_key_is_forgotten_after_a_day() -> None:
    author, key = sign_in(), str(uuid4())
    send(author, "/stories", STORY, key)
    IdempotencyRecord.objects(expire_at__gt=timezone.now()).update(
        set__expire_at=timezone.now() - timedelta(seconds=1)
    )
    answer = send(author, "/stories", {**STORY, "title": "Another"}, key)
    assert answer.status_code == 201
    assert Story.objects(creator_id=author.user_id).count() == 2


def test_an_invitation_is_sent_once() -> None:
    owner, guest, key = sign_in(), sign_in(), str(uuid4())
    path = f"/stories/{start_story(owner)}/collaborators"
    body = {"user_id": guest.user_id, "role": "reviewer"}
    assert [send(owner, path, body, key).status_code for _ in range(2)] == [201, 201]
    assert Collaborator.objects(user_id=guest.user_id).count() == 1
    assert owner.post(path, body).status_code == 409


def test_an_export_is_made_once_also_when_the_first_is_done() -> None:
    author = sign_in()
    story, _ = published_story(author)
    first = send(author, f"/stories/{story}/exports", {"format": "markdown"}, "k")
    assert first.status_code == 202
    Export.objects(user_id=author.user_id).update(set__status="done", unset__open_key=1)
    again = send(author, f"/stories/{story}/exports", {"format": "markdown"}, "k")
    assert (again.status_code, again.content, again["Location"]) == (
        202,
        first.content,
        first["Location"],
    )
    assert Export.objects.count() == 1
