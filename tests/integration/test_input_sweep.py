"""Whatever is wrong in a body, a query or a path is a 4xx that names it, and writes nothing.

What is sent follows from the API's own description: every field of every body that can be written,
so that what is described also holds. A route that takes a body and has no sample fails the sweep.
How JSON itself is read is the business of test_input.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from bson import ObjectId
from django.http import HttpResponse
from pymongo.monitoring import CommandListener

from apps.users.documents import PlatformRole
from storychain import mongodb
from tests.factories import (
    API,
    PARAGRAPH,
    Caller,
    join,
    propose,
    published_story,
    sign_in,
    write_child,
)
from tests.integration.test_problems import assert_problem

Shape = dict[str, Any]  # a part of the OpenAPI description
Place = tuple[str | int, ...]  # the way to a value in a body
WRITES = {"insert", "update", "findAndModify", "delete", "commitTransaction"}
LIST_OF_NOBODY = "/users/{user_id}/stories"  # is empty
WRONG = {"number": 7.5, "boolean": True, "null": None, "array": [], "object": {}, "string": "7"}
NEEDED = {"/search": "q=the&"}  # what stands in every query
OPERATORS: list[Any] = [{"$ne": ""}, {"$gt": 1}, {"$where": "1"}, [{"$ne": 1}]]
SPOILT = ["a\x00b", "\x1b[2J", "a\ud800b"]
NUMBERS = ["@NaN", "@1e400", "@-Infinity", f"@{10**400}"]  # written into the body without quotes
DEEP = b"[" * 10_000 + b"]" * 10_000
# Right to left with its marks, letters of two code points (one of which NFC would make one), an
# emoji of five, and a letter outside of the first plane.
TEXT = "שָׁלוֹם \u200fمرحبا\u200e e\u0301 \u1e9b\u0323 \U0001f469\u200d\U0001f52c \U00020bb7 नि"  # noqa: RUF001 - so it is written
LATER = (datetime.now(UTC) + timedelta(days=9)).isoformat()
CHAPTER = {"title": "The stairs", "content": PARAGRAPH, "is_ending": True, "publish_at": LATER}
EDIT = {**CHAPTER, "base_version": 1, "reason": "Shorter.", "choice_text": "Up"}
STORY = {
    "title": "The lamp",
    "description": "A house.",
    "cover_image": "https://example.org/a.png",
    "tags": ["sea"],
    "warnings": ["storms"],
}
SETTINGS = {
    "is_public": True,
    "allow_branching": True,
    "require_approval": False,
    "allow_comments": True,
    "allow_voting": True,
    "max_depth": 9,
    "genres": ["gothic"],
    "content_rating": "teen",
}
STORY_PATH, CHAPTER_PATH = "/stories/{slug}", "/stories/{slug}/chapters/{chapter_slug}"
NEXT_PATH = "/stories/{slug}/chapters/{target}"  # a child of that chapter
PULL_PATH = "/pulls/{pull_id}"
PROPOSAL = {
    "title": "A way",
    "description": "Up.",
    "chapter_title": "The roof",
    "content": PARAGRAPH,
    "is_ending": False,
    "is_draft": False,
}
# Bodies that are taken; those of a route name all of its fields between them.
SAMPLES: dict[tuple[str, str], list[Any]] = {
    ("put", "/autosaves"): [
        {"story_slug": "s", "kind": "new_chapter", "parent_slug": "c", "title": "T"},
        {"story_slug": "s", "kind": "update_chapter", "chapter_slug": "c", "content": "It w"},
    ],
    ("post", "/autosaves/{autosave_id}/convert"): [
        {"choice_text": "Up", "is_ending": True, "publish_at": LATER, "reason": "Better."}
    ],
    ("post", "/events"): [
        {
            "events": [
                {
                    "event": "page_view",
                    "timestamp": datetime.now(UTC).isoformat(),
                    "properties": {"a": {"b": 1}},
                    "id": "abcdefgh",
                }
            ]
        }
    ],
    ("post", "/stories"): [{**STORY, "settings": SETTINGS}],
    ("put", STORY_PATH): [{**STORY, "settings": SETTINGS}],
    ("patch", STORY_PATH): [{**STORY, "settings": SETTINGS}],
    ("patch", f"{STORY_PATH}/settings"): [SETTINGS],
    ("post", f"{STORY_PATH}/chapters"): [CHAPTER],
    ("post", f"{STORY_PATH}/collaborators"): [
        {"role": "reviewer", "user_id": "somebody"},
        {"role": "reviewer", "username": "somebody"},
    ],
    ("patch", f"{STORY_PATH}/collaborators/{{user_id}}"): [{"role": "reviewer"}],
    ("post", f"{STORY_PATH}/exports"): [
        {"format": "markdown", "chapter": "c", "language": "pt-BR"},
        {"format": "markdown", "path": ["c"]},
    ],
    ("post", f"{STORY_PATH}/pulls"): [
        {**PROPOSAL, "kind": "new_branch", "parent_slug": "c", "choice_text": "Up"},
        {**PROPOSAL, "kind": "edit", "chapter_slug": "c", "base_version": 1},
    ],
    ("put", CHAPTER_PATH): [EDIT],
    ("patch", CHAPTER_PATH): [EDIT],
    ("put", f"{STORY_PATH}/vote"): [{"value": 1}],
    ("put", f"{CHAPTER_PATH}/vote"): [{"value": 1}],
    ("post", f"{CHAPTER_PATH}/comments"): [{"content": "So be it.", "parent_id": "x"}],
    ("patch", "/comments/{comment_id}"): [{"content": "So it is."}],
    ("put", "/comments/{comment_id}/vote"): [{"value": 1}],
    ("put", f"{CHAPTER_PATH}/bookmark"): [{"shelf": "later", "note": "On the train."}],
    ("post", f"{CHAPTER_PATH}/children"): [{**CHAPTER, "choice_text": "Up"}],
    ("put", f"{CHAPTER_PATH}/links/{{target}}"): [{"text": "Across"}],
    ("post", f"{CHAPTER_PATH}/rollback"): [{"version": 1, "reason": "It was better."}],
    ("patch", PULL_PATH): [
        {
            **PROPOSAL,
            "choice_text": "Up",
            "base_version": 1,
            "required_approvals": 2,
            "auto_approve": {"enabled": True, "threshold": 3, "time_window": 4},
        }
    ],
    ("post", f"{PULL_PATH}/comments"): [{"content": "So be it.", "parent_id": "x"}],
    ("post", f"{PULL_PATH}/labels"): [{"labels": ["sea"]}],
    ("post", f"{PULL_PATH}/merge"): [{"force": False}],
    ("post", f"{PULL_PATH}/reviews"): [{"verdict": "approve", "summary": "Well done."}],
    ("put", f"{PULL_PATH}/vote"): [{"value": 1}],
    ("post", "/reports"): [
        {"subject_type": "chapter", "subject_id": "c", "reason": "spam", "note": "Again."}
    ],
    ("post", "/reports/{report_id}/decision"): [
        {"outcome": "DISMISSED", "statement": "There is nothing to it."}
    ],
    ("post", "/appeals"): [{"text": "I shall not do it again.", "story_slug": "s"}],
    ("post", "/appeals/{appeal_id}/decision"): [
        {"is_granted": True, "statement": "He has understood."}
    ],
    ("post", f"{STORY_PATH}/bans/{{user_id}}"): [{"reason": "He cannot behave."}],
    ("post", "/moderation/bans/{user_id}"): [{"reason": "He cannot behave."}],
    ("put", "/moderation/roles/{user_id}"): [{"role": "APPEAL_MODERATOR"}],
    ("post", "/reading-history/heartbeat"): [
        {"story_slug": "s", "chapter_slug": "c", "session_id": "a-tab"}
    ],
    ("patch", "/users/me"): [
        {
            "username": "ada_l",
            "bio": "I write.",
            "avatar_url": "https://example.org/a.png",
            "preferences": {
                "email_notifications": True,
                "push_notifications": False,
                "digest": "daily",
                "theme": "dark",
            },
        }
    ],
}
# Their bodies are a file and what Clerk has signed; their own tests spoil them.
OTHERWISE = {("post", "/stories/import"), ("post", "/webhooks/clerk")}


class Ear(CommandListener):
    """Hears every write."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def started(self, event: Any) -> None:
        if event.command_name in WRITES:
            self.heard.append(str(event.command))

    def succeeded(self, event: Any) -> None:
        pass

    failed = succeeded


class World:
    """A story with its team, a chapter and a pull request, and the API's description."""

    def __init__(self, ear: Ear) -> None:
        self.owner, self.ear = sign_in("owner"), ear
        story, root = published_story(self.owner)
        self.names: dict[str, object] = {
            "slug": story,
            "chapter_slug": root,
            "target": write_child(self.owner, story, root),
            "version": 1,
            "user_id": join(self.owner, story, "contributor").user_id,
            "pull_id": propose(sign_in("writer"), story, root),
            "autosave_id": self._save(story, root),
            "notification_id": ObjectId(),
            "export_id": "none",
            "report_id": "none",
            "appeal_id": "none",
            "comment_id": self._say(story, root),
            "review_id": "none",
        }
        PlatformRole.assign(  # so that no role stands before what is wrong
            user_id=str(self.owner.user_id), role="SUPER_ADMIN", by="x", now=datetime.now(UTC)
        )
        self.described: Shape = Caller().get("/schema").json()
        assert ear.heard  # so silence means something
        ear.heard.clear()

    def _save(self, story: str, root: str) -> str:
        place = {"story_slug": story, "kind": "new_chapter", "parent_slug": root}
        answer = self.owner.send("PUT", "/autosaves", {**place, "content": PARAGRAPH})
        return str(answer.json()["id"])

    def _say(self, story: str, root: str) -> str:
        path = f"/stories/{story}/chapters/{root}/comments"
        return str(self.owner.post(path, {"content": "So be it."}).json()["id"])

    def operations(self) -> Iterator[tuple[str, str, Shape]]:
        for path, operations in self.described["paths"].items():
            for verb, operation in operations.items():
                yield verb, path.removeprefix(API), operation

    def resolve(self, shape: Shape) -> Shape:
        """Return a shape without references and wrappers."""
        for wrapped in (shape.get("allOf") or shape.get("oneOf") or [])[:1]:
            return self.resolve({**shape, "allOf": None, "oneOf": None, **wrapped})
        if "$ref" not in shape:
            return shape
        return self.resolve(self.described["components"]["schemas"][shape["$ref"].split("/")[-1]])

    def send(self, verb: str, path: str, body: Any, caller: Caller | None = None) -> HttpResponse:
        who = caller or self.owner
        raw = body if isinstance(body, bytes) else encode(body)
        return who.client.generic(
            verb.upper(),
            API + path.format(**self.names),
            data=raw,
            content_type="application/json",
            headers=who.headers,
        )

    def refuse(self, verb: str, path: str, body: Any, status: int = 400) -> set[str]:
        """Send what cannot be taken; return what the answer names."""
        answer = self.send(verb, path, body)
        try:
            problem = assert_problem(answer, status)
        except AssertionError as error:
            raise AssertionError(f"{verb} {path} {str(body)[:300]}") from error
        assert not self.ear.heard, (verb, path, body, self.ear.heard)
        return set(problem.get("errors", {}))


@pytest.fixture
def world() -> Iterator[World]:
    ear = Ear()
    mongodb.listen(ear)
    mongodb.disconnect()
    yield World(ear)
    mongodb._listeners.remove(ear)


def encode(body: Any) -> bytes:
    text = json.dumps(body)
    for number in NUMBERS:
        text = text.replace(f'"{number}"', number[1:])
    return text.encode()


def places(world: World, shape: Shape, at: Place = ()) -> Iterator[tuple[Place, Shape]]:
    """Every place of a body, with what is described to stand there."""
    shape = world.resolve(shape)
    if at:
        yield at, shape
    for name, inner in shape.get("properties", {}).items():
        yield from places(world, inner, (*at, name))
    if "items" in shape:
        yield from places(world, shape["items"], (*at, 0))


def look(body: Any, at: Place) -> Any:
    for step in at:
        body = body[step]
    return body


def put(body: Any, at: Place, value: Any) -> Any:
    changed = deepcopy(body)
    look(changed, at[:-1])[at[-1]] = value
    return changed


def holds(body: Any, at: Place) -> bool:
    try:
        look(body, at)
    except (KeyError, IndexError):
        return False
    return True


def kinds(shape: Shape) -> set[str]:
    said = shape.get("type", "object")
    found = {said} if isinstance(said, str) else set(said)
    return found | {"number"} if "integer" in found else found


def padded(value: str, length: int) -> str:
    return value + "x" * (length - len(value))


def limits(shape: Shape, good: Any) -> Iterator[tuple[Any, bool]]:
    """Values at the limits and one beyond, with whether they may be taken."""
    start = good if shape.get("format") == "uri" else ""
    for name, beyond in (("minLength", -1), ("maxLength", 1)):
        if name in shape and not shape.get("enum"):
            length = shape[name]
            if not shape.get("pattern"):
                yield padded(start, length), True
            yield padded(start, length + beyond), False
    for name, beyond in (("minimum", -1), ("maximum", 1)):
        if name in shape:
            yield shape[name], True
            yield shape[name] + beyond, False
    for name, beyond in (("minItems", -1), ("maxItems", 1)):
        if name in shape:
            yield good[:1] * shape[name], True
            yield good[:1] * (shape[name] + beyond), False
    if "enum" in shape:
        yield "no-such" if kinds(shape) == {"string"} else 0, False


def is_text(shape: Shape) -> bool:
    return kinds(shape) == {"string"} and not {"enum", "format", "pattern"} & set(shape)


def bad_values(shape: Shape, good: Any) -> Iterator[Any]:
    """Everything that no such field takes."""
    yield from (value for value, is_good in limits(shape, good) if not is_good)
    yield from (value for kind, value in WRONG.items() if kind not in kinds(shape))
    yield from (1, 0, "true") if kinds(shape) == {"boolean"} else ()
    yield from (7.5, "1") if "integer" in kinds(shape) else ()
    yield from (7,) if "string" in kinds(shape) else ()
    yield from OPERATORS
    yield from SPOILT
    yield from NUMBERS


def dotted(at: Place) -> str:
    return ".".join(map(str, at))


def test_every_route_that_takes_a_body_has_a_sample_of_it(world: World) -> None:
    taking = {(v, p): op for v, p, op in world.operations() if "requestBody" in op}
    assert set(taking) == set(SAMPLES) | OTHERWISE
    for key, samples in SAMPLES.items():
        for at, _ in places(world, body_of(taking[key])):
            assert any(holds(sample, at) for sample in samples), (key, at)


def body_of(operation: Shape) -> Shape:
    [shape] = operation["requestBody"]["content"].values()
    return dict(shape["schema"])


def swept(world: World) -> Iterator[tuple[str, str, Place, Shape, Any]]:
    """Every place of every body, with a body that is good and has it."""
    for verb, path, operation in world.operations():
        samples = SAMPLES.get((verb, path), [])
        for at, shape in places(world, body_of(operation)) if samples else ():
            yield verb, path, at, shape, next(one for one in samples if holds(one, at))


def test_no_field_takes_what_is_wrong_and_each_takes_what_is_at_its_limits(world: World) -> None:
    for verb, path, at, shape, body in swept(world):
        good = look(body, at)
        for value in bad_values(shape, good):
            named = world.refuse(verb, path, put(body, at, value))
            place = dotted(at)
            assert named, (verb, path, at, value)
            assert all(f"{one}.".startswith(f"{place}.") for one in named), (path, value, named)
        texts = [padded(TEXT, shape.get("minLength", 0))] if is_text(shape) else []
        texts = [one for one in texts if len(one) <= shape.get("maxLength", len(one))]
        for value in [good, *(v for v, is_good in limits(shape, good) if is_good), *texts]:
            taken = {**put(body, at, value), "no_such": 1}  # so that nothing comes of it
            assert world.refuse(verb, path, taken) == {"no_such"}, (verb, path, at, value)


def test_what_is_missing_unknown_or_given_twice_is_named(world: World) -> None:
    for verb, path, at, shape, body in swept(world):
        if "properties" in shape:
            for name in ("no_such", "$set"):
                named = world.refuse(verb, path, put(body, (*at, name), {"$ne": ""}))
                assert named == {dotted((*at, name))}
        pair = f"{json.dumps(at[-1])}: {json.dumps(look(body, at))}"
        if isinstance(at[-1], str):
            twice = json.dumps(body).replace(pair, f"{pair}, {pair}", 1).encode()
            assert dotted(at) in world.refuse(verb, path, twice), (verb, path, at)
    for verb, path, operation in world.operations():
        for body in SAMPLES.get((verb, path), []):
            for name in world.resolve(body_of(operation)).get("required", []):
                short = {key: value for key, value in body.items() if key != name}
                assert name in world.refuse(verb, path, short), (verb, path, name)


def test_bodies_that_are_too_deep_too_large_or_no_text_are_refused_everywhere(
    world: World,
) -> None:
    for verb, path in SAMPLES:
        field = next(iter(SAMPLES[verb, path][0])).encode()
        for raw in (DEEP, b'{"%s": %s}' % (field, DEEP), b'{"%s": "\xff\xc0"}' % field, b"[]"):
            assert world.refuse(verb, path, raw) == {"body"}, (verb, path, raw[:40])
        world.refuse(verb, path, b'{"%s": "%s"}' % (field, b"x" * 3_000_000), status=413)


def strings(body: Any) -> set[str]:
    """All texts in a body, at any depth."""
    if isinstance(body, dict | list):
        return set().union(*map(strings, body.values() if isinstance(body, dict) else body))
    return {body} if isinstance(body, str) else set()


def test_texts_of_any_script_come_back_as_they_were_sent(world: World) -> None:
    line, page = f"1 {TEXT}", f"{TEXT}\n\n{TEXT}"
    chapter = {"title": line, "content": page}
    story, parent = world.names["slug"], {"parent_slug": world.names["chapter_slug"]}
    draft = {"story_slug": story, "kind": "new_chapter", **parent}
    lists = {"tags": [TEXT], "warnings": [f"2 {TEXT}"]}
    proposal = {**chapter, "description": f"3 {TEXT}", "chapter_title": f"4 {TEXT}"}
    sent: list[tuple[str, str, Shape, Shape, str]] = [  # what is shown of it, and where
        ("patch", STORY_PATH, {}, {"title": line, "description": page, **lists}, ""),
        ("patch", f"{STORY_PATH}/settings", {}, {"genres": [TEXT]}, ""),
        ("patch", CHAPTER_PATH, {}, chapter, ""),
        ("patch", CHAPTER_PATH, {"title": "T"}, {"reason": line}, f"{CHAPTER_PATH}/versions"),
        ("post", f"{CHAPTER_PATH}/children", chapter, {"choice_text": TEXT}, CHAPTER_PATH),
        ("put", f"{NEXT_PATH}/links/{{chapter_slug}}", {}, {"text": TEXT}, NEXT_PATH),
        ("put", "/autosaves", draft, chapter, ""),
        ("put", f"{CHAPTER_PATH}/bookmark", {"shelf": "later"}, {"note": page}, ""),
        ("post", f"{STORY_PATH}/pulls", {"kind": "new_branch", **parent}, proposal, ""),
        ("post", f"{PULL_PATH}/labels", {}, {"labels": [TEXT]}, ""),
        ("post", f"{PULL_PATH}/comments", {}, {"content": page}, ""),
        (
            "post",
            f"{PULL_PATH}/reviews",
            {"verdict": "feedback_only"},
            {"summary": page},
            f"{PULL_PATH}/reviews",
        ),
        ("patch", "/users/me", {}, {"bio": page}, ""),
    ]
    for verb, path, more, texts, shown in sent:
        answer = world.send(verb, path, {**more, **texts})
        assert answer.status_code in (200, 201), (path, answer.content)
        if shown:
            answer = world.owner.get(shown.format(**world.names))
        assert strings(texts) <= strings(answer.json()), (path, answer.content)


def test_no_path_and_no_query_is_a_defect_or_writes(world: World) -> None:
    hostile = ['{"$ne": ""}', "$where", "[$gt]", "a\x00b", "a\x07b", "\u202eabc", "x" * 3000, "*"]
    segments = [*(quote(one, safe="") for one in hostile), "%ff%fe", "%ed%a0%80", "9" * 30, TEXT]
    for verb, path, _ in world.operations():
        for name in (one for one in world.names if f"{{{one}}}" in path):
            for segment in segments:
                spoilt = path.replace(f"{{{name}}}", quote(segment, safe="%"))
                body = next(iter(SAMPLES.get((verb, path), [{}])))
                answer = world.send(verb, spoilt, body)
                if (answer.status_code, path) != (200, LIST_OF_NOBODY):
                    assert answer.status_code in (400, 404), (verb, spoilt)
                    assert_problem(answer, answer.status_code)
                assert not world.ear.heard, (verb, spoilt)


@pytest.mark.django_db  # where the index of search is
def test_every_query_parameter_is_held_to_its_description(world: World) -> None:
    for verb, path, operation in world.operations():
        for asked in operation.get("parameters", []):
            name, shape = asked["name"], asked["schema"]
            if asked["in"] != "query" or name == "signature":  # read of whoever is not signed in
                continue
            ask = f"{path}?{NEEDED.get(path, '') if name != 'q' else ''}{name}"
            beyond = [str(value) for value, is_good in limits(shape, "") if not is_good and value]
            wrong = ["7.5", "true1", '{"$ne": ""}'] if kinds(shape) != {"string"} else []
            for value in [*filter(None, beyond), *wrong, "a\x00b", "a\x07b", f"a&{name}=b"]:
                sent = f"{ask}={quote(value, safe='&=')}"
                answer = world.owner.send(verb.upper(), sent.format(**world.names))
                assert name in assert_problem(answer, 400)["errors"], sent
            for sent in (f"{ask}[$ne]=", f"{ask}[]=a", f"{ask}=%ff", f"{ask}={quote(TEXT)}"):
                answer = world.owner.send(verb.upper(), sent.format(**world.names))
                assert answer.status_code < 500, sent
    assert not world.ear.heard
