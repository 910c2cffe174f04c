"""A person over HTTP: the profile that he edits, and where he is signed in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pymongo.monitoring import CommandListener

from apps.users import arrivals, services
from apps.users.documents import Session, User
from storychain import mongodb
from tests.factories import Caller, published_story, sign_in


def test_a_part_of_the_profile_changes_and_the_rest_stays() -> None:
    user = sign_in()
    before = user.get("/users/me").json()
    answer = user.patch("/users/me", {"preferences": {"theme": "dark"}})
    assert answer.json() == before | {"preferences": before["preferences"] | {"theme": "dark"}}
    changed = {
        "bio": "Writes at night. \u202e\u05e9\u05dc",
        "avatar_url": "https://example.org/a.png",
    }
    assert user.patch("/users/me", changed).json() == answer.json() | changed
    assert Caller().get(f"/users/{user.user_id}/profile").json()["bio"] == changed["bio"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"username": "ab"}, "username"),
    ({"username": "a" * 31}, "username"),
    ({"username": "-ab"}, "username"),
    ({"username": "ada lovelace"}, "username"),
    ({"username": "ädä"}, "username"),
    ({"username": "Admin"}, "username"),
    ({"username": {"$ne": ""}}, "username"),
    ({"username": None}, "username"),
    ({"bio": "x" * 501}, "bio"),
    ({"bio": ["x"]}, "bio"),
    ({"avatar_url": "http://example.org/a.png"}, "avatar_url"),
    ({"avatar_url": "javascript:alert(1)"}, "avatar_url"),
    ({"avatar_url": "https://example.org/" + "a" * 1990}, "avatar_url"),
    ({"preferences": {"theme": "pink"}}, "preferences.theme"),
    ({"preferences": {"digest": {"$gt": ""}}}, "preferences.digest"),
    ({"preferences": {"push_notifications": "maybe"}}, "preferences.push_notifications"),
    ({"preferences": {"sound": True}}, "preferences.sound"),
    ({"preferences": []}, "preferences"),
    ({"xp": 1000}, "xp"),
    ({"email": "a@example.org"}, "email"),
]


def test_what_no_profile_may_hold_is_refused_by_its_field() -> None:
    user = sign_in()
    before = user.get("/users/me").json()
    for body, field in REFUSED:
        answer = user.patch("/users/me", body)
        assert answer.status_code == 400, answer.content
        assert set(answer.json()["errors"]) == {field}
    assert user.get("/users/me").json() == before


def test_limits_hold_at_their_edges_and_a_name_is_one_whatever_its_case() -> None:
    first, second = sign_in(), sign_in()
    for name in ("abc", "A" * 30, "0-_"):
        assert first.patch("/users/me", {"username": name}).json()["username"] == name.lower()
    assert first.patch("/users/me", {"bio": "x" * 500, "avatar_url": ""}).status_code == 200
    assert first.patch("/users/me", {"username": "Ada"}).status_code == 200
    taken = second.patch("/users/me", {"username": "aDA"})
    assert (taken.status_code, taken.json()["code"]) == (409, "username-taken")
    assert set(taken.json()["errors"]) == {"username"}


class Writes(CommandListener):
    """Counts the commands that change the collections of people."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def started(self, event: Any) -> None:
        if event.command_name in ("insert", "update", "findAndModify", "delete"):
            self.seen.append(str(event.command[event.command_name]))

    def succeeded(self, event: Any) -> None:
        pass

    failed = succeeded


def test_who_is_here_is_noted_once_in_five_minutes_and_costs_no_write_a_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writes = Writes()
    monkeypatch.setattr(mongodb, "_listeners", [*mongodb._listeners, writes])
    mongodb.disconnect()
    user = sign_in()
    assert user.get("/users/me").status_code == 200
    assert writes.seen.count("sessions") == 1
    user.get("/users/me")
    writes.seen.clear()
    for _ in range(5):
        assert user.get("/users/me").status_code == 200
        arrivals._note_once.cache_clear()  # as in another process
    assert writes.seen == []
    long_ago = timezone.now() - services.QUIET - timedelta(seconds=1)
    Session.objects(user_id=user.user_id).update(set__last_active_at=long_ago)
    arrivals._note_once.cache_clear()
    page = Caller().get(f"/users/{user.user_id}/profile")
    assert user.get("/users/me").status_code == 200
    (row,) = Session.objects(user_id=user.user_id)
    assert row.last_active_at > long_ago
    assert User.objects.get(clerk_id=user.user_id).last_active_at == row.last_active_at
    again = Caller().get(f"/users/{user.user_id}/profile")
    assert (page.content, again["X-Cache"]) == (again.content, "HIT")


def test_the_callers_sessions_are_listed_page_by_page_and_nobody_elses() -> None:
    user, other = sign_in(), sign_in()
    later = [Caller(user.user_id) for _ in range(3)]
    assert [c.get("/users/me").status_code for c in (user, *later)] == [200] * 4
    seen: list[dict[str, Any]] = []
    path = "/users/me/sessions?limit=3"
    first = user.get(path)
    assert first["Cache-Control"] == "private, no-store"
    seen += first.json()["items"]
    rest = user.get(f"{path}&cursor={first.json()['next_cursor']}").json()
    seen += rest["items"]
    assert rest["has_more"] is False
    assert len({s["session_id"] for s in seen}) == len(seen) == 4
    assert [s["is_current"] for s in seen] == [False, False, False, True]
    assert {s["status"] for s in seen} == {"active"}
    cursor = first.json()["next_cursor"]
    assert other.get(f"{path}&cursor={cursor}").status_code == 400
    assert len(other.get("/users/me/sessions").json()["items"]) == 1


def test_a_new_name_shows_beside_works_and_a_count_sweeps_no_work() -> None:
    user = sign_in()
    story, root = published_story(user)
    page = f"/stories/{story}/chapters/{root}"
    Caller().get(page)
    User.objects(clerk_id=user.user_id).update_one(inc__xp=10, set__level=3)
    assert Caller().get(page)["X-Cache"] == "HIT"
    user.patch("/users/me", {"username": "night-writer"})
    assert Caller().get(page).json()["author"]["username"] == "night-writer"
