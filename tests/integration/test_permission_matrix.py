"""Every route and verb for everybody: who is let through, who is refused, who learns nothing.

The routes come from the URL configuration; one that has no row here fails the suite. Each row names
what it takes; what follows for each person and for an open and a closed story is worked out, and
for a draft and an archived one, which are as closed. "Let through" is any answer that is no
refusal: the request's effect is the business of other tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, product
from uuid import uuid4

import pytest
from bson import ObjectId
from django.http import HttpResponse
from django.urls import NoReverseMatch, reverse

from apps.access.documents import ROLES, Collaborator, StoryBan
from apps.access.rules import CO_AUTHOR, CONTRIBUTOR, MODERATOR, OWNER, REVIEWER
from apps.chapters.documents import Chapter
from apps.comments.documents import Comment
from apps.moderation.documents import Report
from apps.pulls.records import PullComment, Review
from apps.pulls.services import open_pull
from apps.stories.documents import Story
from apps.stories.limits import STATUSES
from apps.users.documents import PlatformBan, PlatformRole
from tests.factories import (
    API,
    Caller,
    chapter_body,
    publish,
    sign_in,
    start_story,
    write_child,
    write_root,
)
from tests.routes import patterns

NOW = datetime(2026, 2, 9, 15, 30, tzinfo=UTC)
PLATFORM = ("SUPER_ADMIN", "PLATFORM_MODERATOR", "APPEAL_MODERATOR")
LOOKS_AFTER_ALL = PLATFORM[:2]
PEOPLE = (  # the least first, and the refused before all, so that nobody finds it done already
    "anonymous",
    "stranger",
    "banned",
    "ex-member",
    *PLATFORM,
    *ROLES,
)
SLUGLESS = ("pull_id", "comment_id")  # of things that are found without their story's slug
_numbers = count(1)


KINDS = ("open", "closed", "draft", "archived")


@dataclass
class World:
    """Twelve people, a story that everybody may read, and others that only their teams may."""

    kinds: tuple[str, ...] = KINDS[:2]
    people: dict[str, Caller] = field(default_factory=dict)
    stories: dict[str, str] = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=dict)
    trunks: dict[str, str] = field(default_factory=dict)  # where the owner goes on
    pulls: dict[str, str] = field(default_factory=dict)
    leaves: dict[str, str] = field(default_factory=dict)  # a guest's
    somebody: Caller = field(default_factory=lambda: sign_in("somebody"))
    helper: Caller = field(default_factory=lambda: sign_in("helper"))

    def __post_init__(self) -> None:
        self.people = {name: sign_in(name) for name in PEOPLE if name != "anonymous"}
        self.people["anonymous"] = Caller()
        owner = self.people["owner"]
        for kind in self.kinds:
            settings = {"is_public": kind != "closed"}
            story = start_story(owner, title=f"The {kind} house", settings=settings)
            self.stories[kind], self.roots[kind] = story, write_root(owner, story)
            self.trunks[kind] = write_child(owner, story, self.roots[kind])
            if kind != "draft":
                publish(owner, story)
            self._fill(story)
            self.pulls[kind] = self.propose(kind)
            self.turn(kind)
        for role in PLATFORM:
            PlatformRole(user_id=self.people[role].user_id, role=role, assigned_at=NOW).save()

    def turn(self, kind: str) -> None:
        """Let a story be what it is to be, whatever a step has made of it."""
        status = kind if kind in STATUSES else "published"
        story = Story.objects.get(slug=self.stories[kind])
        if story.status != status or story.is_taken_down:
            story.turn(status=status, now=NOW)

    def _fill(self, story: str) -> None:
        for role in ROLES[:-1]:
            self.join(story, self.people[role].user_id, role, "accepted")
        self.join(story, self.people["ex-member"].user_id, "co_author", "removed")
        banned = self.people["banned"].user_id
        self.join(story, banned, "co_author", "accepted")  # a ban is above any role
        StoryBan(story_slug=story, user_id=banned, banned_by="x", banned_at=NOW).save()

    def join(self, story: str, user_id: str, role: str, status: str) -> None:
        Collaborator(
            story_slug=story, user_id=user_id, role=role, status=status, accepted_at=NOW
        ).save()

    def member(self, kind: str) -> str:
        """Let somebody new work on a story; return his id."""
        guest = f"guest_{next(_numbers)}"
        self.join(self.stories[kind], guest, "contributor", "accepted")
        return guest

    def propose(self, kind: str) -> str:
        """Let a member whom no row is about propose a chapter; return the pull request's id."""
        return open_pull(
            story_slug=self.stories[kind],
            author_id=self.member(kind),
            now=NOW,
            kind="new_branch",
            parent_slug=self.roots[kind],
            title="A way",
            content=chapter_body()["content"],
        )

    def leaf(self, kind: str, **more: object) -> str:
        """Let the owner write a new chapter; return its slug."""
        where = (self.people["owner"], self.stories[kind])
        self.trunks[kind] = write_child(*where, self.trunks[kind])  # a chapter has few branches
        return write_child(*where, self.trunks[kind], **more)


Names = dict[str, object]


@dataclass(frozen=True)
class Row:
    """What a route and verb take: to be signed in, to see the story, and a rank in it.

    `names` are the route's parameters beyond the story's slug; `refusal` is what those below
    `least` are answered.
    """

    is_signed: bool = False
    sees: bool = True
    least: int = -1
    refusal: int = 403
    is_open_to_readers: bool = False
    barred: tuple[str, ...] = ()  # whose own it is
    duty: tuple[str, ...] = ()  # or one of these platform roles
    stand_in: tuple[str, ...] = ()  # as these platform roles do for a story's moderators
    body: object = None
    names: Callable[[World, str], Names] = lambda _world, _kind: {}

    def expects(self, person: str, kind: str) -> int:
        """Return 200 for "let through", or the refusal's status."""
        if person == "anonymous" and self.is_signed:
            return 401
        if self.sees and not may_see(person, kind):
            return 404
        if person in self.barred:
            return 403
        if self.is_open_to_readers and kind == "open":
            return 200
        if self.lets(person):
            return 200
        return 401 if person == "anonymous" else self.refusal

    def lets(self, person: str) -> bool:
        """Tell whether somebody's rank or platform role is enough."""
        if self.duty:
            return person in self.duty
        return person in self.stand_in or rank(person) >= self.least


def rank(person: str) -> int:
    return ROLES.index(person) if person in ROLES else -1


def may_see(person: str, kind: str) -> bool:
    if person == "banned":
        return False
    return kind == "open" or rank(person) >= 0 or person in LOOKS_AFTER_ALL


def leaf(world: World, kind: str) -> Names:
    return {"chapter_slug": world.leaf(kind)}


def draft(world: World, kind: str) -> Names:
    at = datetime.now(UTC) + timedelta(days=1)
    return {"chapter_slug": world.leaf(kind, publish_at=at.isoformat())}


def root(world: World, kind: str) -> Names:
    return {"chapter_slug": world.roots[kind]}


def across(world: World, kind: str) -> Names:
    """Where the owner goes on, and a way from there back to the root."""
    Chapter.objects.get(slug=world.trunks[kind]).lead(to=world.roots[kind], text="Back")
    return {"chapter_slug": world.trunks[kind], "target": world.roots[kind]}


def said(world: World, kind: str) -> Names:
    """A comment of the owner's."""
    comment = Comment(
        story_slug=world.stories[kind],
        chapter_slug=world.roots[kind],
        user_id=world.people["owner"].user_id,
        content="So be it.",
        created_at=NOW,
    )
    return {"comment_id": comment.save().comment_id}


def first_version(world: World, kind: str) -> Names:
    return {**root(world, kind), "version": 1}


def member(world: World, kind: str) -> Names:
    return {"user_id": world.member(kind)}


def pull(world: World, kind: str) -> Names:
    return {"pull_id": world.pulls[kind]}


def another_pull(world: World, kind: str) -> Names:
    """One for each who asks."""
    return {"pull_id": world.propose(kind)}


def said_of_pull(world: World, kind: str) -> Names:
    """A comment of somebody's about whom no row is, on the pull request."""
    pull_id = world.pulls[kind]
    number = PullComment.objects(pull_id=pull_id).count() + 1_000
    said = PullComment(pull_id=pull_id, number=number, user_id="x", content="Well.", created_at=NOW)
    return {"pull_id": pull_id, "comment_id": said.save(force_insert=True).comment_id}


def reviewed(world: World, kind: str) -> Names:
    """What such a person says in his review of it."""
    pull_id = world.pulls[kind]
    said = {"verdict": "feedback_only", "summary": "Well.", "is_binding": False}
    review = Review.put(pull_id=pull_id, reviewer_id="x", text_version=1, reviewed_at=NOW, **said)
    return {"pull_id": pull_id, "review_id": review.review_id}


def owner(world: World, _kind: str) -> Names:
    return {"user_id": world.people["owner"].user_id}


ANYONE = Row(sees=False)
SIGNED_IN = Row(is_signed=True, sees=False)
READER = Row()
CHAPTER = Row(names=root)
PULL = Row(names=pull)
EDIT = {"content": chapter_body()["content"] + " Twice."}
PROPOSED = {**chapter_body(), "kind": "new_branch", "parent_slug": "nowhere"}


def team(least: int, **more: object) -> Row:
    return Row(is_signed=True, least=least, **more)


def anybody(**more: object) -> Row:
    """Members, and where everybody reads the story whoever is signed in."""
    return team(CONTRIBUTOR, is_open_to_readers=True, **more)


def platform(*roles: str, **more: object) -> Row:
    """Those of these platform roles."""
    return Row(is_signed=True, sees=False, duty=roles, **more)


def guests_leaf(world: World, kind: str) -> Names:
    """A chapter of somebody's about whom no row is; one for all, as nothing becomes of it."""
    if kind not in world.leaves:
        guest = sign_in("writer")
        world.join(world.stories[kind], str(guest.user_id), "contributor", "accepted")
        world.leaves[kind] = write_child(guest, world.stories[kind], world.leaf(kind))
    return {"chapter_slug": world.leaves[kind]}


def report(world: World, kind: str) -> Names:
    """A report of such a chapter."""
    filed = Report(
        subject_type="chapter",
        subject_id=guests_leaf(world, kind)["chapter_slug"],
        story_slug=world.stories[kind],
        accused_id="x",
        reason="spam",
        queue="story",
        created_at=NOW,
    )
    return {"report_id": filed.save(force_insert=True).report_id}


def somebody(world: World, _kind: str) -> Names:
    """One person for all, who may be banned already."""
    return {"user_id": world.somebody.user_id}


def helper(world: World, _kind: str) -> Names:
    """One who may have a role already."""
    return {"user_id": world.helper.user_id}


def offender(world: World, kind: str) -> Names:
    """One who is banned, from the story by its team and from the platform."""
    user_id, story = str(world.somebody.user_id), world.stories[kind]
    why = {"user_id": user_id, "reason": "Why not.", "by": "x", "now": NOW}
    StoryBan.objects(story_slug=story, user_id=user_id).delete()  # it may be the platform's
    StoryBan.impose(story_slug=story, **why)
    if PlatformBan.find(user_id) is None:
        PlatformBan.impose(**why)
    return {"user_id": user_id}


SUPER, MODERATES, APPEALS = PLATFORM
WHY = {"reason": "He cannot behave."}
MATRIX: dict[tuple[str, str], Row] = {
    ("stories", "get"): ANYONE,
    ("stories", "post"): SIGNED_IN,
    ("stories-new", "get"): ANYONE,
    ("stories-trending", "get"): ANYONE,
    ("stories-featured", "get"): ANYONE,
    ("search", "get"): ANYONE,  # who finds what: test_search.py
    ("stories-my", "get"): SIGNED_IN,
    ("stories-draft", "get"): SIGNED_IN,
    ("events", "post"): ANYONE,
    ("stories-import", "post"): SIGNED_IN,
    ("story-detail", "get"): READER,
    ("story-detail", "put"): team(CO_AUTHOR, body={"title": "The house"}),
    ("story-detail", "patch"): team(CO_AUTHOR, body={"title": "The house"}),
    ("story-detail", "delete"): team(OWNER),
    ("story-overview", "get"): READER,
    ("story-settings", "get"): Row(least=CONTRIBUTOR),
    ("story-settings", "patch"): team(CO_AUTHOR, body={"genres": ["gothic"]}),
    ("story-timeline", "get"): team(CONTRIBUTOR),
    ("story-analytics", "get"): team(CO_AUTHOR),
    ("story-publish", "post"): team(CO_AUTHOR),
    ("story-archive", "post"): team(CO_AUTHOR, stand_in=LOOKS_AFTER_ALL),
    ("story-unarchive", "post"): team(CO_AUTHOR),
    ("story-tree", "get"): READER,
    ("story-feed", "get"): READER,
    ("story-exports", "post"): Row(is_signed=True, body={"format": "markdown"}),
    ("story-waiting", "get"): team(CO_AUTHOR),
    ("chapters", "get"): READER,
    ("chapters", "post"): team(CONTRIBUTOR, is_open_to_readers=True, body=chapter_body()),
    ("chapter-detail", "get"): CHAPTER,
    ("chapter-detail", "put"): team(CO_AUTHOR, body=chapter_body(), names=root),
    ("chapter-detail", "patch"): team(CO_AUTHOR, body=EDIT, names=root),
    ("chapter-detail", "delete"): team(CO_AUTHOR, names=leaf, stand_in=LOOKS_AFTER_ALL),
    ("chapter-children", "post"): team(
        CONTRIBUTOR, is_open_to_readers=True, body=chapter_body(), names=root
    ),
    ("chapter-link", "put"): team(CO_AUTHOR, body={"text": "Up"}, names=across),
    ("chapter-link", "delete"): team(CO_AUTHOR, names=across),
    ("chapter-publish", "post"): team(CO_AUTHOR, names=draft, refusal=404),
    ("chapter-versions", "get"): team(CONTRIBUTOR, names=root),
    ("chapter-version", "get"): team(CONTRIBUTOR, names=first_version),
    ("chapter-diff", "get"): team(CONTRIBUTOR, names=root),
    ("chapter-rollback", "post"): team(CO_AUTHOR, body={"version": 1}, names=root),
    ("story-pulls", "get"): READER,
    ("story-pulls", "post"): anybody(body=PROPOSED),
    ("pulls-mine", "get"): SIGNED_IN,
    ("pull-detail", "get"): PULL,
    ("pull-detail", "patch"): team(MODERATOR, body={"required_approvals": 2}, names=pull),
    ("pull-detail", "delete"): team(MODERATOR, names=another_pull, stand_in=LOOKS_AFTER_ALL),
    ("pull-reviews", "get"): PULL,
    ("pull-reviews", "post"): team(REVIEWER, body={"verdict": "feedback_only"}, names=pull),
    ("pull-review", "delete"): team(MODERATOR, names=reviewed, stand_in=LOOKS_AFTER_ALL),
    ("pull-comments", "get"): PULL,
    ("pull-comments", "post"): anybody(body={"content": "So be it."}, names=pull),
    ("pull-comment", "delete"): team(MODERATOR, names=said_of_pull, stand_in=LOOKS_AFTER_ALL),
    ("pull-vote", "get"): Row(is_signed=True, names=pull),
    ("pull-vote", "put"): anybody(body={"value": 1}, names=pull),
    ("pull-timeline", "get"): PULL,
    ("pull-labels", "post"): team(REVIEWER, body={"labels": ["sea"]}, names=pull),
    ("pull-merge", "post"): team(MODERATOR, names=pull),
    ("pull-close", "post"): team(MODERATOR, names=pull),
    ("pull-reopen", "post"): team(MODERATOR, names=pull),
    ("story-vote", "put"): anybody(body={"value": 1}, barred=("owner",)),
    ("chapter-vote", "put"): anybody(body={"value": 1}, names=root, barred=("owner",)),
    ("chapter-comments", "get"): CHAPTER,
    ("chapter-comments", "post"): anybody(body={"content": "So be it."}, names=root),
    ("comments-lock", "put"): team(MODERATOR, names=root, stand_in=LOOKS_AFTER_ALL),
    ("comments-lock", "delete"): team(MODERATOR, names=root, stand_in=LOOKS_AFTER_ALL),
    ("comment-detail", "patch"): team(OWNER, body={"content": "So it is."}, names=said),
    ("comment-detail", "delete"): team(MODERATOR, names=said, stand_in=LOOKS_AFTER_ALL),
    ("comment-vote", "put"): anybody(body={"value": 1}, names=said, barred=("owner",)),
    ("collaborators", "get"): READER,
    ("collaborators", "post"): team(CO_AUTHOR, body={"user_id": "x", "role": "contributor"}),
    ("collaborator-detail", "patch"): team(OWNER, body={"role": "reviewer"}, names=member),
    ("collaborator-detail", "delete"): team(OWNER, names=member),
    ("my-role", "get"): Row(is_signed=True),
    ("story-me", "get"): Row(is_signed=True),
    ("story-invitations", "get"): team(CO_AUTHOR),
    ("invitations", "get"): SIGNED_IN,
    ("autosaves", "get"): SIGNED_IN,
    ("autosaves", "put"): SIGNED_IN,
    ("bookmarks", "get"): SIGNED_IN,
    ("chapter-bookmark", "put"): Row(is_signed=True, body={"shelf": "later"}, names=root),
    ("reading-history", "get"): SIGNED_IN,
    ("user-follow", "put"): Row(is_signed=True, sees=False, names=owner),
    ("user-follow", "delete"): Row(is_signed=True, sees=False, names=owner),
    ("user-followers", "get"): Row(sees=False, names=owner),
    ("user-following", "get"): Row(sees=False, names=owner),
    ("story-follow", "put"): Row(is_signed=True),
    ("story-follow", "delete"): Row(is_signed=True),
    ("story-followers", "get"): READER,
    ("followed-stories", "get"): SIGNED_IN,
    ("heartbeat", "post"): SIGNED_IN,
    ("story-history", "get"): Row(is_signed=True),
    ("exports", "get"): SIGNED_IN,
    ("notifications", "get"): SIGNED_IN,
    ("notifications-count", "get"): SIGNED_IN,
    ("notifications-read-all", "post"): SIGNED_IN,
    ("user-stories", "get"): Row(sees=False, names=owner),
    ("user-profile", "get"): Row(sees=False, names=owner),
    ("reports", "post"): SIGNED_IN,
    ("report-decision", "post"): Row(
        is_signed=True,
        sees=False,
        least=MODERATOR,
        body={"outcome": "UNDER_REVIEW"},
        names=report,
        refusal=404,
        stand_in=LOOKS_AFTER_ALL,
    ),
    ("story-reports", "get"): team(MODERATOR, stand_in=LOOKS_AFTER_ALL),
    ("story-appeals", "get"): team(MODERATOR, stand_in=LOOKS_AFTER_ALL),
    ("story-acts", "get"): team(MODERATOR, stand_in=LOOKS_AFTER_ALL),
    ("story-bans", "get"): team(MODERATOR, stand_in=LOOKS_AFTER_ALL),
    ("story-ban", "post"): team(MODERATOR, body=WHY, names=somebody, stand_in=LOOKS_AFTER_ALL),
    ("story-ban", "delete"): team(MODERATOR, names=offender, stand_in=LOOKS_AFTER_ALL[:1]),
    ("chapter-flag", "delete"): team(MODERATOR, names=guests_leaf, stand_in=LOOKS_AFTER_ALL),
    ("moderation-reports", "get"): platform(*PLATFORM),
    ("moderation-appeals", "get"): platform(*PLATFORM),
    ("moderation-acts", "get"): platform(*PLATFORM),
    ("moderation-bans", "get"): platform(*PLATFORM),
    ("moderation-ban", "post"): platform(SUPER, MODERATES, body=WHY, names=somebody),
    ("moderation-ban", "delete"): platform(SUPER, APPEALS, names=offender),
    ("moderation-roles", "get"): platform(*PLATFORM),
    ("moderation-role", "put"): platform(SUPER, body={"role": "APPEAL_MODERATOR"}, names=helper),
    ("moderation-role", "delete"): platform(SUPER, names=helper),
    ("appeals", "get"): SIGNED_IN,
    ("appeals", "post"): SIGNED_IN,
    ("me", "get"): SIGNED_IN,
    ("me", "patch"): SIGNED_IN,
    ("sessions", "get"): SIGNED_IN,
}
# What hangs on something of the caller's own that nobody of these has: tested beside it.
OWN_THINGS = {
    ("appeal-decision", "post"),
    ("appeal-detail", "get"),
    ("report-detail", "get"),
    ("accept", "post"),
    ("autosave-detail", "get"),
    ("autosave-detail", "delete"),
    ("autosave-convert", "post"),
    ("chapter-bookmark", "delete"),
    ("decline", "post"),
    ("export-detail", "get"),
    ("export-file", "get"),
    ("notification-read", "post"),
    ("story-history", "delete"),
}
PLAIN = {"schema", "docs", "redoc", "emails-unsubscribe", "clerk-webhook"}  # or signed
VERBS = ("get", "post", "put", "patch", "delete")
OF_STORIES = sorted(key for key, row in MATRIX.items() if row.sees)
BY_STORIES = [("report-decision", "post"), *OF_STORIES]
STEPS = [("story-publish", "post"), ("story-archive", "post"), ("story-unarchive", "post")]
GROUPS = {  # a world is dear: what leaves the stories as they are shares one
    "reads": [key for key in sorted(MATRIX) if key[1] == "get"],
    "writes": [
        key
        for key in sorted(MATRIX)
        if key[1] != "get" and key not in [*STEPS, ("story-detail", "delete")]
    ],
    **{key[0]: [key] for key in STEPS},
    "end": [("story-detail", "delete")],
}


def routes() -> Iterator[tuple[str, str]]:
    """Every route of the API with its verbs."""
    for one in patterns():
        view = getattr(one.callback, "view_class", None)
        yield from ((str(one.name), verb) for verb in VERBS if hasattr(view, verb))


def test_every_route_and_verb_has_its_row() -> None:
    found = {(name, verb) for name, verb in routes() if name not in PLAIN}
    assert found == set(MATRIX) | OWN_THINGS


def ask(world: World, person: str, key: tuple[str, str], kind: str, slug: str) -> HttpResponse:
    return send(world, person, key, find_path(key[0], slug, MATRIX[key].names(world, kind)))


def send(world: World, person: str, key: tuple[str, str], path: str) -> HttpResponse:
    return world.people[person].send(key[1].upper(), path.removeprefix(API), MATRIX[key].body)


def find_path(route: str, slug: str, names: Names) -> str:
    try:
        return reverse(route, kwargs={"slug": slug, **names})
    except NoReverseMatch:
        return reverse(route, kwargs=names)


def verdict(answer: HttpResponse) -> int:
    assert answer.status_code < 500, answer.content
    if answer.status_code == 404 and answer.json()["code"] == "not-found":
        raise AssertionError(f"no such path: {answer.content!r}")
    assert answer.status_code == 401 or "RateLimit" in answer, "whoever is let in is counted"
    return answer.status_code if answer.status_code in (401, 403, 404) else 200


@pytest.mark.parametrize("keys", GROUPS.values(), ids=GROUPS)
def test_whoever_may_is_let_through_and_nobody_else(keys: list[tuple[str, str]]) -> None:
    world = World(KINDS[:1])
    [(kind, slug)] = world.stories.items()
    for key in keys:
        expected = {person: MATRIX[key].expects(person, kind) for person in PEOPLE}
        in_turn = sorted(PEOPLE, key=lambda person: expected[person] == 200)
        found = {person: verdict(ask(world, person, key, kind, slug)) for person in in_turn}
        assert found == expected, key


def test_a_path_that_is_none_is_told_from_a_thing_that_is_not_there() -> None:
    with pytest.raises(AssertionError, match="no such path"):
        verdict(Caller().get("/no-such-path"))


@pytest.mark.parametrize("kinds", [KINDS[1:2], KINDS[2:]], ids="/".join)
def test_a_closed_story_a_draft_and_an_archived_one_let_in_their_teams_alone(
    kinds: tuple[str, ...],
) -> None:
    """Of writes those whom a row tells apart: outsiders, who is just enough and who just not."""
    world = World(kinds)
    [end] = GROUPS["end"]
    for key, kind in product(sorted(BY_STORIES, key=lambda key: key == end), kinds):
        row = MATRIX[key]
        edge = ROLES[max(row.least - 1, 0) : max(row.least, 0) + 1]
        people = {"anonymous", "stranger", "banned", "PLATFORM_MODERATOR", *edge, *row.barred}
        everybody = PEOPLE if (key[1], kind) == ("get", "closed") else people
        expected = {person: row.expects(person, kind) for person in everybody}
        for person in sorted(expected, key=lambda person: expected[person] == 200):
            found = verdict(ask(world, person, key, kind, world.stories[kind]))
            assert found == expected[person], (key, kind, person)
            if key in STEPS:
                world.turn(kind)


def test_what_may_not_be_seen_answers_like_what_is_not_there_and_is_in_no_list() -> None:
    world = World(KINDS)
    hidden_from = [*product(["stranger"], KINDS[1:]), ("banned", "open"), ("ex-member", "closed")]
    for key in OF_STORIES:
        for person, kind in hidden_from:
            names = MATRIX[key].names(world, kind)
            hidden = find_path(key[0], world.stories[kind], names)
            others = {n: uuid4().hex if n in SLUGLESS else v for n, v in names.items()}
            absent = find_path(key[0], "no-such-story", others)
            assert hidden != absent, key
            answers = [told(send(world, person, key, path)) for path in (hidden, absent)]
            assert answers[0] == answers[1], (key, person)
    owner = world.people["owner"].user_id
    lists = ("/stories", "/stories/new", "/stories?sort=active", f"/users/{owner}/stories")
    for person, path in product(("anonymous", "stranger", "ex-member"), lists):
        listed = [item["slug"] for item in world.people[person].get(path).json()["items"]]
        assert listed == [world.stories["open"]], (person, path)


def told(answer: HttpResponse) -> tuple[int, dict[str, object], set[str]]:
    body = {k: v for k, v in answer.json().items() if k not in ("instance", "request_id")}
    headers = set(answer.headers) - {"Age", "ETag"}
    return answer.status_code, body, headers


def test_the_callers_own_things_are_nobody_elses() -> None:
    world = World()
    story = world.stories["open"]
    paths = [
        ("POST", f"/stories/{story}/invitation/accept"),
        ("POST", f"/stories/{story}/invitation/decline"),
        ("POST", f"/notifications/{ObjectId()}/read"),
        ("GET", "/appeals/nobody-s"),
        ("POST", "/appeals/nobody-s/decision", {"is_granted": True, "statement": "Why not, then."}),
        ("GET", "/reports/nobody-s"),
        ("GET", "/autosaves/nobody-s"),
        ("DELETE", "/autosaves/nobody-s"),
        ("POST", "/autosaves/nobody-s/convert"),
        ("DELETE", f"/stories/{story}/chapters/{world.roots['open']}/bookmark"),
        ("DELETE", f"/stories/{story}/reading-history"),
        ("GET", "/exports/nobody-s"),
        ("GET", "/exports/nobody-s/file"),
    ]
    for verb, path, *body in paths:
        for person in PEOPLE:
            answer = world.people[person].send(verb, path, *body)
            assert answer.status_code == (401 if person == "anonymous" else 404), (person, path)
