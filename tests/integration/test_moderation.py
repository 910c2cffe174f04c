"""What is reported is decided on, who is banned stays out, every ban can be appealed against."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pymongo
import pytest
from django.conf import settings as configured
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from pytest_django.fixtures import Settings

from apps.access.documents import Collaborator, StoryBan
from apps.chapters.counts import count_chapter
from apps.chapters.documents import Chapter
from apps.chapters.limits import FLAG_REPORTS, FLAG_SCORE
from apps.moderation import appealing, backfilling, passing
from apps.moderation.documents import Act, Appeal, Report
from apps.notifications.kinds import KINDS
from apps.stories.documents import Story
from apps.users.documents import PlatformBan, PlatformRole
from storychain.documents import unit_of_work
from storychain.outbox import OutboxRow
from tests import clerk
from tests.factories import (
    Caller,
    invite,
    propose,
    published_story,
    sign_in,
    write_child,
)
from tests.queueing.here import run

NOW = datetime(2026, 2, 9, 15, 30, tzinfo=UTC)
WHY = {"reason": "He insults everybody."}
SAID = "It breaks the rules of this house."
PLEA = {"text": "I am sorry; it will not happen again."}
MORE = {"text": "My brother wrote it, from my computer."}
REJECTED = {"is_granted": False, "statement": SAID}
GRANTED = {"is_granted": True, "statement": "He has understood it."}
ANYONE = Caller()


def looks_after(role: str) -> Caller:
    """Return somebody new with a platform role."""
    person = sign_in(role.lower())
    PlatformRole(user_id=person.user_id, role=role, assigned_at=NOW).save(force_insert=True)
    return person


def report(who: Caller, kind: str, key: str, reason: str = "spam") -> HttpResponse:
    body = {"subject_type": kind, "subject_id": key, "reason": reason, "note": "Look at it."}
    return who.post("/reports", body)


def filed(who: Caller, kind: str, key: str) -> str:
    answer = report(who, kind, key)
    assert answer.status_code == 201, answer.content
    assert answer["Location"].endswith(answer.json()["id"])
    return str(answer.json()["id"])


def decide(who: Caller, report_id: str, outcome: str, said: str = SAID) -> int:
    body = {"outcome": outcome, "statement": said}
    return who.post(f"/reports/{report_id}/decision", body).status_code


def code(answer: HttpResponse) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def told() -> set[tuple[str, str]]:
    """Who is to be told what, by the outbox."""
    rows = [row.payload["args"] for row in OutboxRow.objects if "userId" in str(row.payload)]
    return {(row["userId"], row["type"]) for row in rows}


def acts(**about: object) -> list[str]:
    return [act.kind for act in Act.objects(**about).order_by("at", "act_id")]


class House:
    """A story with a moderator and a contributor's chapter."""

    def __init__(self) -> None:
        self.owner = sign_in("owner")
        self.slug, self.root = published_story(self.owner)
        self.path = f"/stories/{self.slug}"
        self.moderator, self.guest = self.member("moderator"), self.member("contributor")
        self.leaf = write_child(self.guest, self.slug, self.root)
        self.ban_of_guest = f"{self.path}/bans/{self.guest.user_id}"

    def member(self, role: str) -> Caller:
        """Return somebody new of the team."""
        person = sign_in(role)
        Collaborator(
            story_slug=self.slug,
            user_id=person.user_id,
            role=role,
            status="accepted",
            accepted_at=NOW,
        ).save()
        assert Story.seat(slug=self.slug, most=9)
        Story.let_in(slug=self.slug, user_id=person.user_id)
        return person


@pytest.fixture
def house() -> House:
    return House()


def test_a_report_is_taken_on_decided_and_told_to_those_concerned(house: House) -> None:
    reporter, other = sign_in(), sign_in()
    report_id, second = filed(reporter, "chapter", house.leaf), filed(other, "chapter", house.leaf)
    assert code(report(reporter, "chapter", house.leaf)) == (409, "already-there")
    assert code(report(house.guest, "chapter", house.leaf)) == (403, "out-of-reach")
    queue = f"{house.path}/reports"
    shown = house.moderator.get(f"{queue}?limit=1").json()
    assert (shown["items"][0]["id"], shown["has_more"]) == (second, True)
    rest = house.moderator.get(f"{queue}?limit=1&cursor={shown['next_cursor']}").json()["items"]
    assert (rest[0]["reporter"]["user_id"], rest[0]["note"]) == (reporter.user_id, "Look at it.")

    where = f"/reports/{report_id}/decision"
    assert house.moderator.post(where, {"outcome": "UNDER_REVIEW"}).status_code == 204
    assert code(house.moderator.post(where, {"outcome": "RESOLVED"})) == (400, "invalid")
    assert house.guest.get(f"/reports/{report_id}").status_code == 404, "not before it is decided"
    assert decide(house.guest, report_id, "DISMISSED") == 404
    assert decide(reporter, report_id, "RESOLVED") == 404
    assert decide(house.moderator, report_id, "RESOLVED") == 204
    assert decide(house.moderator, second, "RESOLVED") == 409, "one decision closes all alike"
    assert house.moderator.get(queue).json()["items"] == []
    assert len(house.moderator.get(f"{queue}?open=false").json()["items"]) == 2

    seen = reporter.get(f"/reports/{report_id}").json()
    assert (seen["status"], seen["decision"]["statement"]) == ("RESOLVED", SAID)
    accused = house.guest.get(f"/reports/{second}").json()
    assert accused["decision"]["statement"] == SAID
    for page in (seen, accused):
        hidden = (page["reporter"], page["note"], page["accused"], page["decision"]["decided_by"])
        assert hidden == (None, None, None, None)
    assert told() >= {
        (reporter.user_id, "report_decided"),
        (other.user_id, "report_decided"),
        (house.guest.user_id, "report_upheld"),
    }
    assert acts(story_slug=house.slug) == ["report_under_review", "report_resolved"]
    assert Act.objects.get(kind="report_resolved").reason == SAID


def test_whoever_does_not_see_it_cannot_report_it_nor_learn_of_it(house: House) -> None:
    stranger, banned = sign_in(), sign_in()
    StoryBan.impose(story_slug=house.slug, user_id=banned.user_id, reason="x", by="y", now=NOW)
    pull = propose(house.guest, house.slug, house.root)
    comment = house.guest.post(f"/pulls/{pull}/comments", {"content": "Rubbish!"}).json()["id"]
    assert filed(stranger, "comment", comment)
    hidden = house.owner.patch(f"{house.path}/settings", {"is_public": False})
    assert hidden.status_code == 200
    things = [("story", house.slug), ("chapter", house.leaf), ("comment", comment)]
    for kind, key in [*things, ("user", "nobody"), ("chapter", "none"), ("comment", "none")]:
        who = (stranger, banned) if kind != "user" else (stranger,)
        for person in who:
            assert code(report(person, kind, key)) == (404, "subject-not-found"), (kind, key)
    filed(house.moderator, "story", house.slug)


def test_stories_and_people_and_what_is_escalated_are_the_platforms(house: House) -> None:
    moderator, appeals = looks_after("PLATFORM_MODERATOR"), looks_after("APPEAL_MODERATOR")
    reporter = sign_in()
    of_story, of_user = (
        filed(reporter, "story", house.slug),
        filed(reporter, "user", str(house.owner.user_id)),
    )
    of_chapter = filed(reporter, "chapter", house.leaf)
    assert decide(house.owner, of_story, "DISMISSED") == 404
    assert decide(house.moderator, of_chapter, "ESCALATED") == 204
    assert decide(house.moderator, of_chapter, "DISMISSED") == 404, "it is theirs now"
    queue = [one["id"] for one in moderator.get("/moderation/reports").json()["items"]]
    assert set(queue) == {of_story, of_user, of_chapter}
    assert decide(appeals, of_story, "DISMISSED") == 404
    assert decide(moderator, of_chapter, "ESCALATED") == 409
    assert decide(moderator, of_chapter, "RESOLVED") == 204
    about_him = filed(reporter, "user", str(moderator.user_id))
    assert decide(moderator, about_him, "DISMISSED") == 403
    assert code(moderator.get(f"/reports/{about_him}")) == (404, "report-not-found")


def test_nobody_decides_on_his_own_chapter_or_learns_who_reported_it(house: House) -> None:
    report_id = filed(sign_in(), "chapter", write_child(house.moderator, house.slug, house.root))
    (shown,) = house.moderator.get(f"{house.path}/reports").json()["items"]
    assert (shown["id"], shown["reporter"], shown["note"]) == (report_id, None, None)
    assert decide(house.moderator, report_id, "DISMISSED") == 403
    assert decide(house.owner, report_id, "DISMISSED") == 204


def open_in(who: Caller, queue: str) -> set[str]:
    return {one["id"] for one in who.get(queue).json()["items"]}


def pass_up() -> int:
    """Run what was asked for in the outbox; return how many reports it has passed up."""
    rows = [r.payload for r in OutboxRow.objects if r.payload.get("job") == "moderation.pass_up"]
    return sum(passing.pass_up(story_slug=row["args"]["story_slug"]) for row in rows)


def test_what_nobody_in_a_story_may_decide_on_is_the_platforms(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passing, "STEP", 1)
    keeper, reporter, lone = looks_after("PLATFORM_MODERATOR"), sign_in(), sign_in("lone")
    theirs, ours = "/moderation/reports", f"{house.path}/reports"
    story, root = published_story(lone)
    own = [filed(reporter, "chapter", root)]  # whoever wrote it would be its only judge
    assert (open_in(keeper, theirs), open_in(lone, f"/stories/{story}/reports")) == (
        set(own),
        set(),
    )
    own += [filed(sign_in(), "chapter", root) for _ in range(FLAG_REPORTS - 1)]
    flagged = {who for who, kind in told() if kind == "chapter_flagged"}
    assert flagged == {keeper.user_id}
    assert decide(keeper, own[0], "DISMISSED") == 204

    of_owner = filed(reporter, "chapter", house.root)
    of_guest = [filed(who, "chapter", house.leaf) for who in (reporter, sign_in())]
    assert open_in(house.owner, ours) == {of_owner, *of_guest}
    part = f"{house.path}/collaborators/{house.moderator.user_id}"
    assert house.owner.patch(part, {"role": "reviewer"}).status_code == 200
    assert pass_up() == 1  # what is held against the one who is left
    assert open_in(house.owner, ours) == set(of_guest)
    assert open_in(keeper, theirs) == {of_owner}
    assert house.owner.delete(house.path).status_code == 204
    assert pass_up() == 2
    assert open_in(keeper, theirs) == {of_owner, *of_guest}
    assert decide(keeper, of_guest[0], "RESOLVED") == 204
    assert open_in(keeper, theirs) == {of_owner}


def test_reports_go_up_when_the_last_who_decides_leaves_or_is_banned_from_the_platform(
    house: House,
) -> None:
    keeper, found = looks_after("PLATFORM_MODERATOR"), []
    for person in (house.moderator, house.owner):
        found.append(filed(sign_in(), "chapter", house.leaf if found else house.root))
        before = pass_up()
        if person is house.owner:
            ban = f"/moderation/bans/{person.user_id}"
            assert keeper.post(ban, WHY).status_code == 204
        else:
            assert person.delete(f"{house.path}/collaborators/{person.user_id}").status_code == 204
        assert (before, pass_up()) == (0, 1)
    assert open_in(keeper, "/moderation/reports") == set(found)
    assert filed(sign_in(), "chapter", house.leaf) in open_in(keeper, "/moderation/reports")


def test_a_report_that_is_filed_as_the_last_judge_goes_is_not_lost_between_the_two(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = f"{house.path}/collaborators/{house.moderator.user_id}"
    looking = passing.list_moderators
    going: list[Future[HttpResponse]] = []

    def look_while_he_goes(**where: str) -> list[str]:
        seen = looking(**where)
        if not going:
            going.append(other.submit(house.owner.delete, part))
            wait(going, timeout=0.5)  # he has to wait for the report
        return seen

    with ThreadPoolExecutor(1) as other:
        monkeypatch.setattr(passing, "list_moderators", look_while_he_goes)
        report_id = filed(sign_in(), "chapter", house.root)
        assert going[0].result().status_code == 204
    assert pass_up() == 1
    assert open_in(looks_after("PLATFORM_MODERATOR"), "/moderation/reports") == {report_id}


def test_who_decides_nothing_does_not_learn_who_has_reported(house: House) -> None:
    filed(sign_in(), "user", str(house.guest.user_id))
    seen = [
        looks_after(role).get("/moderation/reports").json()["items"][0]
        for role in ("PLATFORM_MODERATOR", "APPEAL_MODERATOR")
    ]
    assert [(one["reporter"] is None, one["note"]) for one in seen] == [
        (False, "Look at it."),
        (True, None),
    ]


def test_one_decision_is_told_to_the_accused_once_and_to_all_who_have_reported(
    house: House,
) -> None:
    people = [sign_in() for _ in range(3)]
    reports = [filed(person, "chapter", house.leaf) for person in people]
    assert decide(house.moderator, reports[1], "RESOLVED") == 204
    keys = [row.row_id for row in OutboxRow.objects if row.row_id.startswith("notice:report:")]
    reporters = [f"notice:report:{one}:reporter" for one in reports]
    assert sorted(keys) == sorted([*reporters, f"notice:report:{reports[1]}:accused"])


def test_one_decision_is_of_the_report_that_was_read_however_many_are_alike(house: House) -> None:
    for _ in range(3):
        filed(sign_in(), "chapter", house.leaf)
    for report in Report.objects(is_open=True):
        alike = [one.report_id for one in report.list_alike(most=2)]
        assert (report.report_id in alike, len(set(alike))) == (True, 2)


def test_the_fifth_report_flags_a_chapter_once_also_of_many_at_once(house: House) -> None:
    page = f"{house.path}/chapters/{house.leaf}"
    people = [sign_in() for _ in range(FLAG_REPORTS + 3)]
    assert ANYONE.get(page).json()["is_flagged"] is False
    for person in people[: FLAG_REPORTS - 1]:
        filed(person, "chapter", house.leaf)
    assert ANYONE.get(page).json()["is_flagged"] is False
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: filed(one, "chapter", house.leaf), people[FLAG_REPORTS - 1 :]))
    assert ANYONE.get(page).json()["is_flagged"] is True
    assert Chapter.objects.get(slug=house.leaf).stats.reports == len(people)
    flagged = [row for row in OutboxRow.objects if row.row_id.startswith("notice:flagged:")]
    moderators = {house.owner.user_id, house.moderator.user_id}
    assert {row.payload["args"]["userId"] for row in flagged} == moderators
    assert len(flagged) == 2

    report_id = str(Report.objects(is_open=True).first().report_id)
    assert decide(house.moderator, report_id, "DISMISSED") == 204
    assert ANYONE.get(page).json()["is_flagged"] is False
    assert not Report.objects(is_open=True)
    for person in [sign_in() for _ in range(FLAG_REPORTS)]:
        filed(person, "chapter", house.leaf)
    assert ANYONE.get(page).json()["is_flagged"] is True, "five new ones do"


def test_so_low_a_score_flags_a_chapter_until_a_moderator_has_looked(house: House) -> None:
    page = f"{house.path}/chapters/{house.leaf}"
    down = {"votes__down": 1, "votes__score": -1}
    count = unit_of_work(count_chapter)
    count(house.leaf, {"votes__down": -FLAG_SCORE - 1, "votes__score": FLAG_SCORE + 1})
    assert ANYONE.get(page).json()["is_flagged"] is False
    count(house.leaf, down)
    assert ANYONE.get(page).json()["is_flagged"] is True
    assert house.guest.delete(f"{page}/flag").status_code == 403
    assert house.moderator.delete(f"{page}/flag").status_code == 204
    assert ANYONE.get(page).json()["is_flagged"] is False
    count(house.leaf, down)
    assert ANYONE.get(page).json()["is_flagged"] is False
    own = f"{house.path}/chapters/{house.root}/flag"
    assert code(house.owner.delete(own)) == (403, "out-of-reach")
    assert house.moderator.delete(f"{house.path}/chapters/none/flag").status_code == 404
    assert acts(subject_id=house.leaf) == ["flag_cleared"]


def test_a_ban_from_a_story_ends_a_part_in_it_at_once_and_lifting_it_gives_none_back(
    house: House,
) -> None:
    pages = [house.path, f"{house.path}/chapters/{house.leaf}", f"{house.path}/tree"]
    assert {house.guest.get(page).status_code for page in pages * 2} == {200}  # and are cached
    seats = Story.objects.get(slug=house.slug).seats
    assert house.moderator.post(house.ban_of_guest, WHY).status_code == 204
    assert {house.guest.get(page).status_code for page in pages} == {404}
    assert {ANYONE.get(page).status_code for page in pages} == {200}
    assert house.guest.post(f"{house.path}/chapters/{house.root}/children", {}).status_code != 201
    row = Collaborator.objects.get(story_slug=house.slug, user_id=house.guest.user_id)
    story = Story.objects.get(slug=house.slug)
    assert (row.status, story.seats) == ("removed", seats - 1)
    assert house.guest.user_id not in story.team
    assert code(house.moderator.post(house.ban_of_guest, WHY)) == (409, "already-there")
    assert invite(house.owner, house.slug, house.guest) == 409
    shown = house.owner.get(f"{house.path}/bans").json()["items"]
    assert [(one["user"]["user_id"], one["reason"]) for one in shown] == [
        (house.guest.user_id, WHY["reason"])
    ]
    moments = house.owner.get(f"{house.path}/timeline").json()["items"]
    assert (moments[0]["kind"], moments[0]["user"]["user_id"]) == (
        "member_banned",
        house.guest.user_id,
    )

    assert house.owner.delete(house.ban_of_guest).status_code == 204
    assert {house.guest.get(page).status_code for page in pages} == {200}
    assert house.guest.get(f"{house.path}/my-role").json()["role"] is None
    assert code(house.owner.delete(house.ban_of_guest)) == (404, "ban-not-found")
    assert acts(user_id=house.guest.user_id) == ["story_banned", "story_unbanned"]
    assert told() >= {
        (house.guest.user_id, "story_ban"),
        (house.guest.user_id, "story_ban_lifted"),
    }


def test_nobody_bans_his_equals_those_above_him_or_himself(house: House) -> None:
    colleague, co_author = (
        house.member("moderator"),
        house.member("co_author"),
    )
    platform = looks_after("PLATFORM_MODERATOR")
    for caller, target in [
        (house.moderator, colleague),
        (house.moderator, co_author),
        (house.moderator, house.owner),
        (house.moderator, platform),
        (house.owner, house.owner),
        (co_author, house.owner),
    ]:
        answer = caller.post(f"{house.path}/bans/{target.user_id}", WHY)
        assert code(answer) == (403, "out-of-reach")
    assert house.moderator.post(f"{house.path}/bans/nobody", WHY).status_code == 404
    owners = f"{house.path}/bans/{house.owner.user_id}"
    assert code(platform.post(owners, WHY)) == (403, "out-of-reach")
    for person in (house.member("co_author"), sign_in()):  # he is above all but the owner
        assert platform.post(f"{house.path}/bans/{person.user_id}", WHY).status_code == 204
        assert person.get(house.path).status_code == 404
    assert co_author.post(f"{house.path}/bans/{colleague.user_id}", WHY).status_code == 204
    assert StoryBan.objects.count() == 3


def test_an_invitation_ends_with_a_ban(house: House) -> None:
    person = sign_in()
    assert invite(house.owner, house.slug, person, "reviewer") == 201
    assert house.moderator.post(f"{house.path}/bans/{person.user_id}", WHY).status_code == 204
    assert person.post(f"{house.path}/invitation/accept").status_code == 404
    assert person.get("/invitations").json()["items"] == []


def test_who_is_banned_from_the_platform_may_do_nothing_but_appeal(house: House) -> None:
    bans, lifts = looks_after("PLATFORM_MODERATOR"), looks_after("APPEAL_MODERATOR")
    guest, where = house.guest, f"/moderation/bans/{house.guest.user_id}"
    paths = ["/users/me", house.path, "/stories", "/notifications"]
    assert {guest.get(path).status_code for path in paths * 2} == {200}
    assert lifts.post(where, WHY).status_code == 403
    assert bans.post(where, WHY).status_code == 204
    for path in paths:
        answer = guest.get(path)
        assert code(answer) == (403, "account-banned"), path
        assert WHY["reason"] in answer.json()["detail"]
    assert code(guest.post("/stories", {})) == (403, "account-banned")
    assert code(Caller(guest.user_id).get("/users/me")) == (403, "account-banned"), "anywhere"
    assert ANYONE.get(f"/users/{guest.user_id}/profile").status_code == 200
    assert code(bans.post(where, WHY)) == (409, "already-there")
    assert bans.delete(where).status_code == 403
    (listed,) = bans.get("/moderation/bans").json()["items"]
    assert listed["banned_by"]["user_id"] == bans.user_id

    answer = guest.post("/appeals", PLEA, **{"Idempotency-Key": "a-plea"})
    assert answer.status_code == 201, answer.content
    again = guest.post("/appeals", PLEA, **{"Idempotency-Key": "a-plea"})
    assert (again.json(), again["Idempotent-Replayed"]) == (answer.json(), "true")
    assert code(guest.post("/appeals", PLEA)) == (409, "already-there")
    appeal = answer.json()["id"]
    assert guest.get(f"/appeals/{appeal}").json()["status"] == "PENDING"
    assert [one["id"] for one in lifts.get("/moderation/appeals").json()["items"]] == [appeal]
    verdict = {"is_granted": False, "statement": SAID}
    assert code(bans.post(f"/appeals/{appeal}/decision", verdict)) == (404, "appeal-not-found")
    assert lifts.post(f"/appeals/{appeal}/decision", verdict).status_code == 204
    assert code(lifts.post(f"/appeals/{appeal}/decision", verdict)) == (409, "report-closed")
    assert guest.get("/appeals").json()["items"][0]["decision"]["statement"] == SAID
    assert guest.get("/users/me").status_code == 403

    second = guest.post("/appeals", MORE).json()["id"]
    granted = {"is_granted": True, "statement": "He has understood it."}
    assert lifts.post(f"/appeals/{second}/decision", granted).status_code == 204
    assert {guest.get(path).status_code for path in paths} == {200}
    assert lifts.get("/moderation/appeals").json()["items"] == []
    assert code(guest.post("/appeals", PLEA)) == (404, "ban-not-found")
    done = lifts.get(f"/moderation/acts?user_id={guest.user_id}&limit=2").json()
    kinds = [one["kind"] for one in done["items"]]
    rest = lifts.get(
        f"/moderation/acts?user_id={guest.user_id}&limit=9&cursor={done['next_cursor']}"
    )
    kinds += [one["kind"] for one in rest.json()["items"]]
    assert sorted(kinds) == sorted(
        ["platform_banned", "appeal_rejected", "appeal_granted", "platform_unbanned"]
    )
    assert (guest.user_id, "appeal_decided") in told()


def test_a_storys_ban_is_appealed_against_to_others_than_who_has_banned(house: House) -> None:
    stranger = sign_in()
    about = {**PLEA, "story_slug": house.slug}
    assert code(house.guest.post("/appeals", about)) == (404, "ban-not-found")
    assert house.moderator.post(house.ban_of_guest, WHY).status_code == 204
    appeal = house.guest.post("/appeals", about).json()["id"]
    granted = {"is_granted": True, "statement": "He has understood it."}
    where = f"/appeals/{appeal}/decision"
    assert code(house.moderator.post(where, granted)) == (403, "out-of-reach")
    assert code(stranger.post(where, granted)) == (404, "appeal-not-found")
    assert code(house.guest.post(where, granted)) == (404, "appeal-not-found")
    assert [one["id"] for one in house.owner.get(f"{house.path}/appeals").json()["items"]] == [
        appeal
    ]
    assert house.owner.post(where, granted).status_code == 204
    assert house.guest.get(house.path).status_code == 200

    owners = sign_in()
    assert house.owner.post(f"{house.path}/bans/{owners.user_id}", WHY).status_code == 204
    second = owners.post("/appeals", about).json()["id"]
    assert code(house.owner.post(f"/appeals/{second}/decision", REJECTED)) == (403, "out-of-reach")
    assert house.moderator.post(f"/appeals/{second}/decision", REJECTED).status_code == 204
    assert owners.get(house.path).status_code == 404
    third = owners.post("/appeals", {**MORE, "story_slug": house.slug}).json()["id"]
    platform, highest = looks_after("PLATFORM_MODERATOR"), looks_after("SUPER_ADMIN")
    ban = f"{house.path}/bans/{owners.user_id}"
    assert platform.get(f"{house.path}/appeals").json()["items"], "he stands in for its moderators"
    assert code(platform.delete(ban)) == (403, "story-forbidden"), "but never lifts a ban"
    assert code(platform.post(f"/appeals/{third}/decision", granted)) == (404, "appeal-not-found")
    assert highest.delete(ban).status_code == 204
    assert owners.get(f"/appeals/{third}").json()["status"] == "RESOLVED"
    assert owners.get(house.path).status_code == 200


def test_what_the_platform_has_banned_from_a_story_its_team_neither_lifts_nor_judges(
    house: House,
) -> None:
    keeper, lifts = looks_after("PLATFORM_MODERATOR"), looks_after("APPEAL_MODERATOR")
    guest, ban, about = house.guest, house.ban_of_guest, {**PLEA, "story_slug": house.slug}
    granted = {"is_granted": True, "statement": "He has understood it."}
    assert house.moderator.post(ban, WHY).status_code == 204
    assert code(lifts.delete(ban)) == (403, "story-forbidden"), "the team's is the team's"
    assert house.owner.delete(ban).status_code == 204

    assert keeper.post(ban, WHY).status_code == 204
    for who, why in (
        (house.owner, "platforms-ban"),
        (house.moderator, "platforms-ban"),
        (keeper, "story-forbidden"),
    ):
        assert code(who.delete(ban)) == (403, why)
    appeal = guest.post("/appeals", about).json()["id"]
    verdict = f"/appeals/{appeal}/decision"
    assert code(house.owner.post(verdict, granted)) == (404, "appeal-not-found")
    assert house.owner.get(f"{house.path}/appeals").json()["items"] == []
    assert [one["id"] for one in lifts.get("/moderation/appeals").json()["items"]] == [appeal]
    assert code(guest.get(house.path)) == (404, "story-not-found")
    assert lifts.post(verdict, granted).status_code == 204
    assert guest.get(house.path).status_code == 200
    done = house.owner.get(f"{house.path}/acts").json()["items"][:3]
    assert {(act["kind"], act["actor"]) for act in done} == {
        ("story_banned", None),
        ("appeal_granted", None),
        ("story_unbanned", None),
    }

    assert keeper.post(ban, WHY).status_code == 204
    role = PlatformRole(user_id=guest.user_id, role="APPEAL_MODERATOR", assigned_at=NOW).save()
    assert code(guest.delete(ban)) == (404, "story-not-found"), "nobody lifts his own"
    role.delete()
    assert lifts.delete(ban).status_code == 204
    assert guest.get(house.path).status_code == 200

    assert keeper.post(ban, WHY).status_code == 204
    late = guest.post("/appeals", about).json()["id"]
    assert house.owner.delete(house.path).status_code == 204
    assert lifts.post(f"/appeals/{late}/decision", granted).status_code == 204
    assert StoryBan.find(story_slug=house.slug, user_id=str(guest.user_id)) is None
    calls = [row.payload.get("args", {}) for row in OutboxRow.objects]
    lifted = [call for call in calls if call.get("type") == "story_ban_lifted"]
    assert len(lifted) == 3, "of a story that is gone nobody is told that he may read it"


def test_the_platform_takes_over_what_a_storys_team_has_banned(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, lifts = looks_after("PLATFORM_MODERATOR"), looks_after("APPEAL_MODERATOR")
    guest, ban, about = house.guest, house.ban_of_guest, {**PLEA, "story_slug": house.slug}
    anew = {"reason": "He does so everywhere."}
    refuse = appealing._refuse_repetition
    taking: list[Future[HttpResponse]] = []

    def refuse_while_it_is_taken_over(*args: Any, **since: Any) -> None:
        refuse(*args, **since)
        if not taking:
            taking.append(other.submit(keeper.post, ban, anew))
            wait(taking, timeout=0.5)  # it has to wait for the appeal

    assert house.owner.post(ban, WHY).status_code == 204
    with ThreadPoolExecutor(1) as other:
        monkeypatch.setattr(appealing, "_refuse_repetition", refuse_while_it_is_taken_over)
        appeal = guest.post("/appeals", about).json()["id"]
        assert taking[0].result().status_code == 204
    assert code(house.owner.delete(ban)) == (403, "platforms-ban")
    assert code(keeper.post(ban, WHY)) == (409, "already-there")
    (listed,) = house.owner.get(f"{house.path}/bans").json()["items"]
    assert (listed["banned_by"], listed["by_platform"]) == (None, True)
    assert listed["reason"] == anew["reason"]
    assert open_in(house.owner, f"{house.path}/appeals") == set()
    (waiting,) = lifts.get("/moderation/appeals").json()["items"]
    assert (waiting["id"], waiting["ban_reason"]) == (appeal, anew["reason"])
    assert code(guest.post("/appeals", about)) == (409, "already-there")
    assert acts(kind="story_banned", for_platform=True) == ["story_banned"]
    assert code(house.owner.post(ban, WHY)) == (409, "already-there")
    assert lifts.post(f"/appeals/{appeal}/decision", GRANTED).status_code == 204
    assert guest.get(house.path).status_code == 200


def test_who_does_something_for_the_platform_is_not_named_to_a_storys_team(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keeper, highest = looks_after("PLATFORM_MODERATOR"), looks_after("SUPER_ADMIN")
    person, reporter = sign_in(), sign_in()
    appeal = {**PLEA, "story_slug": house.slug}
    first, second = (
        filed(reporter, "chapter", write_child(house.guest, house.slug, house.root))
        for _ in range(2)
    )
    upward = filed(reporter, "story", house.slug)
    for who, one in ((keeper, first), (house.moderator, second), (keeper, upward)):
        assert decide(who, one, "DISMISSED") == 204
    assert keeper.post(house.ban_of_guest, WHY).status_code == 204
    assert house.moderator.post(f"{house.path}/bans/{person.user_id}", WHY).status_code == 204
    judged = person.post("/appeals", appeal).json()["id"]
    assert highest.post(f"/appeals/{judged}/decision", REJECTED).status_code == 204

    def shown(who: Caller, path: str, name: str) -> dict[str, Any]:
        """By what or whom it is, who has done it and whether that was for the platform."""
        found = {}
        for one in who.get(path).json()["items"]:
            done = one if name == "banned_by" else one["decision"]
            key = one["user"]["user_id"] if name == "banned_by" else one["id"]
            found[key] = (done[name] and done[name]["user_id"], done["by_platform"])
        return found

    mine, platforms = (house.moderator.user_id, False), (None, True)
    bans = shown(house.owner, f"{house.path}/bans", "banned_by")
    assert bans == {house.guest.user_id: platforms, person.user_id: mine}
    reports = shown(house.owner, f"{house.path}/reports?open=false", "decided_by")
    assert reports == {first: platforms, second: mine}
    appeals = shown(house.owner, f"{house.path}/appeals?open=false", "decided_by")
    assert appeals == {judged: platforms}
    names = (keeper.user_id, highest.user_id)
    one = house.owner.get(f"/reports/{first}").content.decode()
    assert not [name for name in names if name in one]
    theirs = shown(highest, "/moderation/reports?open=false", "decided_by")
    assert theirs == {upward: (keeper.user_id, True)}
    assert highest.delete(f"{house.path}/bans/{person.user_id}").status_code == 204
    told_reporter = reporter.get(f"/reports/{first}").json()["decision"]
    assert (told_reporter["decided_by"], told_reporter["by_platform"]) == (None, None)

    queues = [
        (house.owner, f"{house.path}/bans", "banned_by"),
        (house.owner, f"{house.path}/reports?open=false", "decided_by"),
        (house.owner, f"{house.path}/appeals?open=false", "decided_by"),
        (highest, "/moderation/reports?open=false", "decided_by"),
    ]
    now = [shown(*queue) for queue in queues]
    waiting = house.guest.post("/appeals", appeal).json()["id"]
    unmarked = {"$unset": {"decision.for_platform": ""}}  # as they were stored before
    StoryBan._get_collection().update_many({}, {"$unset": {"for_platform": ""}})
    Report._get_collection().update_many({}, unmarked)
    Appeal._get_collection().update_many({"is_open": False}, unmarked)
    Appeal._get_collection().update_many({"is_open": True}, {"$set": {"queue": "story"}})
    before = [shown(*queue) for queue in queues]
    assert (before[0][house.guest.user_id], before[1][first]) == ((keeper.user_id, False),) * 2
    monkeypatch.setattr(backfilling, "STEP", 2)
    for count in (5, 0):  # two reports, an appeal, a ban and the appeal that waits
        call_command("backfill_platform")
        assert capsys.readouterr().out == f"{count} brought up to date\n"
    assert [shown(*queue) for queue in queues] == now
    assert waiting in open_in(highest, "/moderation/appeals")


def test_appeals_against_a_ban_come_to_an_end_and_each_says_something_new(house: House) -> None:
    about, guest = {"story_slug": house.slug}, house.guest

    def appeal(**text: str) -> tuple[int, str]:
        answer = guest.post("/appeals", {**about, **text})
        return answer.status_code, answer.json().get("code") or answer.json()["id"]

    def reject(appeal_id: str) -> int:
        return house.owner.post(f"/appeals/{appeal_id}/decision", REJECTED).status_code

    assert house.moderator.post(house.ban_of_guest, WHY).status_code == 204
    assert reject(appeal(**PLEA)[1]) == 204
    assert appeal(text="I am SORRY: it will\nnot happen again!!") == (409, "nothing-new")
    status, renewed = appeal(**MORE)
    assert status == 201
    assert appeal(text="And something else entirely.") == (409, "already-there")
    assert reject(renewed) == 204
    assert appeal(text="And something else entirely.") == (409, "appeals-spent")
    assert house.owner.delete(house.ban_of_guest).status_code == 204
    assert house.moderator.post(house.ban_of_guest, WHY).status_code == 204
    assert appeal(**PLEA)[0] == 201, "of another ban nothing has been said yet"


def test_who_has_banned_judges_only_where_nobody_else_can(house: House) -> None:
    guest, highest = house.guest, looks_after("SUPER_ADMIN")
    lifts = looks_after("APPEAL_MODERATOR")
    assert house.owner.post(house.ban_of_guest, WHY).status_code == 204
    assert highest.post(f"/moderation/bans/{guest.user_id}", WHY).status_code == 204
    of_platform = guest.post("/appeals", PLEA).json()["id"]
    of_story = guest.post("/appeals", {**PLEA, "story_slug": house.slug}).json()["id"]
    part = Collaborator.objects.get(story_slug=house.slug, user_id=house.moderator.user_id)
    for who, appeal, others in (
        (house.owner, of_story, lambda: part.change_role("reviewer")),
        (highest, of_platform, lambda: PlatformRole.objects.get(user_id=lifts.user_id).delete()),
    ):
        where = f"/appeals/{appeal}/decision"
        assert code(who.post(where, REJECTED)) == (403, "out-of-reach")
        others()
        assert who.post(where, REJECTED).status_code == 204


def test_a_storys_moderators_read_what_was_done_in_it_and_nothing_of_the_platforms(
    house: House,
) -> None:
    keeper, reporter = looks_after("PLATFORM_MODERATOR"), sign_in("reporter")
    other, _ = published_story(house.owner)
    leaf = f"{house.path}/chapters/{house.leaf}"
    own = write_child(house.moderator, house.slug, house.root)
    said = house.guest.post(f"{leaf}/comments", {"content": "Go away."}).json()["id"]
    assert keeper.delete(f"/comments/{said}").status_code == 204
    assert (
        decide(keeper, filed(reporter, "story", house.slug), "DISMISSED", "A note of ours.") == 204
    )
    assert decide(house.owner, filed(reporter, "chapter", own), "DISMISSED") == 204
    escalated = filed(reporter, "chapter", house.leaf)
    assert decide(house.moderator, escalated, "ESCALATED", "This is beyond us.") == 204
    assert decide(keeper, escalated, "RESOLVED", "A note of ours.") == 204
    assert keeper.post(f"{house.path}/bans/{reporter.user_id}", WHY).status_code == 204
    stranger = sign_in()
    assert house.owner.post(f"/stories/{other}/bans/{stranger.user_id}", WHY).status_code == 204

    found, path = [], f"{house.path}/acts?limit=2"
    while path:
        page = house.moderator.get(path).json()
        found += page["items"]
        following = page["next_cursor"]
        path = f"{house.path}/acts?limit=2&cursor={following}" if following else ""
    shown = [(a["kind"], a["actor"] and a["actor"]["user_id"], a["reason"]) for a in found[::-1]]
    mine, owner = house.moderator.user_id, house.owner.user_id
    assert shown == [
        ("comment_removed", None, ""),
        ("report_dismissed", None, SAID),  # about the moderator himself
        ("report_escalated", mine, "This is beyond us."),
        ("story_banned", None, WHY["reason"]),
    ]
    assert {a["story_slug"] for a in found} == {house.slug}
    assert found[2]["user"]["user_id"] == mine
    by_owner = house.owner.get(f"{house.path}/acts").json()["items"]
    assert by_owner[2]["actor"]["user_id"] == owner
    last = house.guest.get(f"{house.path}/timeline").json()["items"][0]
    assert (last["kind"], last["actor"]) == ("member_banned", None)
    assert len(keeper.get(f"/moderation/acts?story_slug={house.slug}").json()["items"]) == 6
    assert house.guest.get(f"{house.path}/acts").status_code == 403
    cursor = house.owner.get(f"{house.path}/acts?limit=1").json()["next_cursor"]
    assert house.owner.get(f"/stories/{other}/acts?limit=1&cursor={cursor}").status_code == 400


def test_the_super_admin_is_one_and_gives_all_other_roles() -> None:
    first, second, person = sign_in(), sign_in(), sign_in()
    with pytest.raises(CommandError, match="no such user"):
        call_command("super_admin", "nobody")
    call_command("super_admin", first.user_id, stdout=StringIO())
    with pytest.raises(CommandError, match="exactly one"):
        call_command("super_admin", second.user_id)
    where, role = f"/moderation/roles/{person.user_id}", {"role": "PLATFORM_MODERATOR"}
    assert code(
        second.put(where, role) if hasattr(second, "put") else second.send("PUT", where, role)
    ) == (
        403,
        "platform-forbidden",
    )
    assert first.send("PUT", where, role).status_code == 204
    assert person.get("/moderation/reports").status_code == 200
    assert first.send("PUT", where, {"role": "APPEAL_MODERATOR"}).status_code == 204
    roles = {
        one["user"]["user_id"]: one["role"]
        for one in person.get("/moderation/roles").json()["items"]
    }
    assert roles == {first.user_id: "SUPER_ADMIN", person.user_id: "APPEAL_MODERATOR"}
    himself = f"/moderation/roles/{first.user_id}"
    assert code(first.send("PUT", himself, role)) == (409, "super-admin-stays")
    assert code(first.delete(himself)) == (409, "super-admin-stays")
    banned = f"/moderation/bans/{person.user_id}"
    assert code(first.post(f"/moderation/bans/{first.user_id}", WHY)) == (403, "out-of-reach")
    assert first.post(banned, WHY).status_code == 204
    assert code(first.send("PUT", where, role)) == (403, "out-of-reach")
    assert first.delete(banned).status_code == 204
    assert first.delete(where).status_code == 204
    assert person.get("/moderation/reports").status_code == 403
    call_command("super_admin", second.user_id, "--replace", stdout=StringIO())
    assert first.send("PUT", where, role).status_code == 403
    assert [row.role for row in PlatformRole.objects] == ["SUPER_ADMIN"]
    (newest, *_) = second.get("/moderation/acts").json()["items"]
    assert newest["actor"] is None


def test_a_platform_moderator_bans_nobody_who_has_a_role() -> None:
    bans = looks_after("PLATFORM_MODERATOR")
    for person in (bans, looks_after("PLATFORM_MODERATOR"), looks_after("APPEAL_MODERATOR")):
        answer = bans.post(f"/moderation/bans/{person.user_id}", WHY)
        assert code(answer) == (403, "out-of-reach")
    assert not PlatformBan.objects


@pytest.mark.django_db(transaction=True)
def test_nothing_of_who_is_gone_stays_in_what_was_reported_or_done(
    house: House, mongo: pymongo.MongoClient, settings: Settings
) -> None:
    settings.CLERK_WEBHOOK_SECRETS = [clerk.SECRET]
    gone, stranger = house.moderator, sign_in()
    PlatformRole(user_id=gone.user_id, role="SUPER_ADMIN", assigned_at=NOW).save()
    leaf = write_child(gone, house.slug, house.root)
    kept = [
        filed(gone, "chapter", house.leaf),
        filed(stranger, "chapter", leaf),
        filed(stranger, "chapter", house.leaf),
    ]
    against = filed(stranger, "user", str(gone.user_id))
    assert decide(gone, kept[0], "DISMISSED") == 204
    assert gone.post(house.ban_of_guest, WHY).status_code == 204
    other = sign_in()
    assert gone.post(f"/moderation/bans/{other.user_id}", WHY).status_code == 204
    assert other.post("/appeals", PLEA).status_code == 201
    assert gone.send("PUT", f"/moderation/roles/{stranger.user_id}", {"role": "APPEAL_MODERATOR"})
    StoryBan.impose(story_slug="s", user_id=gone.user_id, reason="r", by="x", now=NOW)
    assert gone.post("/appeals", {**PLEA, "story_slug": "s"}).status_code == 201

    assert clerk.post(clerk.gone(str(gone.user_id))).status_code == 204
    run(f"gone:{gone.user_id}", times=2)
    database = mongo.get_database(configured.MONGODB_URI.rpartition("/")[2])
    holders = {
        name
        for name in database.list_collection_names()
        if any(str(gone.user_id) in str(row) for row in database[name].find())
    }
    assert holders - {"users", "outbox"} == set()
    assert {row.report_id for row in Report.objects} == set(kept)
    assert not Report.objects(report_id=against)
    shown = house.owner.get(f"{house.path}/reports?open=false").json()["items"]
    assert {one["id"] for one in shown if one["reporter"] is None} == {kept[0]}
    assert [ban.banned_by for ban in (*StoryBan.objects, *PlatformBan.objects)] == ["~deleted"] * 2
    assert Appeal.objects.get().banned_by == "~deleted"


def test_reports_are_told_by_types_that_reach_who_may_not_read() -> None:
    judged = {"report_upheld", "story_ban", "story_ban_lifted", "appeal_decided"}
    judged |= {"story_taken_down", "story_restored", "chapter_removed", "comment_removed"}
    judged |= {"pr_withheld", "pr_comment_removed", "pr_review_removed"}
    assert {kind for kind in judged if KINDS[kind].is_needed} == judged


@pytest.mark.django_db
def test_the_platforms_moderators_take_away_what_they_decide_on_and_change_no_word(
    house: House,
) -> None:
    keeper, guest = looks_after("PLATFORM_MODERATOR"), str(house.guest.user_id)
    leaf = f"{house.path}/chapters/{house.leaf}"
    said = house.guest.post(f"{leaf}/comments", {"content": "Go away."}).json()["id"]
    assert keeper.patch(f"/comments/{said}", {"content": "Stay."}).status_code == 403
    assert keeper.delete(f"/comments/{said}").status_code == 204
    assert keeper.patch(leaf, {"title": "Better"}).status_code == 403
    assert keeper.delete(leaf).status_code == 204
    assert ANYONE.get(leaf).status_code == 404
    assert keeper.patch(house.path, {"title": "Better"}).status_code == 403
    assert keeper.delete(house.path).status_code == 403
    assert acts(story_slug=house.slug, actor_id=keeper.user_id) == [
        "comment_removed",
        "chapter_removed",
    ]
    assert told() >= {(guest, "comment_removed"), (guest, "chapter_removed")}
    for job_id in (f"comment:{said}", house.leaf):  # they reach him, though the chapter is gone
        assert run(f"notice:removed:{job_id}")["delivered"]
    (notice, *_) = house.guest.get("/notifications?limit=1").json()["items"]
    assert (notice["type"], notice["related"].get("actor_id")) == ("chapter_removed", None)
    last = house.guest.get(f"{house.path}/timeline").json()["items"][0]
    assert (last["kind"], last["actor"]) == ("chapter_removed", None)


def test_a_story_that_the_platform_has_taken_down_its_team_does_not_bring_back(
    house: House,
) -> None:
    keeper, owner = looks_after("PLATFORM_MODERATOR"), str(house.owner.user_id)
    root = f"{house.path}/chapters/{house.root}"
    down, back = f"{house.path}/archive", f"{house.path}/unarchive"
    assert house.owner.post(down).status_code == 200
    assert keeper.post(back).status_code == 403  # that is its team's
    assert keeper.post(down).status_code == 200
    assert code(keeper.post(down)) == code(house.owner.post(down)) == (409, "wrong-status")
    assert code(house.owner.post(back)) == (403, "story-forbidden")
    assert ANYONE.get(root).status_code == 404
    assert house.guest.get(root).status_code == 200  # nothing of theirs is lost
    assert keeper.post(back).status_code == 200
    assert ANYONE.get(root).status_code == 200
    assert house.owner.post(down).status_code == house.owner.post(back).status_code == 200
    assert acts(user_id=owner) == ["story_taken_down", "story_restored"]
    assert told() >= {(owner, "story_taken_down"), (owner, "story_restored")}


def test_what_a_storys_own_moderators_take_from_others_is_kept_and_told(house: House) -> None:
    co_author, guest = house.member("co_author"), str(house.guest.user_id)
    leaf = f"{house.path}/chapters/{house.leaf}"
    own, others = (
        who.post(f"{leaf}/comments", {"content": "Go away."}).json()["id"]
        for who in (house.moderator, house.guest)
    )
    assert house.moderator.delete(f"/comments/{own}").status_code == 204
    assert acts() == []
    assert house.moderator.delete(f"/comments/{others}").status_code == 204
    for verb in ("PUT", "PUT", "DELETE"):
        assert house.moderator.send(verb, f"{leaf}/comments/lock").status_code == 204
    mine = write_child(co_author, house.slug, house.root)
    for path in (f"{house.path}/chapters/{mine}", leaf):
        assert co_author.delete(path).status_code == 204
    kept = ["comment_removed", "comments_locked", "comments_unlocked", "chapter_removed"]
    assert acts(user_id=guest) == acts() == kept
    assert told() >= {(guest, "comment_removed"), (guest, "chapter_removed")}
    last = house.owner.get(f"{house.path}/timeline").json()["items"][0]
    assert (last["kind"], last["actor"]["user_id"]) == ("chapter_removed", co_author.user_id)


def test_two_decisions_at_once_are_one(house: House) -> None:
    report_id = filed(sign_in(), "chapter", house.leaf)
    judges = [house.owner, house.moderator] * 3
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda one: decide(one, report_id, "DISMISSED"), judges))
    assert sorted(found) == [204] + [409] * 5
    assert acts(kind="report_dismissed") == ["report_dismissed"]
