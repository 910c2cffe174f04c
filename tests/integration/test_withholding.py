"""What is taken from readers is read nowhere: neither in pull requests nor below them."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone

from apps.moderation.documents import Act
from apps.pulls import withholding
from apps.pulls.documents import PullRequest
from apps.pulls.jobs import withhold_texts
from apps.users.documents import PlatformRole
from storychain.outbox import OutboxRow
from tests.factories import (
    PARAGRAPH,
    Caller,
    join,
    propose,
    published_story,
    sign_in,
    write_child,
)

ANYONE = Caller()
SECRET = PARAGRAPH.replace("lamp", "secret")
NOTHING = {"title": "", "description": "", "content": "", "html": "", "chapter_title": None}


def code(answer: HttpResponse) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def told() -> set[tuple[str, str]]:
    rows = [row.payload["args"] for row in OutboxRow.objects if "userId" in str(row.payload)]
    return {(row["userId"], row["type"]) for row in rows}


def acts() -> list[tuple[str, str, str]]:
    found = Act.objects.order_by("at", "act_id")
    return [(act.kind, act.actor_id, act.subject_id) for act in found]


class House:
    """A story, its moderator, and a writer whose proposal has become a chapter that others edit."""

    def __init__(self) -> None:
        self.owner, self.writer = sign_in("owner"), sign_in("writer")
        self.story, self.root = published_story(self.owner)
        self.moderator = join(self.owner, self.story, "moderator")
        self.merged = self.propose(title="Secret", description=SECRET, content=SECRET)
        answer = self.owner.post(f"{self.merged}/merge", {"force": True})
        self.chapter = answer.json()["chapter_slug"]
        self.path = f"/stories/{self.story}/chapters/{self.chapter}"

    def propose(self, **more: Any) -> str:
        return f"/pulls/{propose(self.writer, self.story, self.root, **more)}"

    def propose_edit(self) -> str:
        body = {"kind": "edit", "title": "Shorter", "chapter_slug": self.chapter}
        more = {"base_version": 1, "content": SECRET + " Thrice."}
        answer = self.owner.post(f"/stories/{self.story}/pulls", body | more)
        assert answer.status_code == 201, answer.content
        return f"/pulls/{answer.json()['id']}"


@pytest.fixture
def house() -> House:
    return House()


def keeper() -> Caller:
    person = sign_in("keeper")
    role = {"role": "PLATFORM_MODERATOR", "assigned_at": timezone.now()}
    PlatformRole(user_id=person.user_id, **role).save(force_insert=True)
    return person


@pytest.mark.parametrize("leaves_its_place", [True, False])
def test_what_a_removed_chapter_said_is_read_in_no_pull_request(
    house: House, monkeypatch: pytest.MonkeyPatch, leaves_its_place: bool
) -> None:
    monkeypatch.setattr(withholding, "AT_ONCE", 1)  # the rest is a job's
    edit, other = house.propose_edit(), house.propose(content=PARAGRAPH + " Other.")
    if leaves_its_place:
        write_child(house.owner, house.story, house.chapter)
    listed = f"/stories/{house.story}/pulls"
    pages = (house.merged, edit, listed, other)
    before = {path: ANYONE.get(path).json() for path in pages}
    assert keeper().delete(house.path).status_code == 204
    assert SECRET not in ANYONE.get(house.merged).content.decode()
    [job] = [row for row in OutboxRow.objects if row.payload.get("job") == "pulls.withhold"]
    withhold_texts(**job.payload["args"])
    after = {path: ANYONE.get(path).json() for path in pages}
    for path, status in ((house.merged, "merged"), (edit, "closed")):
        shown = after[path]
        assert {name: shown[name] for name in NOTHING} == NOTHING
        assert (shown["is_withheld"], shown["status"], shown["word_count"]) == (True, status, 0)
        last = ANYONE.get(f"{path}/timeline").json()["items"][-1]
        assert (last["kind"], last["actor"]) == ("withheld", None)
    assert not [words for words in (SECRET, "Shorter", "Secret") if words in str(after)]
    assert after[other] == before[other]
    for answer in (
        house.owner.post(f"{edit}/reopen"),
        house.owner.post(f"{edit}/comments", {"content": "Why?"}),
    ):
        assert code(answer) == (409, "pull-withheld")


def test_its_author_takes_his_words_back_and_a_moderator_takes_them_away(house: House) -> None:
    mine, theirs, open_one = (house.propose(title=f"The {n}") for n in ("one", "two", "three"))
    assert house.owner.post(f"{theirs}/close").status_code == 200
    assert code(sign_in().delete(mine)) == (403, "pull-forbidden")
    before = house.writer.get(mine)
    assert house.writer.patch(mine, {"title": "One"}).status_code == 200
    stale = {"If-Match": before["ETag"]}
    assert code(house.writer.delete(mine, **stale)) == (412, "precondition-failed")
    assert house.writer.delete(mine).status_code == 204
    assert (acts(), "pr_withheld" in str(told())) == ([], False)
    platform = keeper()
    for who, path in ((house.moderator, theirs), (platform, open_one)):
        assert ANYONE.get(path).json()["content"] == PARAGRAPH
        assert who.delete(path).status_code == 204
    for path in (mine, theirs, open_one):
        shown = ANYONE.get(path).json()
        assert (shown["status"], shown["content"], shown["title"]) == ("closed", "", "")
        assert code(house.owner.delete(path)) == (409, "pull-withheld")
    names = [ANYONE.get(f"{p}/timeline").json()["items"][-1]["actor"] for p in (theirs, open_one)]
    assert (names[0]["user_id"], names[1]) == (house.moderator.user_id, None)
    assert ANYONE.get(open_one).json()["closed_by"] is None
    ids = [path.rpartition("/")[2] for path in (theirs, open_one)]
    assert acts() == [
        ("pull_withheld", house.moderator.user_id, ids[0]),
        ("pull_withheld", platform.user_id, ids[1]),
    ]
    assert (house.writer.user_id, "pr_withheld") in told()
    assert house.writer.get(house.path).json()["content"] == SECRET  # what came of another stays


def test_what_was_said_is_deleted_by_who_said_it_or_a_moderator(house: House) -> None:
    said, path = f"{house.merged}/comments", f"{house.merged}/comments/"
    stranger = sign_in()
    first = stranger.post(said, {"content": "Rubbish!"}).json()["id"]
    reply = house.writer.post(said, {"content": "It is not.", "parent_id": first}).json()["id"]
    other = house.propose()
    for wrong in (f"{other}/comments/{first}", path + "nothing"):
        assert code(house.owner.delete(wrong)) == (404, "comment-not-found")
    assert code(stranger.delete(path + reply)) == (403, "pull-forbidden")
    assert Caller().delete(path + first).status_code == 401
    assert house.writer.delete(path + reply).status_code == 204
    assert acts() == []
    assert house.moderator.delete(path + first).status_code == 204
    assert code(house.moderator.delete(path + first)) == (404, "comment-not-found")
    rows = ANYONE.get(said).json()["items"]
    assert [(row["number"], row["parent_id"]) for row in rows] == [(1, None), (2, first)]
    assert {(row["user"], row["content"], row["is_deleted"]) for row in rows} == {(None, "", True)}
    assert acts() == [("comment_removed", house.moderator.user_id, first)]
    assert (stranger.user_id, "pr_comment_removed") in told()
    answer = house.owner.post(said, {"content": "Who?", "parent_id": first})
    assert set(answer.json()["errors"]) == {"parent_id"}
    report = {"subject_type": "comment", "subject_id": first, "reason": "spam"}
    assert code(house.owner.post("/reports", report)) == (404, "subject-not-found")
    third = house.owner.post(said, {"content": "Calm down."}).json()
    assert (third["number"], ANYONE.get(house.merged).json()["comments"]) == (3, 3)
    fourth = stranger.post(said, {"content": "I am calm."}).json()["id"]
    assert stranger.delete(path + fourth).status_code == 204
    steps = ANYONE.get(f"{house.merged}/timeline?limit=100").json()["items"]
    assert (steps[-1]["kind"], steps[-1]["actor"]["user_id"]) == (
        "comment_removed",
        stranger.user_id,
    )


def test_what_a_review_said_is_taken_away_and_its_verdict_stands(house: House) -> None:
    pull, platform = house.propose(), keeper()
    path = f"{pull}/reviews"
    reviewer, stranger = join(house.owner, house.story, "reviewer"), sign_in()
    objection = {"verdict": "changes_requested", "summary": SECRET}

    def review() -> str:
        assert reviewer.post(path, objection).status_code == 201
        shown = ANYONE.get(path).json()["items"][0]
        assert (shown["summary"], shown["is_withheld"]) == (SECRET, False)
        return f"{path}/{shown['id']}"

    said = review()
    wrong = said.replace(pull, house.merged)
    for who, where in ((house.owner, wrong), (house.owner, f"{path}/x"), (reviewer, wrong)):
        assert code(who.delete(where)) == (404, "review-not-found")
    assert code(house.writer.delete(said)) == (403, "pull-forbidden")
    assert Caller().delete(said).status_code == 401
    before = ANYONE.get(pull).json()
    for who in (reviewer, house.moderator, platform):
        assert who.delete(review()).status_code == 204
        [row] = ANYONE.get(path).json()["items"]
        assert (row["summary"], row["is_withheld"]) == ("", True)
        assert (row["verdict"], row["reviewer"]["user_id"]) == (
            "changes_requested",
            reviewer.user_id,
        )
        assert code(who.delete(said)) == (404, "review-not-found")
        for page in (pull, path, f"{pull}/timeline", f"{pull}/comments"):
            assert SECRET not in str(house.owner.get(page).json() | {"content": "", "html": ""})
        assert ANYONE.get(pull).json()["blockers"] == before["blockers"] != []
    steps = ANYONE.get(f"{pull}/timeline?limit=100").json()["items"]
    names = [(s["actor"] or {}).get("user_id") for s in steps if s["kind"] == "review_removed"]
    assert names == [reviewer.user_id, house.moderator.user_id, None]
    assert acts() == [
        ("review_removed", who.user_id, pull.rpartition("/")[2])
        for who in (house.moderator, platform)
    ]
    assert {act.user_id for act in Act.objects} == {reviewer.user_id}
    assert (reviewer.user_id, "pr_review_removed") in told()
    own = review()
    team = f"/stories/{house.story}/collaborators/{reviewer.user_id}"
    assert house.owner.delete(team).status_code == 204
    assert reviewer.delete(own).status_code == 204, "also who is no reviewer any more"
    [*_, last] = ANYONE.get(f"{pull}/timeline?limit=100").json()["items"]
    assert (last["kind"], last["actor"]["user_id"]) == ("review_removed", reviewer.user_id)
    words = stranger.post(f"{pull}/comments", {"content": "Hm."}).json()["id"]
    assert house.owner.delete(pull).status_code == 204
    assert house.owner.delete(f"{pull}/comments/{words}").status_code == 204
    calls = [row.payload.get("args", {}) for row in OutboxRow.objects]
    [message] = [one["message"] for one in calls if one.get("userId") == stranger.user_id]
    assert message.startswith("What you said about “…” for “")


def test_a_pull_request_is_reported_to_the_storys_moderators(house: House) -> None:
    pull = house.propose()
    report = {"subject_type": "pull", "subject_id": pull.rpartition("/")[2], "reason": "spam"}
    draft = house.propose(is_draft=True).rpartition("/")[2]
    stranger = sign_in()
    hidden = stranger.post("/reports", report | {"subject_id": draft})
    assert code(hidden) == (404, "subject-not-found")
    assert code(house.writer.post("/reports", report)) == (403, "out-of-reach")
    assert stranger.post("/reports", report).status_code == 201
    queue = house.moderator.get(f"/stories/{house.story}/reports").json()["items"]
    assert [(one["subject_type"], one["subject_id"]) for one in queue] == [
        ("pull", report["subject_id"])
    ]
    assert house.moderator.delete(pull).status_code == 204
    assert code(sign_in().post("/reports", report)) == (404, "subject-not-found")
    assert PullRequest.objects(is_withheld=True).count() == 1
