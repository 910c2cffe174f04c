"""Things that tests need to be there: people who are signed in, stories, chapters."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import count
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.test.client import ClientHandler
from django.utils import timezone

from storychain.api.authentication import mint_token

API = "/api/v1"
ABOUT = "A house, and who lives in it."
PARAGRAPH = "The lamp on the stairs went out again, and this time nobody had touched it."
_numbers = count(1)


def unique(prefix: str) -> str:
    """Return a name that no other test of this run uses."""
    return f"{prefix}_{next(_numbers)}"


@cache
def _handler() -> ClientHandler:
    """Return one handler for all: each looks through all static files when it is made."""
    return ClientHandler(enforce_csrf_checks=False)


@dataclass
class Caller:
    """Somebody who calls the API; without a user id, anonymously."""

    user_id: str | None = None

    def __post_init__(self) -> None:
        """Sign in, if it is somebody."""
        token = mint_token(user_id=self.user_id) if self.user_id else None
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.client = Client(headers=self.headers, raise_request_exception=False)
        self.client.handler = _handler()

    def get(self, path: str, **headers: str) -> HttpResponse:
        """GET a path below /api/v1."""
        return self.client.get(API + path, headers={**self.headers, **headers})

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """Send a JSON body to a path below /api/v1."""
        return self.client.generic(
            method,
            API + path,
            data=json.dumps(body if body is not None else {}),
            content_type="application/json",
            headers={**self.headers, **headers},
        )

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """POST a JSON body."""
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """PATCH with a JSON body."""
        return self.send("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        """DELETE a path."""
        return self.client.delete(API + path, headers={**self.headers, **headers})


def sign_in(name: str = "user") -> Caller:
    """Return a new person, signed in; as after a first request."""
    from apps.users.services import ensure_user

    caller = Caller(unique(name))
    ensure_user(user_id=str(caller.user_id), now=timezone.now())
    return caller


def chapter_body(title: str = "The stairs", **more: Any) -> dict[str, Any]:
    """Return a chapter as it is sent."""
    return {"title": title, "content": PARAGRAPH, **more}


def start_story(author: Caller, *, title: str = "The lamp", **more: Any) -> str:
    """Let somebody start a story; return its slug."""
    body = {"title": title, "description": ABOUT, **more}
    answer = author.post("/stories", body)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["slug"])


def write_root(author: Caller, story: str, **more: Any) -> str:
    """Let somebody write a story's first chapter; return its slug."""
    answer = author.post(f"/stories/{story}/chapters", chapter_body(**more))
    assert answer.status_code == 201, answer.content
    return str(answer.json()["slug"])


def write_child(author: Caller, story: str, parent: str, **more: Any) -> str:
    """Let somebody go on from a chapter; return the new one's slug."""
    answer = author.post(f"/stories/{story}/chapters/{parent}/children", chapter_body(**more))
    assert answer.status_code == 201, answer.content
    return str(answer.json()["slug"])


def publish(author: Caller, story: str) -> None:
    """Let somebody publish his story."""
    answer = author.post(f"/stories/{story}/publish")
    assert answer.status_code == 200, answer.content


def published_story(author: Caller, **more: Any) -> tuple[str, str]:
    """Return a published story of one chapter: its slug and the chapter's.

    As three requests would leave it, but in one transaction: half of all tests begin so, and that
    is a fifth of what they cost.
    """
    from apps.chapters import services as chapters
    from apps.chapters.serializers import RootInput
    from apps.stories import services as stories
    from apps.stories.serializers import StoryInput
    from storychain.api.parsing import check_input
    from storychain.documents import unit_of_work

    started, wrote, now = (timezone.now() - timedelta(milliseconds=ago) for ago in (2, 1, 0))
    story = check_input(StoryInput, {"title": "The lamp", "description": ABOUT, **more})
    text = check_input(RootInput, chapter_body())

    @unit_of_work
    def write() -> tuple[str, str]:
        slug = stories.create_story(creator_id=author.user_id, now=started, **story).slug
        root = chapters.add_root(
            story_slug=slug, author_id=author.user_id, text=text, now=wrote
        ).slug
        stories.publish_story(slug=slug, caller_id=author.user_id, now=now)
        return slug, root

    return write()


def invite(host: Caller, story: str, guest: Caller, role: str = "contributor") -> int:
    """Let somebody ask another into a story; return the answer's status."""
    path = f"/stories/{story}/collaborators"
    return host.post(path, {"user_id": guest.user_id, "role": role}).status_code


def join(host: Caller, story: str, role: str) -> Caller:
    """Let somebody new be asked into a story, and come."""
    guest = sign_in(role)
    assert invite(host, story, guest, role) == 201
    assert guest.post(f"/stories/{story}/invitation/accept").status_code == 204
    return guest


def propose(author: Caller, story: str, parent: str, **more: Any) -> str:
    """Let somebody propose a chapter below another; return the pull request's id."""
    body = {"kind": "continuation", "title": "The cellar", "parent_slug": parent, **more}
    answer = author.post(f"/stories/{story}/pulls", {"content": PARAGRAPH, **body})
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])
