"""What each endpoint of the writers' half asks of MongoDB: commands, and documents that come back.

Two databases, one with FEW of everything that a page can list, one with MANY: stories, chapters,
versions, pull requests and what hangs on them, comments, votes, followers, moments, drafts,
bookmarks, notifications. FEW is more than any page shows, but for a reader's own votes, of which
both have as many. Neither number may grow with them, but where a page shows all there is (WHOLE).
How long it takes is not asked here.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any

from pymongo.monitoring import CommandListener

from tests.benchmarks.measuring import Case
from tests.emptying import empty_the_cache

FEW, MANY = 110, int(1_000 * float(os.environ.get("SCALE", "1")))  # of each
TREE, AUTHOR, READER = "the-tree", "author_of_all", "reader_of_all"
TEAM, VOTES = 10, 40
NOW = datetime(2026, 2, 9, 15, 30, tzinfo=UTC)
TEXT = "The lamp on the stairs went out again, and this time nobody had touched it."
COUNTED = {
    *("find", "aggregate", "insert", "update", "delete"),
    *("findAndModify", "count", "distinct", "getMore"),
}
S, C = f"/stories/{TREE}", f"/stories/{TREE}/chapters"
OF_AUTHOR = {
    "stories": "/stories",
    "story": S,
    "overview": f"{S}/overview",
    "settings": f"{S}/settings",
    "tree": f"{S}/tree",
    "chapters": f"{C}?limit=20",
    "chapter": f"{C}/c0",
    "collaborators": f"{S}/collaborators",
    "timeline": f"{S}/timeline",
    "pulls": f"{S}/pulls",
    "pull": "/pulls/p0",
    "pull_reviews": "/pulls/p0/reviews",
    "pull_comments": "/pulls/p0/comments",
    "pull_timeline": "/pulls/p0/timeline",
    "versions": f"{C}/c0/versions",
    "version": f"{C}/c0/versions/1",
    "diff": f"{C}/c0/diff",
    "user_stories": f"/users/{AUTHOR}/stories",
    "profile": f"/users/{AUTHOR}/profile",
    "my": "/stories/my",
    "draft": "/stories/draft",
    "feed": f"{S}/feed.atom",
    "comments": f"{C}/c0/comments",
    "replies": f"{C}/c0/comments?parent=m0",
}
OF_READER = {
    "my_pulls": "/pulls/mine",
    "autosaves": "/autosaves",
    "story_me": f"{S}/me",
    "me": "/users/me",
    "my_role": f"{S}/my-role",
    "notifications": "/notifications",
    "unread": "/notifications?unread=true",
    "notifications_count": "/notifications/count",
    "bookmarks": "/bookmarks",
    "history": "/reading-history",
    "story_history": f"{S}/reading-history",
}
WHOLE = {"tree"}  # shows every chapter


class Ear(CommandListener):
    """Counts the commands on features' collections, and the documents that they bring."""

    commands = documents = 0

    def started(self, event: Any) -> None:
        """Count a command, unless it only ends a transaction or a cursor."""
        self.commands += event.command_name in COUNTED

    def succeeded(self, event: Any) -> None:
        """Count what it brings."""
        reply = event.reply
        cursor = reply.get("cursor", {})
        self.documents += len(cursor.get("firstBatch", cursor.get("nextBatch", ())))
        self.documents += event.command_name == "findAndModify" and bool(reply.get("value"))

    def failed(self, event: Any) -> None:
        """Nothing."""


EAR = Ear()


@dataclass
class Used:
    """What a request has taken."""

    commands: int
    documents: int


def command_cases(use: Callable[[str], None]) -> Iterator[Case]:
    """Yield two cases an endpoint; `use` chooses the database of a name, which is filled once."""

    @cache
    def fill(count: int) -> None:
        _fill(count)

    def take(count: int, name: str, ask: Callable[[], Any], unit: str) -> float:
        use(name)
        fill(count)
        return float(getattr(_measure(ask), unit))

    for label, ask in _requests().items():
        for unit in ("commands", "documents"):
            yield Case(
                name=f"domain.{unit}.{label}",
                unit=f"MongoDB {unit}, cold",
                better="lower",
                ours=partial(take, MANY, "many_of_all", ask, unit),
                peer=partial(take, FEW, "few_of_all", ask, unit),
                peer_name=f"{FEW} of each",
                repeats=1,
                may_lose=label in WHOLE,
            )


def _requests() -> dict[str, Callable[[], Any]]:
    reads = [(AUTHOR, OF_AUTHOR), (READER, OF_READER)]
    return {
        **{label: partial(_get, who, path) for who, of in reads for label, path in of.items()},
        "write.child": lambda: _send(AUTHOR, "POST", f"{C}/c{_next('parent')}/children", CHAPTER),
        "write.edit": lambda: _send(AUTHOR, "PATCH", f"{C}/c1", _said("content")),
        "write.link": lambda: _send(AUTHOR, "PUT", f"{C}/c1/links/c0", _said("text")),
        "write.vote": lambda: _send(READER, "PUT", f"{C}/c{_next('voted')}/vote", {"value": 1}),
        "write.comment": lambda: _send(READER, "POST", f"{C}/c0/comments", _said("content")),
        "write.pull": lambda: _send(READER, "POST", f"{S}/pulls", PULL),
        "write.review": lambda: _send(AUTHOR, "POST", f"/pulls/p{_next('r')}/reviews", APPROVE),
        "write.merge": lambda: _send(AUTHOR, "POST", f"/pulls/q{_next('merged')}/merge", FORCE),
        "write.title": lambda: _send(AUTHOR, "PATCH", S, _said("title")),
    }


CHAPTER = {"title": "On", "content": TEXT}
PULL = {**CHAPTER, "kind": "continuation", "parent_slug": "c0"}
APPROVE, FORCE = {"verdict": "approve"}, {"force": True}
_numbers: dict[str, int] = {}
FIRST = {"parent": 10, "voted": VOTES, "r": 1}  # the first with three below it; without a vote


def _next(what: str) -> int:
    """Return the next number of a thing that each request needs another one of."""
    _numbers[what] = _numbers.get(what, FIRST.get(what, 0) - 1) + 1
    return _numbers[what]


def _said(field: str) -> dict[str, str]:
    """Return a body of a text that is none of those before."""
    return {field: f"{TEXT} {_next('said')}"}


def _caller(user_id: str) -> Any:
    from tests.factories import Caller

    return Caller(user_id)


def _get(who: str, path: str) -> Any:
    return _caller(who).get(path)


def _send(who: str, verb: str, path: str, body: Any) -> Any:
    return _caller(who).send(verb, path, body)


def _measure(ask: Callable[[], Any]) -> Used:
    """Ask twice: whoever comes first, or for the first time in a minute, is asked for himself."""
    for _ in range(2):
        empty_the_cache()
        EAR.commands = EAR.documents = 0
        answer = ask()
        if answer.status_code not in (200, 201):
            raise RuntimeError(answer.content)
    return Used(EAR.commands, EAR.documents)


def _fill(count: int) -> None:
    """Store so many of everything, past the services."""
    from storychain.documents import ensure_indexes

    for model, rows in _everything(count):
        found = model._get_collection()
        for start in range(0, len(rows), 5_000):
            found.insert_many(rows[start : start + 5_000], ordered=False)
    ensure_indexes()  # in one go


def _rows(document: Any, changes: list[dict[str, Any]]) -> tuple[Any, list[dict[str, Any]]]:
    """Return a document as it is stored, so many times, each with changes of its own."""
    document.clean()
    plain = document.to_mongo().to_dict()
    return type(document), [{**plain, **changed} for changed in changes]


def _at(number: int) -> datetime:
    return NOW - timedelta(seconds=number)


def _everything(count: int) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    yield from _people(count)
    yield from _stories(count)
    yield from _chapters(count)
    yield from _pulls(count)
    yield from _of_readers(count)


def _people(count: int) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    from apps.follows.documents import Follow
    from apps.users.documents import User

    names = [AUTHOR, READER, *(f"u{n}" for n in range(count))]
    user = User(clerk_id="x", username="xyz", created_at=NOW, last_active_at=NOW)
    yield _rows(user, [{"_id": name, "username": f"user-{name}"} for name in names])
    follows = [("user", AUTHOR), ("story", TREE)]
    follow = Follow(follow_id="x", follower_id="x", kind="user", following_id="x", followed_at=NOW)
    yield _rows(
        follow,
        [
            {"_id": f"u{n}/{kind}/{key}", "follower_id": f"u{n}", "kind": kind, "following_id": key}
            for n in range(count)
            for kind, key in follows
        ],
    )


def _stories(count: int) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    from apps.access.documents import Collaborator
    from apps.stories.documents import Moment, Story

    times = dict.fromkeys(("created_at", "updated_at", "last_activity_at", "published_at"), NOW)
    story = Story(slug=TREE, title="Tree", creator_id=AUTHOR, status="published", **times)
    story.team, story.seats = [AUTHOR, *(f"u{n}" for n in range(TEAM))], TEAM + 1
    story.description, story.next_number = "A house, and who lives in it.", count + 1
    story.settings.max_depth = 1_000
    others = [(f"s{n}", _at(n)) for n in range(count)]
    dated = [{"_id": slug, "team": [AUTHOR], **dict.fromkeys(times, at)} for slug, at in others]
    yield _rows(story, [{}, *dated])
    drafts = [{**row, "_id": f"d{n}", "status": "draft"} for n, row in enumerate(dated)]
    yield _rows(story, [{**row, "is_listed": False, "published_at": None} for row in drafts])
    part = Collaborator(story_slug=TREE, user_id=AUTHOR, role="owner", status="accepted")
    part.accepted_at = NOW
    own = [{"story_slug": row["_id"]} for row in (*dated, *drafts)]
    members = [{"user_id": f"u{n}", "role": "reviewer"} for n in range(TEAM)]
    gone = [
        {"user_id": f"u{n}", "role": "reviewer", "status": "removed"} for n in range(TEAM, count)
    ]
    yield _rows(part, [{}, *own, *members, *gone])
    moment = Moment(kind="chapter_edited", story_slug=TREE, at=NOW)
    yield _rows(moment, [{"_id": f"t{n}", "at": _at(n), "actor_id": f"u{n}"} for n in range(count)])


def _chapters(count: int) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    from apps.chapters.documents import Chapter, ChapterVersion

    chapter = Chapter(slug="x", story_slug=TREE, depth=0, branch_index=0, number=1, title="A stair")
    chapter.author_id, chapter.content, chapter.word_count = AUTHOR, TEXT, 15
    chapter.created_at = chapter.updated_at = NOW
    placed = [_place(number, count) for number in range(count)]
    placed[0]["version"] = count + 1
    yield _rows(chapter, placed)
    version = ChapterVersion.of(chapter)
    version.chapter_slug = "c0"
    rows = [{"version": n + 1, "edited_by": f"u{n}", "edited_at": _at(n)} for n in range(count)]
    yield _rows(version, rows)


def _place(number: int, count: int) -> dict[str, Any]:
    """Return the place of a chapter in a tree in which each has three below it."""
    above, at = [], number
    while at:
        at = (at - 1) // 3
        above.insert(0, f"c{at}")
    below = [f"c{n}" for n in range(3 * number + 1, min(3 * number + 4, count))]
    return {
        "_id": f"c{number}",
        "parent_slug": above[-1] if above else None,
        "ancestor_slugs": above,
        "depth": len(above),
        "branch_index": (number - 1) % 3 if number else 0,
        "next_branch": len(below),
        "number": number + 1,
        "author_id": f"u{number}" if number > 1 else AUTHOR,
        "choices": [{"text": "On", "chapter_slug": slug} for slug in below],
    }


def _pulls(count: int) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    from apps.pulls.documents import PullRequest
    from apps.pulls.records import PullComment, PullEvent, PullVote, Review

    pull = PullRequest(pull_id="x", story_slug=TREE, kind="continuation", parent_slug="c0")
    pull.author_id, pull.title, pull.chapter_title, pull.content = READER, "Up", "Up", TEXT
    pull.ready_at = pull.created_at = pull.updated_at = NOW
    pull.comments = pull.events = count
    mine = [{"_id": f"p{n}", "created_at": _at(n)} for n in range(count)]
    theirs = [{**row, "_id": f"q{n}", "author_id": f"u{n}"} for n, row in enumerate(mine)]
    below = [{**row, "parent_slug": f"c{20 + n % 10}"} for n, row in enumerate(theirs)]
    yield _rows(pull, [*mine, *below])
    said = {"pull_id": "p0", "text_version": 1}
    review = Review(review_id="x", reviewer_id="x", verdict="approve", is_binding=False, **said)
    review.reviewed_at = NOW
    judged = [(f"u{n}", _at(n)) for n in range(count)]
    yield _rows(
        review, [{"_id": f"p0:{u}", "reviewer_id": u, "reviewed_at": at} for u, at in judged]
    )
    comment = PullComment(comment_id="x", pull_id="p0", number=1, user_id="x", content="So be it.")
    comment.created_at = NOW
    numbers = range(1, count + 1)
    yield _rows(comment, [{"_id": f"k{n}", "number": n, "user_id": f"u{n - 1}"} for n in numbers])
    event = PullEvent(pull_id="p0", number=1, kind="commented", at=NOW)
    yield _rows(event, [{"number": n, "actor_id": f"u{n - 1}"} for n in numbers])
    vote = PullVote(vote_id="x", user_id="x", value=1, **said)
    yield _rows(vote, [{"_id": f"p0:u{n}", "user_id": f"u{n}"} for n in range(count)])


def _of_readers(count: int) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    from apps.bookmarks.documents import Bookmark
    from apps.chapters.autosaves import ChapterAutosave
    from apps.comments.documents import Comment
    from apps.notifications.documents import Notification
    from apps.reading.documents import ChapterRead, ReadingHistory
    from apps.votes.documents import Vote

    numbers = range(count)
    comment = Comment(story_slug=TREE, chapter_slug="c0", content="So be it.", created_at=NOW)
    said = [{"_id": f"m{n}", "user_id": f"u{n}", "created_at": _at(n)} for n in numbers]
    answers = [{**row, "_id": f"a{n}", "parent_id": "m0", "depth": 1} for n, row in enumerate(said)]
    yield _rows(comment, [*said, *answers])
    vote = Vote(vote_id="x", user_id="x", kind="chapter", key="x", story_slug=TREE, value=1)
    vote.voted_at = NOW
    own = [_vote(READER, f"c{n}", n) for n in range(VOTES)]
    yield _rows(vote, [*own, *(_vote(f"u{n}", "c0", n) for n in numbers)])
    times = {"created_at": NOW, "updated_at": NOW}
    mark = Bookmark(user_id=READER, story_slug=TREE, chapter_slug="x", shelf="later", **times)
    marked = [{"_id": f"b{n}", "chapter_slug": f"c{n}", "created_at": _at(n)} for n in numbers]
    yield _rows(mark, marked)
    history = ReadingHistory(history_id="x", user_id=READER, story_slug=TREE)
    history.started_at = history.last_read_at = NOW
    history.current_chapter_slug = "c0"
    read = [{"_id": f"h{n}", "story_slug": f"s{n}", "last_read_at": _at(n)} for n in numbers]
    yield _rows(history, [{"_id": "h"}, *read])
    one = ChapterRead(read_id="x", history_id="h", chapter_slug="x", last_read_at=NOW)
    yield _rows(one, [{"_id": f"h:c{n}", "chapter_slug": f"c{n}"} for n in numbers])
    told = Notification(user_id=READER, type="x", title="T", message="M")
    told.dedupe_key, told.created_at = "x", NOW
    causes = [
        {"_id": f"n{n}", "dedupe_key": f"n{n}", "created_at": _at(n), "is_read": n % 2 == 0}
        | _about(n)
        for n in numbers
    ]
    yield _rows(told, causes)
    draft = ChapterAutosave(user_id=READER, story_slug=TREE, kind="new_chapter", content=TEXT)
    draft.last_saved_at = NOW
    kept = [{"_id": f"d{n}", "parent_slug": f"c{n}", "last_saved_at": _at(n)} for n in numbers]
    yield _rows(draft, kept)


def _about(number: int) -> dict[str, Any]:
    """Return what a notification is about: a chapter or a pull request, by turns."""
    related = {"actor_id": f"u{number}", "story_slug": TREE}
    if number % 2:
        return {"type": "pr_opened", "related": {**related, "pull_id": f"p{number}"}}
    return {"type": "story_continued", "related": {**related, "chapter_slug": f"c{number}"}}


def _vote(user_id: str, chapter: str, number: int) -> dict[str, Any]:
    name = f"chapter:{chapter}:{user_id}"
    return {"_id": name, "user_id": user_id, "key": chapter, "voted_at": _at(number)}
