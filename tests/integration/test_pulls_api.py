"""Pull requests over HTTP: proposed, judged by the rules, taken over once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.access.documents import Collaborator
from apps.chapters.autosaves import ChapterAutosave
from apps.chapters.documents import Chapter, ChapterVersion
from apps.pulls import judging
from apps.pulls.documents import PullRequest
from apps.pulls.jobs import weigh_judged
from apps.pulls.limits import MOST_LABELS, NESTING
from apps.pulls.records import PullEvent, PullVote, Review
from apps.stories.documents import Story
from apps.users.documents import PlatformRole
from storychain.cleaning import list_holdings
from storychain.outbox import OutboxRow
from tests.factories import (
    PARAGRAPH,
    Caller,
    chapter_body,
    invite,
    join,
    propose,
    published_story,
    sign_in,
    start_story,
    write_child,
    write_root,
)

ANYONE = Caller()
APPROVE, OBJECT = {"verdict": "approve"}, {"verdict": "changes_requested"}
LONGER = PARAGRAPH + " Twice."


class House:
    """An owner's published story of one chapter, and a writer who proposes something for it."""

    def __init__(self, **more: Any) -> None:
        self.owner, self.writer = sign_in("owner"), sign_in("writer")
        self.story, self.root = published_story(self.owner, **more)

    def propose(self, **more: Any) -> str:
        return f"/pulls/{propose(self.writer, self.story, self.root, **more)}"

    def propose_edit(self, **more: Any) -> str:
        body = {
            "kind": "edit",
            "title": "A better lamp",
            "chapter_slug": self.root,
            "content": LONGER,
            "base_version": 1,
            **more,
        }
        answer = ok(self.writer.post(f"/stories/{self.story}/pulls", body), 201)
        return f"/pulls/{answer['id']}"

    def children(self) -> list[Chapter]:
        return list(Chapter.objects(story_slug=self.story, parent_slug=self.root))


def ok(answer: HttpResponse, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    found: dict[str, Any] = answer.json()
    return found


def refused(answer: HttpResponse, status: int, code: str) -> dict[str, Any]:
    found = ok(answer, status)
    assert found["code"] == code, found
    return found


def told() -> list[tuple[str, str]]:
    """Who is told what of pull requests, as it stands in the outbox."""
    rows = OutboxRow.objects(row_id__startswith="notice:pull:").order_by("created_at")
    return [(row.payload["args"]["userId"], row.payload["args"]["type"]) for row in rows]


def test_what_is_approved_becomes_a_chapter_in_its_authors_name() -> None:
    house = House()
    path = house.propose(choice_text="Go down", is_ending=True, description="Why not?")
    shown = ok(ANYONE.get(path))
    assert (shown["status"], shown["can_merge"], shown["chapter_title"]) == (
        "open",
        False,
        "The cellar",
    )
    missing = refused(house.owner.post(f"{path}/merge"), 409, "not-mergeable")
    assert missing["errors"] == {"approvals": ["0 of 1."]}
    reviewed = ok(house.owner.post(f"{path}/reviews", APPROVE), 201)
    assert (reviewed["status"], reviewed["can_merge"]) == ("approved", True)
    merged = ok(house.owner.post(f"{path}/merge"))
    assert (merged["status"], merged["merged_by"]["user_id"]) == ("merged", house.owner.user_id)
    page = ok(ANYONE.get(f"/stories/{house.story}/chapters/{merged['chapter_slug']}"))
    assert page["author"]["user_id"] == house.writer.user_id
    assert (page["title"], page["content"], page["is_ending"]) == ("The cellar", PARAGRAPH, True)
    ways = ok(ANYONE.get(f"/stories/{house.story}/chapters/{house.root}"))["choices"]
    assert ways == [{"text": "Go down", "chapter_slug": merged["chapter_slug"]}]
    assert Chapter.objects(slug=page["slug"]).get().edit_type == "pr_merge"
    assert Story.objects(slug=house.story).get().stats.unique_contributors == 2
    refused(house.owner.post(f"{path}/merge"), 409, "pull-over")
    assert [e["kind"] for e in ok(ANYONE.get(f"{path}/timeline"))["items"]] == [
        "opened",
        "reviewed",
        "approved",
        "merged",
    ]


def test_an_edit_becomes_a_version_and_leaves_the_rest_of_the_chapter_as_it_is() -> None:
    house = House()
    path = house.propose_edit(chapter_title="The lamp")
    ok(house.owner.post(f"{path}/reviews", APPROVE), 201)
    ok(house.owner.post(f"{path}/merge"))
    page = ok(ANYONE.get(f"/stories/{house.story}/chapters/{house.root}"))
    assert (page["version"], page["title"], page["content"]) == (2, "The lamp", LONGER)
    assert page["author"]["user_id"] == house.owner.user_id
    rows = ok(house.owner.get(f"/stories/{house.story}/chapters/{house.root}/versions"))["items"]
    assert rows[0]["edited_by"]["user_id"] == house.writer.user_id
    assert (rows[0]["edit_type"], rows[0]["edit_reason"]) == (
        "pr_merge",
        "Pull request: A better lamp",
    )


def test_an_edit_whose_base_moved_is_refused_until_it_is_made_on_the_new_one() -> None:
    house = House()
    path = house.propose_edit()
    ok(house.owner.post(f"{path}/reviews", APPROVE), 201)
    assert ok(ANYONE.get(path))["blockers"] == []
    chapter = f"/stories/{house.story}/chapters/{house.root}"
    ok(house.owner.patch(chapter, {"title": "Another"}))
    shown = ok(ANYONE.get(path))
    assert ([b["code"] for b in shown["blockers"]], shown["can_merge"]) == (["base_moved"], False)
    for body in ({}, {"force": True}):
        refused(house.owner.post(f"{path}/merge", body), 409, "version-moved")
    refused(house.writer.patch(path, {"base_version": 1}), 409, "version-moved")
    again = ok(house.writer.patch(path, {"base_version": 2, "content": LONGER + " Thrice."}))
    assert (again["blockers"], again["approvals"]["received"]) == ([], 0)
    ok(house.owner.post(f"{path}/merge", {"force": True}))
    assert ok(ANYONE.get(chapter))["version"] == 3
    late = house.writer.post(
        f"/stories/{house.story}/pulls",
        {"kind": "edit", "title": "T", "chapter_slug": house.root, "base_version": 2}
        | {"content": PARAGRAPH},
    )
    refused(late, 409, "version-moved")


def test_what_hangs_on_a_chapter_that_is_gone_cannot_be_merged() -> None:
    house = House()
    leaf = write_child(house.owner, house.story, house.root)
    path = f"/pulls/{propose(house.writer, house.story, leaf)}"
    ok(house.owner.post(f"{path}/reviews", APPROVE), 201)
    assert ok(ANYONE.get(path))["can_merge"]
    assert house.owner.delete(f"/stories/{house.story}/chapters/{leaf}").status_code == 204
    shown = ok(ANYONE.get(path))
    assert ([b["code"] for b in shown["blockers"]], shown["can_merge"]) == (["base_removed"], False)
    refused(house.owner.post(f"{path}/merge", {"force": True}), 409, "chapter-removed")
    assert len(house.children()) == 0


def test_fifty_who_merge_at_once_make_one_chapter(settings: Settings) -> None:
    settings.UNIT_OF_WORK_SECONDS = 60  # all wait for one another on a busy machine
    house = House()
    path = house.propose()
    ok(house.owner.post(f"{path}/reviews", APPROVE), 201)
    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(lambda _: house.owner.post(f"{path}/merge").status_code, range(50)))
    assert sorted(codes) == [200] + [409] * 49
    [chapter] = house.children()
    assert chapter.pull_id == path.rpartition("/")[2]
    assert Story.objects(slug=house.story).get().stats.total_chapters == 2
    assert PullEvent.objects(pull_id=chapter.pull_id, kind="merged").count() == 1
    assert OutboxRow.objects(row_id__startswith=f"notice:chapter:{chapter.slug}").count() == 1


def test_people_who_vote_and_review_at_once_are_all_counted(settings: Settings) -> None:
    settings.UNIT_OF_WORK_SECONDS = 60
    house = House()
    path = house.propose()
    voters = [sign_in() for _ in range(6)]
    acts: list[Callable[[], HttpResponse]] = [
        *(lambda v=v: v.send("PUT", f"{path}/vote", {"value": 1}) for v in voters),
        *(lambda v=v: v.post(f"{path}/comments", {"content": "Yes."}) for v in voters),
        lambda: house.owner.post(f"{path}/reviews", APPROVE),
    ]
    with ThreadPoolExecutor(8) as pool:
        assert {a.status_code for a in pool.map(lambda act: act(), acts)} == {200, 201}
    shown = ok(ANYONE.get(path))
    assert (shown["votes"], shown["comments"]) == ({"up": 6, "down": 0, "score": 6}, 6)
    assert (shown["status"], shown["approvals"]["received"]) == ("approved", 1)
    comments = ok(ANYONE.get(f"{path}/comments"))["items"]
    assert [c["number"] for c in comments] == list(range(1, 7))


def test_a_review_takes_the_place_of_the_same_reviewers_earlier_one() -> None:
    house = House()
    reviewer, moderator = (join(house.owner, house.story, r) for r in ("reviewer", "moderator"))
    path = house.propose()
    assert ok(reviewer.post(f"{path}/reviews", APPROVE), 201)["approvals"]["received"] == 0
    assert ok(moderator.post(f"{path}/reviews", APPROVE), 201)["approvals"]["received"] == 1
    blocked = ok(reviewer.post(f"{path}/reviews", OBJECT | {"summary": "Too dark."}), 201)
    assert (blocked["status"], blocked["can_merge"]) == ("open", False)
    [blocker] = blocked["blockers"]
    assert (blocker["code"], blocker["user"]["user_id"]) == ("changes_requested", reviewer.user_id)
    refused(moderator.post(f"{path}/merge"), 409, "not-mergeable")
    refused(moderator.post(f"{path}/merge", {"force": True}), 403, "pull-forbidden")
    freed = ok(reviewer.post(f"{path}/reviews", {"verdict": "feedback_only"}), 201)
    assert (freed["status"], freed["blockers"]) == ("approved", [])
    assert Review.objects(pull_id=freed["id"]).count() == 2
    shown = ok(ANYONE.get(f"{path}/reviews?limit=1"))
    assert (shown["items"][0]["verdict"], shown["has_more"]) == ("feedback_only", True)
    rest = ok(ANYONE.get(f"{path}/reviews?limit=1&cursor={shown['next_cursor']}"))
    assert [r["reviewer"]["user_id"] for r in rest["items"]] == [moderator.user_id]
    ok(moderator.post(f"{path}/merge"))


class Bench(House):
    """A moderator's approval, a reviewer's objection beside one, and a reviewer's approval."""

    def __init__(self) -> None:
        super().__init__()
        roles = ("moderator", "reviewer", "reviewer")
        self.moderator, self.objector, self.reviewer = (
            join(self.owner, self.story, role) for role in roles
        )
        self.approved, self.objected, self.praised = (self.propose() for _ in range(3))
        ok(self.moderator.post(f"{self.approved}/reviews", APPROVE), 201)
        ok(self.owner.post(f"{self.objected}/reviews", APPROVE), 201)
        ok(self.objector.post(f"{self.objected}/reviews", OBJECT), 201)
        ok(self.reviewer.post(f"{self.praised}/reviews", APPROVE), 201)
        self.team = f"/stories/{self.story}/collaborators"

    def shown(self, path: str) -> tuple[str, int, bool, bool]:
        """Return what its page and its story's list say of a pull request, from the cache."""
        listed = f"/stories/{self.story}/pulls?status=approved"
        pages = [(ok(ANYONE.get(path)), ok(ANYONE.get(listed))) for _ in range(2)]
        assert {ANYONE.get(place)["X-Cache"] for place in (path, listed)} == {"HIT"}
        assert pages[0] == pages[1]
        page, row = pages[0][0], [row for row in pages[0][1]["items"] if row["id"] == path[7:]]
        assert bool(row) == (page["status"] == "approved")
        received = page["approvals"]["received"]
        return page["status"], received, bool(page["blockers"]), page["can_merge"]


NO, YES, BLOCKED = ("open", 0, False, False), ("approved", 1, False, True), ("open", 1, True, False)


def test_reviews_count_by_what_their_reviewers_are_now() -> None:
    it = Bench()
    part, lists = f"{it.team}/{it.moderator.user_id}", f"{it.approved}/reviews"
    ok(it.moderator.post(f"{it.praised}/reviews", APPROVE), 201)
    assert it.shown(it.approved) == it.shown(it.praised) == YES
    ok(it.owner.patch(part, {"role": "reviewer"}))
    assert (it.shown(it.approved), ok(ANYONE.get(lists))["items"][0]["is_binding"]) == (NO, False)
    refused(it.owner.post(f"{it.approved}/merge"), 409, "not-mergeable")
    ok(it.owner.patch(part, {"role": "co_author"}))
    assert (it.shown(it.approved), ok(ANYONE.get(lists))["items"][0]["is_binding"]) == (YES, True)
    assert it.owner.delete(part).status_code == 204
    assert it.shown(it.approved) == it.shown(it.praised) == NO
    ok(it.owner.post(f"{it.approved}/close"))
    assert invite(it.owner, it.story, it.moderator, "moderator") == 201
    assert it.moderator.post(f"/stories/{it.story}/invitation/accept").status_code == 204
    ok(it.owner.post(f"{it.approved}/reopen"))
    assert it.shown(it.approved) == it.shown(it.praised) == YES
    super_admin = sign_in()
    PlatformRole.assign(
        user_id=super_admin.user_id, role="SUPER_ADMIN", by="staff", now=timezone.now()
    )
    everywhere = f"/moderation/bans/{it.moderator.user_id}"
    assert super_admin.post(everywhere, {"reason": "He approves of everything."}).status_code == 204
    refused(it.owner.post(f"{it.approved}/merge"), 409, "not-mergeable")
    run_weighing()
    assert it.shown(it.approved) == NO
    assert super_admin.delete(everywhere).status_code == 204
    run_weighing()
    assert it.shown(it.approved) == YES
    here = f"/stories/{it.story}/bans/{it.moderator.user_id}"
    assert it.owner.post(here, {"reason": "He approves of everything."}).status_code == 204
    assert it.shown(it.approved) == NO


def run_weighing() -> None:
    """Do as a worker with the one job that has followed."""
    (row,) = (row for row in OutboxRow.objects if row.payload.get("job") == "pulls.weigh")
    assert weigh_judged(**row.payload["args"])
    row.delete()


def test_who_has_judged_more_than_one_write_takes_is_removed_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(judging, "AT_ONCE", 1)
    it = Bench()
    draft = it.propose(is_draft=True)
    for path in (it.praised, draft):
        ok(it.moderator.post(f"{path}/reviews", OBJECT), 201)
    assert it.owner.delete(f"{it.team}/{it.moderator.user_id}").status_code == 204
    run_weighing()
    assert it.shown(it.approved) == it.shown(it.praised) == NO
    assert [found["code"] for found in ok(it.owner.get(draft))["blockers"]] == ["draft"]


def test_an_objection_ends_with_its_reviewers_part_and_an_approval_grows_with_it() -> None:
    it = Bench()
    assert (it.shown(it.objected), it.shown(it.praised)) == (BLOCKED, NO)
    before = told()
    assert it.objector.delete(f"{it.team}/{it.objector.user_id}").status_code == 204
    ok(it.owner.patch(f"{it.team}/{it.reviewer.user_id}", {"role": "moderator"}))
    assert (it.shown(it.objected), it.shown(it.praised)) == (YES, YES)
    assert told()[len(before) :] == [(it.writer.user_id, "pr_approved")] * 2
    ok(it.owner.post(f"{it.objected}/merge"))
    ok(it.owner.patch(f"{it.team}/{it.reviewer.user_id}", {"role": "contributor"}))
    assert ok(ANYONE.get(it.objected))["approvals"]["received"] == 1  # decided is decided


def test_a_merge_asks_for_itself_what_reviewers_may_do() -> None:
    it = Bench()
    gone = [who.user_id for who in (it.moderator, it.objector)]
    Collaborator.objects(story_slug=it.story, user_id__in=gone).update(set__status="removed")
    assert (it.shown(it.approved), it.shown(it.objected)) == (YES, BLOCKED)  # it was not told
    missing = refused(it.owner.post(f"{it.approved}/merge"), 409, "not-mergeable")
    assert missing["errors"] == {"approvals": ["0 of 1."]}
    ok(it.owner.post(f"{it.objected}/merge"))


def test_force_merges_against_reviews_but_never_a_draft() -> None:
    house = House()
    co_author = join(house.owner, house.story, "co_author")
    path = house.propose(is_draft=True)
    refused(co_author.post(f"{path}/merge", {"force": True}), 409, "not-mergeable")
    ok(house.writer.patch(path, {"is_draft": False}))
    ok(house.owner.post(f"{path}/reviews", OBJECT), 201)
    ok(co_author.post(f"{path}/merge", {"force": True}))
    assert len(house.children()) == 1
    assert PullEvent.objects(kind="merged").get().details == {"is_forced": True}


def test_nobody_judges_his_own_but_the_owner() -> None:
    house = House()
    moderator = join(house.owner, house.story, "moderator")
    theirs = f"/pulls/{propose(moderator, house.story, house.root)}"
    for method, place, body in (
        ("POST", "/reviews", APPROVE),
        ("PUT", "/vote", {"value": 1}),
        ("PATCH", "", {"required_approvals": 1}),
    ):
        refused(moderator.send(method, theirs + place, body), 403, "own-pull")
    ok(house.owner.post(f"{theirs}/reviews", APPROVE), 201)
    ok(moderator.post(f"{theirs}/merge"))  # others have judged it
    owners = f"/pulls/{propose(house.owner, house.story, house.root)}"
    ok(house.owner.post(f"{owners}/reviews", APPROVE), 201)


def test_approvals_and_votes_are_for_a_text_and_end_with_it() -> None:
    house = House()
    path = house.propose()
    ok(house.owner.patch(path, {"auto_approve": {"enabled": True, "threshold": 1}}))
    ok(house.owner.post(f"{path}/reviews", APPROVE), 201)
    ok(house.owner.send("PUT", f"{path}/vote", {"value": 1}))
    renamed = ok(house.writer.patch(path, {"title": "The well", "content": PARAGRAPH}))
    assert renamed["approvals"] == {"required": 1, "received": 1, "is_automatic": True}
    edited = ok(house.writer.patch(path, {"content": LONGER}))
    assert (edited["status"], edited["score"]) == ("open", 0)
    assert edited["approvals"] == {"required": 1, "received": 0, "is_automatic": False}
    assert not ok(ANYONE.get(f"{path}/reviews"))["items"][0]["is_current"]
    assert ok(house.owner.get(f"{path}/vote"))["value"] == 0
    assert ok(house.owner.send("PUT", f"{path}/vote", {"value": 1}))["value"] == 1  # no repeat


def test_a_vote_is_taken_back_by_a_repeat_and_a_flip_counts_two() -> None:
    house = House()
    path, voter = house.propose(), sign_in()
    found = []
    for value in (1, -1, -1, -1, 1):
        answer = ok(voter.send("PUT", f"{path}/vote", {"value": value}))
        found.append((answer["value"], answer["votes"]["score"]))
    assert found == [(1, 1), (-1, -1), (0, 0), (-1, -1), (1, 1)]
    assert ok(ANYONE.get(path))["votes"] == {"up": 1, "down": 0, "score": 1}
    assert PullVote.objects(pull_id=path.rpartition("/")[2]).count() == 1
    assert ok(voter.get(f"{path}/vote")) == {
        "value": 1,
        "votes": {"up": 1, "down": 0, "score": 1},
        "status": "open",
    }


RULES = [
    ({"enabled": True, "threshold": 2}, 0, False, True),
    ({"enabled": True, "threshold": 2, "time_window": 3}, 2.9, False, True),
    ({"enabled": True, "threshold": 2, "time_window": 3}, 3.1, False, False),
    ({"enabled": True, "threshold": 3}, 0, False, False),
    ({"enabled": True, "threshold": 2}, 0, True, False),
    ({"threshold": 2}, 0, False, False),
]


def test_votes_approve_by_the_rule() -> None:
    house = House()
    voters = [house.owner, join(house.owner, house.story, "reviewer")]
    for rule, days, is_draft, approved in RULES:
        path = house.propose(is_draft=is_draft)
        ok(house.owner.patch(path, {"auto_approve": rule}))
        with time_machine.travel(timezone.now() + timedelta(days=days), tick=True):
            for voter in map(Caller, (v.user_id for v in voters)):
                ok(voter.send("PUT", f"{path}/vote", {"value": 1}))
        shown = ok(house.owner.get(path))
        found = (shown["status"] == "approved", shown["can_merge"])
        assert found == (approved, approved), (rule, days)
        assert shown["approvals"]["is_automatic"] == approved


def test_an_objection_stands_against_what_voters_approve() -> None:
    house = House()
    path = house.propose()
    ok(house.owner.post(f"{path}/reviews", OBJECT), 201)
    ok(sign_in().send("PUT", f"{path}/vote", {"value": 1}))
    rule = {"auto_approve": {"enabled": True, "threshold": 1}, "required_approvals": 2}
    shown = ok(house.owner.patch(path, rule))
    assert (shown["approvals"]["is_automatic"], shown["can_merge"]) == (True, False)
    assert ok(house.owner.post(f"{path}/reviews", APPROVE), 201)["can_merge"]


def test_a_story_that_wants_approval_makes_a_writers_chapter_a_pull_request() -> None:
    house = House(settings={"require_approval": True})
    member = join(house.owner, house.story, "moderator")
    path = f"/stories/{house.story}/chapters/{house.root}/children"
    key = {"Idempotency-Key": "once"}
    body = chapter_body("The cellar", choice_text="Down")
    answer = house.writer.post(path, body, **key)
    shown = ok(answer, 202)
    assert answer["Location"] == f"/api/v1/pulls/{shown['id']}"
    assert (shown["kind"], shown["title"], shown["choice_text"]) == (
        "continuation",
        "The cellar",
        "Down",
    )
    again = house.writer.post(path, body, **key)
    assert (again.status_code, again.content, again["Location"]) == (
        202,
        answer.content,
        answer["Location"],
    )
    write_child(house.owner, house.story, house.root)
    assert ok(member.post(path, chapter_body()), 202)["kind"] == "new_branch"
    assert PullRequest.objects(story_slug=house.story).count() == 2


def test_what_waits_for_its_time_is_followed_by_nobody_who_may_not_see_it() -> None:
    house = House(settings={"require_approval": True})
    at = (timezone.now() + timedelta(days=1)).isoformat()
    waiting = write_child(house.owner, house.story, house.root, publish_at=at)
    for parent in (waiting, "no-such-chapter"):
        answer = house.writer.post(
            f"/stories/{house.story}/chapters/{parent}/children", chapter_body()
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "chapter-not-found")
    assert len(house.children()) == 1
    nowhere = f"/stories/{house.story}/chapters/nowhere/children"
    refused(house.writer.post(nowhere, chapter_body()), 404, "chapter-not-found")


def test_a_draft_of_such_a_chapter_is_converted_into_a_pull_request_as_well() -> None:
    house = House(settings={"require_approval": True})
    place = {"story_slug": house.story, "kind": "new_chapter", "parent_slug": house.root}
    draft = ok(house.writer.send("PUT", "/autosaves", {**place, **chapter_body("The cellar")}))
    key = {"Idempotency-Key": "once"}
    answer = house.writer.post(f"/autosaves/{draft['id']}/convert", **key)
    shown = ok(answer, 202)
    assert (shown["title"], answer["Location"]) == ("The cellar", f"/api/v1/pulls/{shown['id']}")
    again = house.writer.post(f"/autosaves/{draft['id']}/convert", **key)
    assert (again.status_code, again.content) == (202, answer.content)
    assert ok(house.writer.get("/autosaves"))["items"] == []
    assert house.children() == []


def test_a_draft_behind_an_open_pull_is_not_cleared_away() -> None:
    house = House()
    place = {"story_slug": house.story, "kind": "new_chapter", "parent_slug": house.root}
    for who in (house.writer, house.owner):
        ok(who.send("PUT", "/autosaves", {**place, **chapter_body()}))
    path, drafts = house.propose(), list(ChapterAutosave.objects(story_slug=house.story))
    his = {draft.pk for draft in drafts if draft.user_id == house.writer.user_id}
    [holding] = list_holdings("autosave")
    keys = [draft.pk for draft in drafts]
    assert set(keys) - set(holding.sort_out(keys)) == his
    ok(house.writer.post(f"{path}/close"))
    assert holding.sort_out(keys) == keys


def test_a_draft_is_its_authors_and_the_reviewers_alone() -> None:
    house = House()
    contributor, reviewer = (join(house.owner, house.story, r) for r in ("contributor", "reviewer"))
    path = house.propose(is_draft=True)
    listed = f"/stories/{house.story}/pulls"
    unknown = ANYONE.get("/pulls/nothing")
    for who in (ANYONE, contributor, sign_in()):
        for _ in range(2):
            hidden = who.get(path)
            assert told_apart(hidden) == told_apart(unknown)
        if who is not ANYONE:
            refused(who.post(f"{path}/comments", {"content": "Hm."}), 404, "pull-not-found")
        assert ok(who.get(listed))["items"] == []
        refusal = (401, "unauthenticated") if who is ANYONE else (403, "story-forbidden")
        refused(who.get(f"{listed}?drafts=true"), *refusal)
    for who in (house.writer, reviewer):
        assert ok(who.get(path))["is_draft"]
        assert who.get(path)["Cache-Control"] == "private, no-store"
    assert len(ok(reviewer.get(f"{listed}?drafts=true"))["items"]) == 1
    assert len(ok(house.writer.get("/pulls/mine"))["items"]) == 1
    assert told() == []
    ok(house.writer.patch(path, {"is_draft": False}))
    assert ok(ANYONE.get(path))["is_draft"] is False
    assert len(ok(ANYONE.get(listed))["items"]) == 1
    assert ok(reviewer.get(f"{listed}?drafts=true"))["items"] == []
    expected = {(house.owner.user_id, "pr_opened"), (reviewer.user_id, "pr_opened")}
    assert set(told()) == expected
    for is_draft in (True, False):
        ok(house.writer.patch(path, {"is_draft": is_draft}))
    assert len(told()) == 2  # it is told once


def told_apart(answer: HttpResponse) -> tuple[int, dict[str, Any], set[str]]:
    body = {k: v for k, v in answer.json().items() if k not in ("instance", "request_id")}
    return answer.status_code, body, set(answer.headers)


def test_the_pulls_of_a_story_are_as_open_as_the_story() -> None:
    house = House()
    path = house.propose()
    assert [ANYONE.get(path)["X-Cache"] for _ in range(2)][1] == "HIT"
    ok(house.owner.patch(f"/stories/{house.story}/settings", {"is_public": False}))
    unknown = ANYONE.get("/pulls/nothing")
    for who in (ANYONE, house.writer):  # who proposed it works on it no more than others
        for place in ("", "/reviews", "/comments", "/timeline"):
            assert told_apart(who.get(path + place)) == told_apart(unknown)
    for verb, place, body in (
        ("PATCH", "", {"title": "T"}),
        ("PUT", "/vote", {"value": 1}),
        ("POST", "/comments", {"content": "C"}),
        ("POST", "/close", None),
    ):
        refused(house.writer.send(verb, path + place, body), 404, "pull-not-found")
    assert [p["title"] for p in ok(house.writer.get("/pulls/mine"))["items"]] == ["The cellar"]
    assert house.owner.get(path)["Cache-Control"] == "private, no-store"
    assert house.owner.delete(f"/stories/{house.story}").status_code == 204
    assert told_apart(house.owner.get(path)) == told_apart(unknown)
    refused(house.owner.post(f"{path}/merge", {"force": True}), 404, "pull-not-found")


def test_settings_bind_those_who_do_not_work_on_the_story() -> None:
    house = House(settings={"allow_comments": False, "allow_voting": False})
    path, member = house.propose(), join(house.owner, house.story, "contributor")
    stranger = sign_in()
    refused(stranger.post(f"{path}/comments", {"content": "C"}), 403, "pull-forbidden")
    refused(stranger.send("PUT", f"{path}/vote", {"value": 1}), 403, "pull-forbidden")
    ok(member.post(f"{path}/comments", {"content": "C"}), 201)
    ok(house.writer.post(f"{path}/comments", {"content": "It is mine."}), 201)
    ok(member.send("PUT", f"{path}/vote", {"value": 1}))


def test_it_is_closed_by_its_author_or_a_moderator_and_opened_by_who_may() -> None:
    house = House()
    path = house.propose()
    ok(house.owner.post(f"{path}/reviews", APPROVE), 201)
    refused(sign_in().post(f"{path}/close"), 403, "pull-forbidden")
    refused(house.writer.post(f"{path}/reopen"), 409, "pull-not-closed")
    closed = ok(house.writer.post(f"{path}/close"))
    assert (closed["status"], closed["closed_by"]["user_id"]) == ("closed", house.writer.user_id)
    for act in ("close", "merge"):
        refused(house.owner.post(f"{path}/{act}"), 409, "pull-over")
    refused(house.owner.post(f"{path}/reviews", OBJECT), 409, "pull-over")
    refused(house.owner.send("PUT", f"{path}/vote", {"value": 1}), 409, "pull-over")
    refused(house.writer.patch(path, {"title": "T"}), 409, "pull-over")
    ok(house.writer.post(f"{path}/comments", {"content": "Still here."}), 201)
    assert ok(house.writer.post(f"{path}/reopen"))["status"] == "approved"  # as it was
    ok(house.owner.post(f"{path}/close"))
    refused(house.writer.post(f"{path}/reopen"), 403, "pull-forbidden")
    ok(house.owner.post(f"{path}/reopen"))
    ok(house.owner.post(f"{path}/merge"))
    refused(house.owner.post(f"{path}/reopen"), 409, "pull-not-closed")


def test_an_edit_on_an_old_page_is_refused_and_nothing_is_lost() -> None:
    house = House()
    path = house.propose()
    first = {"If-Match": house.writer.get(path)["ETag"]}
    answer = house.writer.patch(path, {"title": "First"}, **first)
    assert (ok(answer)["version"], answer["ETag"][:3]) == (2, '"2-')
    refused(house.writer.patch(path, {"title": "Late"}, **first), 412, "precondition-failed")
    assert ok(ANYONE.get(path))["title"] == "First"
    ok(house.owner.post(f"{path}/comments", {"content": "Nice."}), 201)  # costs nobody his edit
    ok(house.writer.patch(path, {"title": "Second"}, **{"If-Match": answer["ETag"]}))


def test_threads_are_as_deep_as_they_may_be() -> None:
    house = House()
    path, parent = house.propose(), None
    for depth in range(NESTING):
        body = {"content": f"Level {depth}"} | ({"parent_id": parent} if parent else {})
        said = ok(house.owner.post(f"{path}/comments", body), 201)
        assert (said["depth"], said["parent_id"]) == (depth, parent)
        parent = said["id"]
    deeper = {"content": "Deeper", "parent_id": parent}
    refused(house.owner.post(f"{path}/comments", deeper), 409, "too-nested")
    other = house.propose()
    elsewhere = refused(house.owner.post(f"{other}/comments", deeper), 400, "invalid")
    assert "parent_id" in elsewhere["errors"]
    key = {"Idempotency-Key": "said"}
    for _ in range(2):
        ok(house.owner.post(f"{path}/comments", {"content": "Once"}, **key), 201)
    seen, following = [], f"{path}/comments?limit=4"
    while following:
        answer = ok(ANYONE.get(following))
        seen += [c["content"] for c in answer["items"]]
        after = answer["next_cursor"]
        following = f"{path}/comments?limit=4&cursor={after}" if after else ""
    assert seen == [*(f"Level {n}" for n in range(NESTING)), "Once"]
    assert ok(ANYONE.get(path))["comments"] == NESTING + 1


def test_everybody_concerned_is_told_once_and_nobody_of_what_he_did() -> None:
    house = House()
    path = house.propose()
    owner, writer = house.owner.user_id, house.writer.user_id
    said = ok(house.owner.post(f"{path}/comments", {"content": "Hm."}), 201)
    third = sign_in("third")
    ok(third.post(f"{path}/comments", {"content": "Oh.", "parent_id": said["id"]}), 201)
    ok(house.owner.post(f"{path}/reviews", OBJECT), 201)
    ok(house.owner.post(f"{path}/reviews", APPROVE), 201)
    ok(house.owner.post(f"{path}/close"))
    ok(house.owner.post(f"{path}/reopen"))
    ok(house.owner.post(f"{path}/merge"))
    assert sorted(told()) == sorted(
        [
            (owner, "pr_opened"),
            (writer, "pr_commented"),
            (writer, "pr_commented"),
            (owner, "pr_commented"),
            (writer, "pr_commented"),
            (writer, "pr_approved"),
            (writer, "pr_rejected"),
            (writer, "pr_merged"),
        ]
    )


def test_labels_are_the_reviewers_and_take_the_place_of_those_before() -> None:
    house = House()
    path = house.propose()
    refused(house.writer.post(f"{path}/labels", {"labels": ["mine"]}), 403, "pull-forbidden")
    ok(house.owner.post(f"{path}/labels", {"labels": ["old"]}))
    for _ in range(2):
        shown = ok(house.owner.post(f"{path}/labels", {"labels": ["sea", "dark", "sea"]}))
        assert shown["labels"] == ["sea", "dark"]
    assert PullEvent.objects(kind="labelled").count() == 2
    assert ok(ANYONE.get(f"/stories/{house.story}/pulls"))["items"][0]["labels"] == ["sea", "dark"]


def test_lists_show_what_was_asked_for_newest_first_without_gaps() -> None:
    house = House()
    edit = house.propose_edit().rpartition("/")[2]
    branches = [house.propose(kind="new_branch").rpartition("/")[2] for _ in range(3)]
    ok(house.writer.post(f"/pulls/{branches[0]}/close"))
    listed = f"/stories/{house.story}/pulls"

    def read(path: str, who: Caller = ANYONE) -> list[str]:
        seen, after = [], ""
        while True:
            page = ok(who.get(f"{path}{'&' if '?' in path else '?'}limit=2{after}"))
            seen += [item["id"] for item in page["items"]]
            if not page["has_more"]:
                return seen
            after = f"&cursor={page['next_cursor']}"

    newest = [*reversed(branches), edit]
    assert read(listed) == newest
    assert read("/pulls/mine", house.writer) == newest
    assert read(f"{listed}?status=open") == [branches[2], branches[1], edit]
    assert read(f"{listed}?status=closed&kind=new_branch") == [branches[0]]
    assert read(f"{listed}?kind=edit") == [edit]
    assert read("/pulls/mine", house.owner) == []
    assert "limit" in refused(ANYONE.get(f"{listed}?limit=0"), 400, "invalid")["errors"]
    assert "status" in refused(ANYONE.get(f"{listed}?status=new"), 400, "invalid")["errors"]
    assert [ANYONE.get(listed)["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]
    ok(house.owner.post(f"/pulls/{branches[1]}/comments", {"content": "C"}), 201)
    assert ok(ANYONE.get(listed))["items"][1]["comments"] == 1


GOOD = {"kind": "new_branch", "title": "T", "parent_slug": "x", "content": PARAGRAPH}
EDIT = {"kind": "edit", "title": "T", "chapter_slug": "x", "base_version": 1, "content": PARAGRAPH}


BAD = [
    ("", GOOD, "parent_slug"),  # there is none
    ("", EDIT, "chapter_slug"),
    ("", GOOD | {"kind": "rewrite"}, "kind"),
    ("", GOOD | {"kind": {"$ne": ""}}, "kind"),
    ("", GOOD | {"title": ""}, "title"),
    ("", GOOD | {"title": "x" * 201}, "title"),
    ("", GOOD | {"title": "a\nb"}, "title"),
    ("", GOOD | {"description": "x" * 2001}, "description"),
    ("", GOOD | {"content": "x" * 49}, "content"),
    ("", GOOD | {"content": " " * 50}, "content"),
    ("", GOOD | {"content": "x" * 80_001}, "content"),
    ("", GOOD | {"content": {"$gt": ""}}, "content"),
    ("", GOOD | {"parent_slug": {"$ne": ""}}, "parent_slug"),
    ("", {k: v for k, v in GOOD.items() if k != "parent_slug"}, "parent_slug"),
    ("", GOOD | {"base_version": 1}, "base_version"),
    ("", GOOD | {"status": "merged"}, "status"),
    ("", GOOD | {"author_id": "x"}, "author_id"),
    ("", EDIT | {"choice_text": "x"}, "choice_text"),
    ("", EDIT | {"base_version": 0}, "base_version"),
    ("", {k: v for k, v in EDIT.items() if k != "base_version"}, "base_version"),
    ("/reviews", {"verdict": "yes"}, "verdict"),
    ("/reviews", {"verdict": "approve", "summary": "x" * 2001}, "summary"),
    ("/reviews", {"verdict": {"$ne": ""}}, "verdict"),
    ("/comments", {"content": "x" * 2001}, "content"),
    ("/comments", {"content": ""}, "content"),
    ("/comments", {"content": "x", "parent_id": {"$ne": ""}}, "parent_id"),
    ("/comments", {"content": "x", "parent_id": "nothing"}, "parent_id"),
    ("/vote", {"value": 2}, "value"),
    ("/vote", {"value": {"$gt": 0}}, "value"),
    ("/labels", {"labels": ["x"] * (MOST_LABELS + 1)}, "labels"),
    ("/labels", {"labels": ["x" * 41]}, "labels.0"),
    ("/labels", {"labels": [{"$ne": ""}]}, "labels.0"),
    ("/merge", {"force": "perhaps"}, "force"),
    ("/merge", {"strategy": "squash"}, "strategy"),
    ("PATCH", {"required_approvals": 0}, "required_approvals"),
    ("PATCH", {"required_approvals": 11}, "required_approvals"),
    ("PATCH", {"auto_approve": {"threshold": 0}}, "auto_approve.threshold"),
    ("PATCH", {"auto_approve": {"time_window": 91}}, "auto_approve.time_window"),
    ("PATCH", {"auto_approve": {"granted_at": "now"}}, "auto_approve.granted_at"),
    ("PATCH", {"kind": "edit"}, "kind"),
    ("PATCH", {"base_version": 1}, "base_version"),
]


def test_bad_input_is_refused_by_field_and_nothing_is_kept() -> None:
    owner = sign_in()
    story, root = published_story(owner)
    listed, path = f"/stories/{story}/pulls", f"/pulls/{propose(owner, story, root)}"
    before = state()
    for where, body, field in BAD:
        method, place = ("PATCH", "") if where == "PATCH" else ("POST", where)
        target = path + place if where else listed
        answer = owner.send("PUT" if place == "/vote" else method, target, body)
        assert field in refused(answer, 400, "invalid")["errors"], (where, body)
    assert state() == before


def state() -> list[Any]:
    kinds = (PullRequest, PullEvent, PullVote, Review, Chapter, ChapterVersion)
    return [[row.to_mongo() for row in kind.objects.order_by("pk")] for kind in kinds]


def test_a_story_that_only_its_team_reads_takes_pulls_from_its_team_alone() -> None:
    owner, stranger = sign_in(), sign_in()
    story = start_story(owner)
    root = write_root(owner, story)
    member = join(owner, story, "contributor")
    path = f"/pulls/{propose(member, story, root)}"
    body = {**GOOD, "parent_slug": root}
    refused(stranger.post(f"/stories/{story}/pulls", body), 404, "story-not-found")
    refused(stranger.get(f"/stories/{story}/pulls"), 404, "story-not-found")
    ok(member.send("PUT", f"/pulls/{propose(owner, story, root)}/vote", {"value": 1}))
    assert owner.delete(f"/stories/{story}/collaborators/{member.user_id}").status_code == 204
    refused(member.get(path), 404, "pull-not-found")
    refused(member.post(f"{path}/comments", {"content": "x"}), 404, "pull-not-found")
