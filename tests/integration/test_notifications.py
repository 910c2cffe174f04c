"""What somebody is told: once for each cause, to whom it concerns, and never shown stale."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from mongoengine.errors import NotUniqueError

from apps.access.documents import Collaborator, StoryBan
from apps.notifications import services
from apps.notifications.documents import Notification
from apps.notifications.jobs import deliver, send_notification
from apps.notifications.kinds import KINDS, compose
from apps.notifications.showing import GONE
from apps.users.documents import User
from storychain.errors import Invalid
from storychain.outbox import OutboxRow
from storychain.queues.payloads import BadPayload
from storychain.queues.records import get_job, list_jobs
from tests.factories import (
    Caller,
    propose,
    publish,
    sign_in,
    start_story,
    unique,
    write_child,
    write_root,
)
from tests.queueing.here import run

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 2, 9, 15, 30, tzinfo=UTC)
VALUES = {"count": 100, "what": "readers", "badge": "Night owl", "role": "co_author"}


def tell(user: Caller, key: str = "", *, at: datetime = NOW, actor: Caller | None = None) -> str:
    """Let somebody be told of a follower; return the notification's id."""
    payload = compose("new_follower", actor_id=str((actor or user).user_id))
    found = services.deliver(
        dedupe_key=key or unique("cause"),
        user_id=str(user.user_id),
        kind=payload["type"],
        title=payload["title"],
        message=payload["message"],
        action_url=payload["actionUrl"],
        related=payload["metadata"],
        now=at,
    )
    assert found
    return found


def asked_for() -> list[Any]:
    """Return what is to be told, but for badges, which every first chapter earns."""
    states = ("waiting", "active")
    found = [j for s in states for j in list_jobs(queue="notification", state=s, limit=1000)]
    told = [job for job in found if job.name == "notification.deliver"]
    return [job for job in told if job.args["type"] != "badge_earned"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_type_is_told_by_its_row_of_the_table(kind: str) -> None:
    row = KINDS[kind]
    related = {name: VALUES.get(name, f"a-{name}") for name in row.related}
    payload = compose(kind, **related)
    assert payload["title"] == row.title
    assert "{" not in payload["message"] + payload["actionUrl"]
    deliver.call(userId="user_1", **payload)  # and a job takes it
    with pytest.raises(Invalid, match="oddity"):
        compose(kind, **related, oddity="1")
    with pytest.raises(Invalid, match=row.related[0]):
        compose(kind, **{k: v for k, v in related.items() if k != row.related[0]})


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"type": "birthday"}, "type"),
        ({"title": ""}, "title"),
        ({"message": "x" * 1001}, "message"),
        ({"actionUrl": "javascript:alert(1)"}, "actionUrl"),
        ({"actionUrl": "//evil.example"}, "actionUrl"),
        ({"actionUrl": "/a b"}, "actionUrl"),
        ({"actionUrl": "/a\n"}, "actionUrl"),
        ({"metadata": {"$where": "1"}}, "metadata"),
        ({"metadata": {"a.b": 1}}, "metadata"),
        ({"metadata": {"deep": {"er": 1}}}, "metadata"),
        ({"user_id": "x"}, "user_id"),
    ],
)
def test_a_payload_that_cannot_be_told_is_refused_with_its_field(
    wrong: dict[str, Any], field: str
) -> None:
    good = {"userId": "u", "type": "mention", "title": "T", "message": "M"}
    deliver.call(**good)
    with pytest.raises(BadPayload, match=field.replace("$", r"\$")):
        deliver.call(**good | wrong)


def test_the_seeds_call_tells_once_however_often_it_is_delivered() -> None:
    user = sign_in()
    job_id = send_notification(
        user_id=str(user.user_id), type="mention", title="A word", message="Somebody spoke of you."
    )
    first = run(job_id, times=3)
    assert first == {"delivered": True, "notificationId": first["notificationId"]}
    (item,) = user.get("/notifications").json()["items"]
    assert item["id"] == first["notificationId"]
    assert (item["title"], item["message"], item["type"]) == (
        "A word",
        "Somebody spoke of you.",
        "mention",
    )
    assert (item["is_read"], item["read_at"], item["actor"]) == (False, None, None)


def test_the_database_holds_a_cause_to_one() -> None:
    user = sign_in()
    tell(user, "cause")
    with pytest.raises(NotUniqueError):
        Notification.keep(
            dedupe_key="cause", user_id="u", type="mention", title="T", message="M", created_at=NOW
        )


def test_preferences_are_honoured_and_an_invitation_comes_all_the_same() -> None:
    user = sign_in()
    user.patch("/users/me", {"preferences": {"push_notifications": False}})
    told = {"user_id": str(user.user_id), "title": "T", "message": "M"}
    refused = run(send_notification(**told, type="mention"))
    assert refused == {"delivered": False, "notificationId": None}
    assert user.get("/notifications/count").json() == {"unread": 0}
    metadata = {"story_slug": "not-seen-yet"}
    asked = run(send_notification(**told, type="collab_invitation", metadata=metadata))
    assert asked["delivered"]


def test_who_is_gone_is_told_nothing() -> None:
    user = sign_in()
    User.objects(clerk_id=user.user_id).update_one(set__is_active=False)
    for user_id in (str(user.user_id), "user_nobody"):
        job_id = send_notification(user_id=user_id, type="mention", title="T", message="M")
        assert run(job_id) == {"delivered": False, "notificationId": None}


def test_who_may_not_read_the_story_any_more_is_not_told_of_it() -> None:
    author, reader = sign_in(), sign_in()
    story = start_story(author)
    write_root(author, story)
    publish(author, story)
    told = {"user_id": str(reader.user_id), "title": "T", "message": "M", "type": "mention"}
    assert run(send_notification(**told, metadata={"story_slug": story}))["delivered"]
    StoryBan(story_slug=story, user_id=reader.user_id, banned_by="x", banned_at=NOW).save()
    assert not run(send_notification(**told, metadata={"story_slug": story}))["delivered"]


def test_a_chapter_tells_whom_it_follows_and_whose_story_it_is_once_each() -> None:
    owner, second, third = sign_in("owner"), sign_in("second"), sign_in("third")
    story = start_story(owner, title="The lamp")
    root = write_root(owner, story)
    publish(owner, story)
    assert asked_for() == []  # nobody is told of what he did himself
    child = write_child(second, story, root, title="The cellar")
    assert [(j.args["userId"], j.args["type"]) for j in asked_for()] == [
        (owner.user_id, "story_continued")  # both the parent's author and the story's: told once
    ]
    write_child(third, story, child, title="The well")
    write_child(third, story, child, title="The shaft")
    found = sorted(
        (j.args["userId"], j.args["type"], j.args["metadata"]["chapter_title"]) for j in asked_for()
    )
    assert found == sorted(
        [
            (owner.user_id, "story_continued", "The cellar"),
            (owner.user_id, "story_continued", "The well"),
            (owner.user_id, "new_branch", "The shaft"),
            (second.user_id, "story_continued", "The well"),
            (second.user_id, "new_branch", "The shaft"),
        ]
    )
    for job in asked_for():
        run(job.id)
    newest = second.get("/notifications?limit=1").json()["items"][0]
    assert newest["actor"]["user_id"] == third.user_id
    assert newest["action_url"].startswith(f"/stories/{story}/chapters/")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [("accept", "collab_invitation_approved"), ("decline", "collab_invitation_rejected")],
)
def test_an_invitation_is_told_to_the_guest_and_its_answer_to_the_host(
    answer: str, kind: str
) -> None:
    host, guest = sign_in("host"), sign_in("guest")
    story = start_story(host, title="The lamp")  # a draft, which the guest may not read yet
    body = {"user_id": guest.user_id, "role": "co_author"}
    assert host.post(f"/stories/{story}/collaborators", body).status_code < 300
    (invited,) = asked_for()
    assert run(invited.id)["delivered"]
    (item,) = guest.get("/notifications").json()["items"]
    assert (item["type"], item["actor"]["user_id"]) == ("collab_invitation", host.user_id)
    assert "“The lamp” as co_author" in item["message"]
    assert guest.post(f"/stories/{story}/invitation/{answer}").status_code == 204
    (answered,) = (job for job in asked_for() if job.args["userId"] == host.user_id)
    assert answered.args["type"] == kind
    assert run(answered.id)["delivered"]


def test_what_was_told_with_a_write_is_in_the_outbox_until_it_is_done() -> None:
    owner, second = sign_in(), sign_in()
    story = start_story(owner)
    root = write_root(owner, story)
    publish(owner, story)
    child = write_child(second, story, root)
    key = f"notice:chapter:{child}:{owner.user_id}"
    assert OutboxRow.objects(row_id=key).first() is not None
    assert get_job(key).is_outbox


def test_a_list_is_read_by_cursor_newest_first_without_gaps_or_repeats() -> None:
    user = sign_in()
    same = [tell(user, at=NOW) for _ in range(3)]
    later = [tell(user, at=NOW + timedelta(minutes=n)) for n in (1, 2)]
    seen, path = [], "/notifications?limit=2"
    while path:
        answer = user.get(path)
        assert answer.status_code == 200
        seen += [item["id"] for item in answer.json()["items"]]
        following = answer.json()["next_cursor"]
        path = f"/notifications?limit=2&cursor={following}" if following else ""
        assert ("Link" in answer) == bool(following)
    assert seen == [*reversed(later), *sorted(same, reverse=True)]
    assert user.get("/notifications?page=2").status_code == 400
    assert user.get("/notifications?unread=perhaps").status_code == 400
    cursor = user.get("/notifications?limit=2").json()["next_cursor"]
    assert user.get(f"/notifications?unread=true&cursor={cursor}").status_code == 400
    assert user.get(f"/notifications?limit=3&cursor={cursor}").status_code == 200
    assert sign_in().get(f"/notifications?limit=2&cursor={cursor}").status_code == 400


def shown(user: Caller) -> tuple[list[tuple[str, bool]], list[str], int]:
    """Read every variant: the list, its unread part, and the count."""
    listed = user.get("/notifications").json()["items"]
    unread = user.get("/notifications?unread=true&limit=5").json()["items"]
    return (
        [(item["id"], item["is_read"]) for item in listed],
        [item["id"] for item in unread],
        user.get("/notifications/count").json()["unread"],
    )


def test_every_variant_is_fresh_after_every_write() -> None:
    user, other = sign_in(), sign_in()
    assert shown(user) == ([], [], 0)
    first = tell(user, at=NOW)
    assert shown(user) == ([(first, False)], [first], 1)
    second = tell(user, at=NOW + timedelta(minutes=1))
    assert shown(user) == ([(second, False), (first, False)], [second, first], 2)
    tell(other)
    assert user.get("/notifications")["X-Cache"] == "HIT"  # what another is told stales nothing
    answer = user.post(f"/notifications/{first}/read")
    assert (answer.status_code, answer.json()["is_read"]) == (200, True)
    assert shown(user) == ([(second, False), (first, True)], [second], 1)
    assert user.post(f"/notifications/{first}/read").json() == answer.json()  # its time stays
    assert user.post("/notifications/read-all").json() == {"unread": 0}
    assert shown(user) == ([(second, True), (first, True)], [], 0)
    assert shown(other)[2] == 1
    Notification.objects(notification_id=second).delete()
    assert shown(user) == ([(first, True)], [], 0)


def test_a_list_shows_the_name_that_somebody_has_today() -> None:
    user, actor = sign_in(), sign_in()
    tell(user, actor=actor)

    def name() -> str:
        return str(user.get("/notifications").json()["items"][0]["actor"]["username"])

    before = name()
    actor.patch("/users/me", {"username": unique("renamed")})
    assert name() != before
    assert name().startswith("renamed")


class Told:
    """A reader who was told of a public story's chapter, and what of it must not be seen."""

    def __init__(self) -> None:
        self.author, self.reader = sign_in("author"), sign_in("reader")
        self.story = start_story(self.author, title="The Verbena affair")
        self.root = write_root(self.author, self.story, title="Mandrake")
        publish(self.author, self.story)
        self.leaf = write_child(self.author, self.story, self.root, title="Hemlock")
        self.slip = self.tell(chapter_slug=self.leaf, chapter_title="Hemlock")

    def tell(self, kind: str = "story_continued", **more: str) -> str:
        story = {"story_slug": self.story, "story_title": "The Verbena affair"}
        about = {**story, "parent_slug": self.root, "actor_id": str(self.author.user_id), **more}
        payload = compose(kind, **{name: about[name] for name in KINDS[kind].related})
        found = services.deliver(
            dedupe_key=unique("cause"),
            user_id=str(self.reader.user_id),
            kind=kind,
            title=payload["title"],
            message=payload["message"],
            action_url=payload["actionUrl"],
            related=payload["metadata"],
            now=NOW,
        )
        assert found
        return found

    def shown(self) -> set[str]:
        """Return which names are shown on any page, twice, so that the cache has it."""
        pages = [*["/notifications", "/notifications?unread=true"] * 2]
        texts = [self.reader.get(page).content.decode().lower() for page in pages]
        assert texts[:2] == texts[2:]
        names = ("verbena", "hemlock", "foxglove", "author")
        return {name for name in names if any(name in text for text in texts)}

    def turn(self, **settings: object) -> None:
        answer = self.author.patch(f"/stories/{self.story}/settings", settings)
        assert answer.status_code == 200, answer.content


def test_what_its_reader_may_not_see_any_more_is_named_on_no_page_and_still_counts() -> None:
    told = Told()
    everything = {"verbena", "hemlock", "author"}
    where = {"story_slug": told.story, "user_id": str(told.reader.user_id)}
    assert told.shown() == everything
    told.turn(is_public=False)
    assert told.shown() == set()
    (item,) = told.reader.get("/notifications").json()["items"]
    hidden = (item["title"], item["message"], item["action_url"], item["actor"], item["related"])
    assert hidden == (KINDS["story_continued"].title, GONE, None, None, {})
    told.turn(is_public=True)
    assert told.shown() == everything
    StoryBan.impose(**where, reason="Spam.", by="x", now=NOW)
    assert told.shown() == set()
    told.tell("story_ban", reason="You know why.")
    assert told.shown() == {"verbena"}, "what judges him stays as he was told"
    StoryBan.find(**where).delete()
    told.author.patch(f"/stories/{told.story}/chapters/{told.leaf}", {"title": "Foxglove"})
    assert "foxglove" in told.shown(), "it is called as today"
    told.author.patch(f"/stories/{told.story}", {"title": "The Foxglove affair"})
    messages = [one["message"] for one in told.reader.get("/notifications").json()["items"]]
    assert "“Foxglove” continues “The Foxglove affair”." in messages
    assert told.author.delete(f"/stories/{told.story}/chapters/{told.leaf}").status_code == 204
    assert told.shown() == {"verbena"}, "by the ban that he was told of"
    read = told.reader.post(f"/notifications/{told.slip}/read").json()
    assert (read["message"], read["is_read"]) == (GONE, True)
    assert told.reader.get("/notifications/count").json() == {"unread": 1}


def test_a_deleted_storys_titles_are_gone_with_it_and_with_an_invitation_that_ended() -> None:
    told = Told()
    told.tell("story_published")
    assert told.author.delete(f"/stories/{told.story}").status_code == 204
    assert told.shown() == set()
    draft = start_story(told.author, title="The Verbena draft")
    team = f"/stories/{draft}/collaborators"
    body = {"user_id": told.reader.user_id, "role": "reviewer"}
    assert told.author.post(team, body).status_code == 201
    told.story = draft
    told.tell("collab_invitation", role="reviewer")
    assert "verbena" in told.shown(), "he is asked"
    assert told.author.delete(f"{team}/{told.reader.user_id}").status_code == 204
    assert told.shown() == set()


def test_a_pull_request_is_called_as_today_and_not_at_all_when_it_is_withheld() -> None:
    told = Told()
    writer = sign_in("writer")
    pull = propose(writer, told.story, told.root, title="By way of Belladonna")
    slip = told.tell("pr_opened", pull_id=pull, pull_title="By way of Belladonna")

    def message() -> str:
        items = told.reader.get("/notifications").json()["items"]
        return str({one["id"]: one["message"] for one in items}[slip])

    assert "By way of Belladonna" in message()
    assert writer.patch(f"/pulls/{pull}", {"title": "By Oleander"}).status_code == 200
    assert "By Oleander" in message()
    reviewer = {"story_slug": told.story, "user_id": told.reader.user_id, "role": "reviewer"}
    part = Collaborator(**reviewer, status="accepted", accepted_at=NOW).save()
    assert "By Oleander" in message()
    hidden = {"is_draft": True, "title": "By Aconite"}
    assert writer.patch(f"/pulls/{pull}", hidden).status_code == 200
    assert "By Aconite" in message(), "a draft is its reviewers'"
    part.end()
    assert message() == GONE
    told.reader, reader = writer, told.reader
    opened, slip = slip, told.tell("pr_approved", pull_id=pull, pull_title="By Oleander")
    assert "By Aconite" in message(), "and its author's"
    told.reader, slip = reader, opened
    assert writer.patch(f"/pulls/{pull}", {"is_draft": False}).status_code == 200
    assert "By Aconite" in message()
    assert writer.delete(f"/pulls/{pull}").status_code == 204
    assert message() == GONE


def test_a_message_that_somebody_worded_himself_is_left_as_it_is() -> None:
    told = Told()
    Notification.objects(notification_id=told.slip).update(set__message="Read Hemlock!")
    told.author.patch(f"/stories/{told.story}", {"title": "The Foxglove affair"})
    (item,) = told.reader.get("/notifications").json()["items"]
    assert item["message"] == "Read Hemlock!"
    assert item["related"]["story_title"] == "The Foxglove affair"


def test_more_than_a_step_is_read_at_once() -> None:
    user = sign_in()
    Notification.objects.insert(
        [
            Notification(
                dedupe_key=f"bulk-{n}",
                user_id=user.user_id,
                type="mention",
                title="T",
                message="M",
                created_at=NOW,
            )
            for n in range(services.STEP * 2 + 5)
        ],
        load_bulk=False,
    )
    assert user.get("/notifications/count").json() == {"unread": services.STEP * 2 + 5}
    assert user.post("/notifications/read-all").json() == {"unread": 0}


def test_they_are_ones_own_and_anothers_are_as_if_they_were_not() -> None:
    user, other = sign_in(), sign_in()
    mine = tell(user)
    unknown = other.post("/notifications/nothing/read")
    theirs = other.post(f"/notifications/{mine}/read")
    assert unknown.status_code == theirs.status_code == 404
    bodies = [{**a.json(), "instance": "", "request_id": ""} for a in (unknown, theirs)]
    assert bodies[0] == bodies[1]
    assert other.get("/notifications").json()["items"] == []
    assert shown(user) == ([(mine, False)], [mine], 1)
    for method, path in (
        ("GET", "/notifications"),
        ("GET", "/notifications/count"),
        ("POST", "/notifications/read-all"),
        ("POST", f"/notifications/{mine}/read"),
    ):
        assert Caller().send(method, path).status_code == 401, path
