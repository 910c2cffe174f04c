"""Clerk's webhooks: only what it signed, each once, in whatever order they come."""

from __future__ import annotations

import base64
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from django.http import HttpResponse
from pytest_django.fixtures import Settings

from apps.users import syncing
from apps.users.documents import PlatformRole, Session, User, Webhook
from storychain.errors import Unavailable
from storychain.outbox import OutboxRow
from tests import clerk
from tests.factories import Caller, sign_in, unique

OTHER = "whsec_" + base64.b64encode(b"another secret, of 32 bytes also").decode()
EMAIL = "ada@example.org"


@pytest.fixture(autouse=True)
def secrets(settings: Settings) -> None:
    settings.CLERK_WEBHOOK_SECRETS = [clerk.SECRET]


def send(event: dict[str, Any], **more: Any) -> HttpResponse:
    answer = clerk.post(event, **more)
    assert (answer.status_code, answer.content) == (204, b""), answer.content
    return answer


def stored(user_id: str) -> User:
    return User.objects.get(clerk_id=user_id)


def test_a_person_arrives_changes_and_shows_it_at_once() -> None:
    user_id = unique("user")
    send(clerk.person(user_id, "created", username="Ada_L", email=EMAIL))
    page = Caller().get(f"/users/{user_id}/profile").json()
    assert (page["username"], page["avatar_url"]) == ("ada_l", "https://img.clerk.com/a.png")
    assert page["created_at"].startswith("2026-02-02")
    me = Caller(user_id).get("/users/me").json()
    assert (me["email"], me["email_verified"]) == (EMAIL, True)
    send(clerk.person(user_id, at=clerk.T0 + 1, username="countess", email="a@b.org"))
    assert Caller().get(f"/users/{user_id}/profile").json()["username"] == "countess"
    me = Caller(user_id).get("/users/me").json()
    assert me["email"] == "a@b.org"
    welcome = OutboxRow.objects(row_id=f"welcome:{user_id}")
    assert len(welcome) == 1


def test_an_older_webhook_that_comes_later_changes_nothing() -> None:
    user_id = unique("user")
    send(clerk.person(user_id, at=clerk.T0 + 5, username="newer", email=EMAIL))
    for kind in ("created", "updated"):
        late = clerk.person(user_id, kind, at=clerk.T0 + 4, username="older", email="old@b.org")
        send(late)
    user = stored(user_id)
    assert (user.username, user.email) == ("newer", EMAIL)


def test_the_same_webhook_again_is_answered_the_same_and_not_done_again() -> None:
    user_id = unique("user")
    event = clerk.person(user_id, at=clerk.T0 + 1, username="first")
    send(event, message_id="msg_same")
    send(clerk.person(user_id, at=clerk.T0 + 1, username="second"), message_id="msg_next")
    send(event, message_id="msg_same")  # as late as its clock allows: no older than the second
    assert stored(user_id).username == "second"


def test_of_many_at_once_each_is_done_once() -> None:
    user_id = unique("user")
    event = clerk.person(user_id, "created", username="crowd", email="crowd@example.org")
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: clerk.post(event, message_id="msg_crowd"), range(6)))
    assert {answer.status_code for answer in answers} == {204}
    assert len(User.objects(clerk_id=user_id)) == 1
    assert len(OutboxRow.objects(row_id=f"welcome:{user_id}")) == 1


def test_what_could_not_be_written_is_asked_for_again_and_then_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user_id = unique("user")
    event = clerk.person(user_id, "created", username="patient")
    follow = syncing._follow

    def fail(*_: object) -> None:
        follow(*_)
        raise Unavailable

    monkeypatch.setattr(syncing, "_follow", fail)
    answer = clerk.post(event, message_id="msg_retry")
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert not User.objects(clerk_id=user_id)
    monkeypatch.undo()
    send(event, message_id="msg_retry")
    assert stored(user_id).username == "patient"


FORGED = [
    {"svix-id": ""},
    {"svix-id": "msg_other"},
    {"svix-id": "m" * 129},
    {"svix-timestamp": ""},
    {"svix-timestamp": "soon"},
    {"svix-timestamp": "1e400"},
    {"svix-timestamp": "nan"},
    {"svix-timestamp": str(int(time.time()) + 1)},
    {"svix-signature": ""},
    {"svix-signature": "v1"},
    {"svix-signature": "v1,"},
    {"svix-signature": "v1,\xe9"},
    {"svix-signature": "v1," + "A" * 44},
    {"svix-signature": "v2," + "A" * 44},
]


def test_what_clerk_did_not_sign_is_refused() -> None:
    for headers in FORGED:
        answer = clerk.post(clerk.person(unique("user")), **headers)
        assert answer.status_code == 401, (headers, answer.content)
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "bad-signature"
    assert not User.objects()
    assert not Webhook.objects()


def test_old_and_early_ones_other_secrets_and_changed_bodies_are_refused() -> None:
    event = clerk.person(unique("user"))
    for seconds, status in ((-310, 401), (310, 401), (-290, 204), (290, 204)):
        assert clerk.post(event, at=time.time() + seconds).status_code == status, seconds
    assert clerk.post(event, secret=OTHER).status_code == 401
    good = clerk.sign(b"{}", message_id="msg_x", at=time.time())
    assert clerk.post(event, message_id="msg_x", **{"svix-signature": good}).status_code == 401
    assert clerk.post(b"\xff{").status_code == 401


def test_a_secret_is_changed_without_a_gap(settings: Settings) -> None:
    settings.CLERK_WEBHOOK_SECRETS = [OTHER, clerk.SECRET]
    event = clerk.person(unique("user"))
    assert clerk.post(event).status_code == clerk.post(event, secret=OTHER).status_code == 204
    settings.CLERK_WEBHOOK_SECRETS = [OTHER]
    raw, at = b'{"type":"x","data":{}}', time.time()
    both = [clerk.sign(raw, message_id="m", at=at, secret=s) for s in (clerk.SECRET, OTHER)]
    signed = {"svix-signature": " ".join(["v1a,AAAA", *both])}
    assert clerk.post(raw, message_id="m", at=at, **signed).status_code == 204
    assert clerk.post(raw, message_id="m", at=at).status_code == 401


def test_without_a_secret_it_says_so_and_svix_comes_again(settings: Settings) -> None:
    settings.CLERK_WEBHOOK_SECRETS = []
    answer = clerk.post(clerk.person("user_x"))
    assert (answer.status_code, answer.json()["code"]) == (503, "webhooks-off")
    assert "CLERK_WEBHOOK_SECRETS" in answer.json()["detail"]


def test_what_is_not_kept_here_is_taken_and_changes_nothing() -> None:
    for kind in ("organization.created", "session.pending", "user", ""):
        send({"type": kind, "data": {"id": "user_x"}})
    assert not User.objects()


MALFORMED = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b'{"type":"user.created"}',
    b'{"type":"user.created","data":[]}',
    b'{"type":"user.deleted","data":{"id":""}}',
    b'{"type":"user.deleted","data":{"id":{"$ne":""}}}',
    b'{"type":"user.deleted","data":{"id":"user_1\\n"}}',
    b'{"type":"user.deleted","data":{"id":"\\ud800"}}',
    b'{"type":"user.created","data":{"id":"u","created_at":1,"updated_at":1e30}}',
    b'{"type":"user.created","data":{"id":"u","created_at":-1,"updated_at":1}}',
    b'{"type":"session.created","data":{"id":"s","user_id":"u"}}',
    b'{"type":"user.created","data":' + b"[" * 100_000,
]


def test_a_signed_body_that_is_none_of_clerks_is_refused_and_writes_nothing() -> None:
    for raw in MALFORMED:
        answer = clerk.post(raw)
        assert answer.status_code == 400, (raw[:80], answer.content)
        assert answer["Content-Type"] == "application/problem+json"
    assert not User.objects()
    assert not Webhook.objects()


def test_a_body_has_a_limit_a_length_and_a_kind() -> None:
    assert clerk.post(b" " * 1_000_001).status_code == 413
    assert clerk.post(b"{}", **{"Content-Type": "text/plain"}).status_code in (400, 415)
    assert clerk.post(b"{}", **{"Content-Encoding": "gzip"}).status_code == 415


def test_odd_values_are_left_out_and_the_person_is_kept() -> None:
    user_id = unique("user")
    odd = {"image_url": "javascript:alert(1)", "username": "\u202e\u0000 Ä!"}
    send(clerk.person(user_id, email="a b@example.org", **odd))
    user = stored(user_id)
    assert (user.avatar_url, user.email, user.email_verified) == ("", None, False)
    assert user.username.startswith("member-")
    send(clerk.person(unique("user"), username="admin"))
    assert not User.objects(username="admin")


def test_a_name_that_is_taken_gets_a_tail_and_one_chosen_here_stays() -> None:
    first, second = unique("user"), unique("user")
    send(clerk.person(first, username="same"))
    send(clerk.person(second, username="SAME"))
    assert stored(second).username.startswith("same-")
    user = Caller(second)
    assert user.patch("/users/me", {"username": "mine"}).status_code == 200
    send(clerk.person(second, at=clerk.T0 + 1, username="SAME", email=EMAIL))
    assert stored(second).username == "mine"
    send(clerk.person(second, at=clerk.T0 + 2, username="other", email=EMAIL))
    assert stored(second).username == "other"


def test_an_address_belongs_to_who_has_proved_it() -> None:
    first, second = unique("user"), unique("user")
    send(clerk.person(first, email=EMAIL))
    send(clerk.person(second, email=EMAIL, verified=False))
    assert (stored(first).email, stored(second).email) == (EMAIL, None)
    send(clerk.person(second, at=clerk.T0 + 1, email=EMAIL))
    assert (stored(first).email, stored(first).email_verified) == (None, False)
    assert (stored(second).email, stored(second).email_verified) == (EMAIL, True)


def test_an_account_that_its_first_token_made_is_completed() -> None:
    user = sign_in()
    send(clerk.person(str(user.user_id), "created", username="arrived", email=EMAIL))
    me = user.get("/users/me").json()
    assert (me["username"], me["email"]) == ("arrived", EMAIL)


def session_of(user: Caller) -> str:
    (current,) = [s for s in user.get("/users/me/sessions").json()["items"] if s["is_current"]]
    return str(current["session_id"])


def test_the_tokens_of_a_session_that_is_over_are_refused_at_once() -> None:
    for kind, status in (("ended", "ended"), ("removed", "ended"), ("revoked", "revoked")):
        user = sign_in()
        other = Caller(user.user_id)
        session_id = session_of(user)
        assert other.get("/users/me").status_code == 200
        send(clerk.session(session_id, str(user.user_id), kind))
        refused = user.get("/stories")
        assert refused.status_code == 401, kind
        assert refused["WWW-Authenticate"].startswith('Bearer realm="storychain", error=')
        assert other.get("/users/me").status_code == 200
        for late in ("created", "ended"):
            send(clerk.session(session_id, str(user.user_id), late))
        assert user.get("/users/me").status_code == 401
        assert Session.objects.get(session_id=session_id).status == status


def test_a_session_that_ended_before_it_began_here_is_over() -> None:
    user = Caller(unique("user"))
    token = user.headers["Authorization"].removeprefix("Bearer ")
    session_id = jwt.decode(token, options={"verify_signature": False})["sid"]
    send(clerk.session(session_id, str(user.user_id), "revoked"))
    assert user.get("/users/me").status_code == 401
    row = Session.objects.get(session_id=session_id)
    assert (row.ip, row.user_agent, row.client_id) == ("192.0.2.1", "Firefox", "client_1")


def test_who_is_deleted_stays_deleted_whatever_comes_after() -> None:
    known, unknown = unique("user"), unique("user")
    send(clerk.person(known, username="goner", email=EMAIL))
    user = Caller(known)
    assert user.patch("/users/me", {"bio": "Here."}).status_code == 200
    PlatformRole(user_id=known, role="SUPER_ADMIN", assigned_at=stored(known).created_at).save()
    assert Caller().get(f"/users/{known}/profile").status_code == 200
    for user_id in (known, unknown):
        send(clerk.gone(user_id))
        send(clerk.person(user_id, at=clerk.T0 + 9, username="back", email="back@b.org"))
        send(clerk.session("sess_late", user_id))
        send(clerk.gone(user_id))
        assert Caller().get(f"/users/{user_id}/profile").status_code == 404
        assert Caller(user_id).get("/users/me").status_code == 401
    assert user.get("/stories").status_code == 401
    assert not Session.objects(session_id="sess_late")
    assert not PlatformRole.objects(user_id=known)
    left = stored(known).to_mongo().to_dict()
    assert not {"goner", EMAIL, "Here.", "https://img.clerk.com/a.png"} & set(
        map(str, left.values())
    )
    assert left["username"].startswith("deleted-")
    again = unique("user")  # name and address are free
    send(clerk.person(again, username="goner", email=EMAIL))
    assert (stored(again).username, stored(again).email) == ("goner", EMAIL)
