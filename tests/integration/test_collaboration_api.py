"""A team over HTTP: people are asked in, come, change their part and go, and access follows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.access.documents import Collaborator, StoryBan
from apps.collaboration import queries, services
from apps.collaboration.departures import leave_teams
from apps.collaboration.errors import InvitationExpired
from apps.collaboration.limits import INVITATION_DAYS, LARGEST_TEAM
from apps.stories.documents import Story
from apps.stories.queries import Opened
from apps.users.documents import User
from storychain.outbox import OutboxRow
from tests.factories import (
    Caller,
    chapter_body,
    invite,
    join,
    published_story,
    sign_in,
    start_story,
    write_root,
)

NOW = datetime(2026, 2, 9, 15, 30, tzinfo=UTC)


def team(reader: Caller, story: str) -> dict[str, str]:
    rows = reader.get(f"/stories/{story}/collaborators").json()["items"]
    return {row["user"]["user_id"]: row["role"] for row in rows}


def test_somebody_is_invited_comes_in_and_reads_what_was_private() -> None:
    owner, guest = sign_in(), sign_in()
    story = start_story(owner)
    assert guest.get(f"/stories/{story}").status_code == 404
    assert invite(owner, story, guest, "co_author") == 201
    assert guest.get(f"/stories/{story}").status_code == 404
    (invitation,) = guest.get("/invitations").json()["items"]
    assert (invitation["story_slug"], invitation["role"]) == (story, "co_author")
    assert invitation["invited_by"]["user_id"] == owner.user_id
    assert guest.post(f"/stories/{story}/invitation/accept").status_code == 204
    assert guest.get(f"/stories/{story}").status_code == 200
    assert team(guest, story) == {owner.user_id: "owner", guest.user_id: "co_author"}
    assert guest.get("/invitations").json()["items"] == []
    assert owner.get(f"/stories/{story}/invitations").json()["items"] == []


def test_people_are_invited_by_name_too() -> None:
    owner, guest = sign_in(), sign_in()
    story = start_story(owner)
    name = guest.get("/users/me").json()["username"]
    answer = owner.post(
        f"/stories/{story}/collaborators", {"username": name.upper(), "role": "reviewer"}
    )
    assert answer.status_code == 201
    assert answer["Location"].endswith(f"/collaborators/{guest.user_id}")
    assert [row["role"] for row in answer.json()["items"]] == ["reviewer"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "contributor"}, "user_id"),
        ({"role": "contributor", "user_id": "a", "username": "b"}, "user_id"),
        ({"role": "owner", "user_id": "a"}, "role"),
        ({"role": "king", "user_id": "a"}, "role"),
        ({"user_id": "a"}, "role"),
        ({"role": "contributor", "user_id": "nobody_at_all"}, "user_id"),
        ({"role": "contributor", "username": "nobody-at-all"}, "username"),
        ({"role": "contributor", "user_id": {"$ne": ""}}, "user_id"),
        ({"role": ["contributor"], "user_id": "a"}, "role"),
        ({"role": "contributor", "user_id": "a", "status": "accepted"}, "status"),
    ],
)
def test_a_wrong_invitation_names_the_field_and_changes_nothing(body: dict, field: str) -> None:
    owner = sign_in()
    story = start_story(owner)
    answer = owner.post(f"/stories/{story}/collaborators", body)
    assert answer.status_code == 400
    assert field in answer.json()["errors"], answer.json()
    assert Collaborator.objects(story_slug=story).count() == 1
    assert Story.objects(slug=story).get().seats == 1


def test_nobody_invites_above_his_own_role_and_below_co_author_nobody_at_all() -> None:
    owner, guest = sign_in(), sign_in()
    story, _ = published_story(owner)
    co_author, moderator = join(owner, story, "co_author"), join(owner, story, "moderator")
    assert invite(moderator, story, guest) == 403
    assert invite(guest, story, guest) == 403
    assert invite(co_author, story, guest, "co_author") == 201
    assert invite(co_author, story, guest) == 409


def test_only_the_owner_changes_roles_and_takes_people_out() -> None:
    owner = sign_in()
    story, _ = published_story(owner)
    co_author, writer = join(owner, story, "co_author"), join(owner, story, "contributor")
    path = f"/stories/{story}/collaborators/{writer.user_id}"
    for who in (co_author, writer, sign_in()):
        assert who.patch(path, {"role": "co_author"}).status_code == 403
    assert co_author.delete(path).status_code == 403
    assert owner.patch(path, {"role": "reviewer"}).status_code == 200
    assert team(owner, story)[writer.user_id] == "reviewer"
    assert owner.delete(path).status_code == 204
    assert writer.user_id not in team(owner, story)
    assert owner.delete(path).status_code == 404


def test_the_owner_stays_as_he_is() -> None:
    owner = sign_in()
    story, _ = published_story(owner)
    co_author = join(owner, story, "co_author")
    path = f"/stories/{story}/collaborators/{owner.user_id}"
    assert owner.delete(path).json()["code"] == "owner-stays"
    assert co_author.delete(path).status_code == 409
    assert owner.patch(path, {"role": "contributor"}).json()["code"] == "owner-stays"


def test_access_ends_with_the_next_request_cached_pages_included() -> None:
    owner = sign_in()
    story = start_story(owner)
    root = write_root(owner, story)
    guest = join(owner, story, "contributor")
    pages = [f"/stories/{story}{end}" for end in ("", "/tree", f"/chapters/{root}", "/my-role")]
    for path in (*pages, *pages):
        assert guest.get(path).status_code == 200
    assert owner.delete(f"/stories/{story}/collaborators/{guest.user_id}").status_code == 204
    assert [guest.get(path).status_code for path in pages] == [404] * 4
    answer = guest.post(f"/stories/{story}/chapters/{root}/children", chapter_body())
    assert answer.status_code == 404


@pytest.mark.parametrize("end", ["removed", "left", "declined", "withdrawn"])
def test_whoever_has_gone_comes_back_by_a_new_invitation_only(end: str) -> None:
    owner, guest = sign_in(), sign_in()
    story, _ = published_story(owner)
    invite(owner, story, guest)
    path = f"/stories/{story}/collaborators/{guest.user_id}"
    if end in ("removed", "left"):
        guest.post(f"/stories/{story}/invitation/accept")
    if end == "declined":
        assert guest.post(f"/stories/{story}/invitation/decline").status_code == 204
    else:
        assert (guest if end == "left" else owner).delete(path).status_code == 204
    for answer in ("accept", "decline"):
        assert guest.post(f"/stories/{story}/invitation/{answer}").status_code == 404
    assert guest.user_id not in team(owner, story)
    assert invite(owner, story, guest, "reviewer") == 201
    assert guest.post(f"/stories/{story}/invitation/accept").status_code == 204
    assert team(owner, story)[guest.user_id] == "reviewer"
    assert Story.objects(slug=story).get().seats == 2


def test_a_strangers_view_of_an_open_invitation_is_that_of_none() -> None:
    owner, guest, stranger = sign_in(), sign_in(), sign_in()
    story, _ = published_story(owner)
    invite(owner, story, guest)
    base = f"/stories/{story}/collaborators"
    there = stranger.delete(f"{base}/{guest.user_id}")
    nobody = stranger.delete(f"{base}/{sign_in().user_id}")
    assert there.status_code == nobody.status_code == 404
    assert there.json()["code"] == nobody.json()["code"]
    assert stranger.get(f"/stories/{story}/invitations").status_code == 403
    assert guest.user_id not in team(stranger, story)


def test_an_invitation_runs_out_and_can_be_sent_anew() -> None:
    owner, guest = sign_in(), sign_in()
    story = start_story(owner)
    who = {"story_slug": story, "caller_id": guest.user_id}
    host = {"story_slug": story, "caller_id": owner.user_id, "user_id": guest.user_id}
    services.invite(**host, role="contributor", now=NOW)
    late = NOW + timedelta(days=INVITATION_DAYS)
    with pytest.raises(InvitationExpired):
        services.accept(**who, now=late)
    services.invite(**host, role="contributor", now=late)
    services.accept(**who, now=late + timedelta(days=1))
    assert Story.objects(slug=story).get().seats == 2


def test_a_banned_person_neither_is_invited_nor_comes_in() -> None:
    owner, guest, banned = sign_in(), sign_in(), sign_in()
    story = start_story(owner)
    invite(owner, story, guest)
    for person in (guest, banned):
        StoryBan(
            story_slug=story, user_id=person.user_id, banned_by=owner.user_id, banned_at=NOW
        ).save()
    assert guest.post(f"/stories/{story}/invitation/accept").status_code == 404
    path = f"/stories/{story}/collaborators"
    answer = owner.post(path, {"user_id": banned.user_id, "role": "contributor"})
    assert answer.json()["code"] == "banned-from-story"


def test_a_deleted_story_invites_nobody() -> None:
    owner, guest = sign_in(), sign_in()
    story = start_story(owner)
    invite(owner, story, guest)
    assert owner.delete(f"/stories/{story}").status_code == 204
    assert guest.get("/invitations").json()["items"] == []
    assert guest.post(f"/stories/{story}/invitation/accept").status_code == 404


def test_many_accepts_at_once_make_one_member() -> None:
    owner, guest = sign_in(), sign_in()
    story = start_story(owner)
    invite(owner, story, guest)
    with ThreadPoolExecutor(10) as pool:
        path = f"/stories/{story}/invitation/accept"
        codes = list(pool.map(lambda _: Caller(guest.user_id).post(path).status_code, range(50)))
    assert sorted(codes) == [204] + [404] * 49
    assert Collaborator.objects(story_slug=story, user_id=guest.user_id).count() == 1
    assert Story.objects(slug=story).get().seats == 2
    moments = owner.get(f"/stories/{story}/timeline").json()["items"]
    assert [moment["kind"] for moment in moments].count("member_joined") == 1


def test_many_invitations_at_once_make_one_and_take_one_seat() -> None:
    owner, guest = sign_in(), sign_in()
    story = start_story(owner)
    with ThreadPoolExecutor(5) as pool:
        codes = list(pool.map(lambda _: invite(owner, story, guest), range(10)))
    assert sorted(codes) == [201] + [409] * 9
    assert Story.objects(slug=story).get().seats == 2


def test_a_team_is_no_larger_than_one_page() -> None:
    owner, guest = sign_in(), sign_in()
    story = start_story(owner)
    part = {"story_slug": story, "role": "contributor", "status": "accepted", "accepted_at": NOW}
    members = [Collaborator(user_id=f"member_{n}", **part) for n in range(LARGEST_TEAM - 2)]
    Collaborator.objects.insert(members)
    Story.objects(slug=story).update(inc__seats=len(members))
    assert invite(owner, story, guest) == 201
    assert invite(owner, story, sign_in()) == 409
    assert len(team(owner, story)) == LARGEST_TEAM - 1
    late = NOW - timedelta(days=1)
    Collaborator.objects(story_slug=story, user_id=guest.user_id).update_one(set__expires_at=late)
    assert owner.get(f"/stories/{story}/invitations").json()["items"] == []
    assert invite(owner, story, sign_in()) == 201  # in the seat of one that nobody sees
    assert Story.objects(slug=story).get().seats == LARGEST_TEAM
    assert invite(owner, story, guest) == 409


@pytest.mark.parametrize("end", ["demoted", "removed", "departed"])
def test_an_invitation_ends_with_its_senders_right_to_send_it(end: str) -> None:
    owner, asked, other, theirs = (sign_in() for _ in range(4))
    story, _ = published_story(owner)
    sender = join(owner, story, "co_author")
    assert invite(sender, story, asked, "co_author") == 201
    assert invite(sender, story, other) == 201
    assert invite(owner, story, theirs, "co_author") == 201
    part = f"/stories/{story}/collaborators/{sender.user_id}"
    if end == "demoted":
        assert owner.patch(part, {"role": "co_author"}).status_code == 200
        assert len(owner.get(f"/stories/{story}/invitations").json()["items"]) == 3
        assert owner.patch(part, {"role": "moderator"}).status_code == 200
    elif end == "removed":
        assert owner.delete(part).status_code == 204
    else:
        assert leave_teams(str(sender.user_id)) == 1
    for guest in (asked, other):
        assert guest.post(f"/stories/{story}/invitation/accept").status_code == 404
        assert guest.get("/invitations").json()["items"] == []
    (left,) = owner.get(f"/stories/{story}/invitations").json()["items"]
    assert left["user"]["user_id"] == theirs.user_id
    assert Story.objects(slug=story).get().seats == 2 + (end == "demoted")


def test_what_the_caller_is_to_a_story_and_may_do_with_it() -> None:
    owner, stranger = sign_in(), sign_in()
    story, _ = published_story(owner)
    moderator = join(owner, story, "moderator")
    role = moderator.get(f"/stories/{story}/my-role").json()
    assert role["role"] == "moderator"
    assert "write a chapter" in role["actions"]
    assert "invite" not in role["actions"]
    assert stranger.get(f"/stories/{story}/my-role").json()["role"] is None
    assert "change its team" in owner.get(f"/stories/{story}/my-role").json()["actions"]
    assert Caller().get(f"/stories/{story}/my-role").status_code == 401
    assert owner.get("/stories/none/my-role").status_code == 404


def test_a_role_that_changes_while_its_page_is_made_is_shown_by_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owner = sign_in()
    story, _ = published_story(owner)
    member, reading = join(owner, story, "moderator"), queries.open_story
    rows = Collaborator.objects(story_slug=story, user_id=member.user_id)

    def read_and_be_overtaken(**names: str) -> Opened:
        opened = reading(**names)
        rows.update_one(set__role="reviewer")
        return opened

    with monkeypatch.context() as patch:
        patch.setattr(queries, "open_story", read_and_be_overtaken)
        member.get(f"/stories/{story}/my-role")
    assert member.get(f"/stories/{story}/my-role").json()["role"] == "reviewer"


def read_pages(caller: Caller, path: str) -> list[dict[str, Any]]:
    """Return the items of a list that has two pages of two."""
    first = caller.get(f"{path}?limit=2")
    rest = caller.get(f"{path}?limit=2&cursor={first.json()['next_cursor']}").json()
    assert (len(first.json()["items"]), rest["has_more"], 'rel="next"' in first["Link"]) == (
        2,
        False,
        True,
    )
    return [*first.json()["items"], *rest["items"]]


def test_the_callers_invitations_are_read_by_pages() -> None:
    guest = sign_in()
    owners = [sign_in() for _ in range(3)]
    stories = [start_story(owner) for owner in owners]
    for owner, story in zip(owners, stories, strict=True):
        assert invite(owner, story, guest) == 201
    assert [row["story_slug"] for row in read_pages(guest, "/invitations")] == sorted(stories)


def test_a_storys_invitations_are_read_by_pages() -> None:
    owner = sign_in()
    story = start_story(owner)
    guests = [sign_in() for _ in range(3)]
    for guest in guests:
        assert invite(owner, story, guest) == 201
    asked = [row["user"]["user_id"] for row in read_pages(owner, f"/stories/{story}/invitations")]
    assert asked == sorted(guest.user_id for guest in guests)


def test_whoever_is_invited_is_written_to_if_there_is_an_address() -> None:
    owner, guest, silent = sign_in(), sign_in(), sign_in()
    User.objects(clerk_id=guest.user_id).update_one(set__email="guest@example.org")
    story = start_story(owner, title='The "lamp" & more')
    for person in (guest, silent):
        assert invite(owner, story, person, "co_author") == 201
    (mail,) = [row for row in OutboxRow.objects if row.row_id.startswith("invitation:")]
    told = mail.payload["args"]
    assert told["to"] == "guest@example.org"
    assert told["template"] == "collaboration-invite"
    assert told["context"]["story_title"] == 'The "lamp" & more'
    assert told["context"]["role"] == "co-author"
