"""Comments: threads below a chapter, who may do what with them, who is told, what pages show."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.utils import timezone

from apps.chapters.documents import Chapter
from apps.comments import services
from apps.comments.documents import Comment
from apps.comments.services import delete_comment, write_comment
from apps.users.departures import clear_away
from apps.users.documents import User
from apps.votes.documents import Vote
from storychain.counters import settle_once
from storychain.errors import StorychainError
from storychain.outbox import OutboxRow
from tests.factories import Caller, invite, join, published_story, sign_in, write_child
from tests.queueing.here import run

pytestmark = pytest.mark.django_db(transaction=True)


class Room:
    """A chapter, whose story it is, and two who talk below it."""

    def __init__(self) -> None:
        self.owner, self.ann, self.bob = sign_in("owner"), sign_in("ann"), sign_in("bob")
        self.story, self.chapter = published_story(self.owner)
        self.page = f"/stories/{self.story}/chapters/{self.chapter}"

    def ask(self, who: Caller, parent: str = "", query: str = "") -> Any:
        """Return the list that somebody is shown."""
        named = f"parent={parent}&" if parent else ""
        answer = who.get(f"{self.page}/comments?{named}{query}")
        assert answer.status_code == 200, answer.content
        return answer

    def texts(self, parent: str = "") -> list[str | None]:
        """Return what is said, None for an empty node, the newest first."""
        items = self.ask(self.ann, parent).json()["items"]
        return [None if item["is_deleted"] else item["content"] for item in items]

    def say(self, who: Caller, content: str = "So be it.", **more: Any) -> str:
        """Let somebody say something; return the comment's id."""
        answer = who.post(f"{self.page}/comments", {"content": content, **more})
        assert answer.status_code == 201, answer.content
        return str(answer.json()["id"])

    def refusal(self, who: Caller, **body: Any) -> tuple[int, str]:
        answer = who.post(f"{self.page}/comments", {"content": "So be it.", **body})
        return answer.status_code, answer.json()["code"]

    def counted(self) -> int:
        settle_once()
        return int(self.ann.get(self.page).json()["comments"])


@pytest.fixture
def room() -> Room:
    return Room()


def told(comment_id: str) -> dict[str, str]:
    """Return who is told of a comment, and what it is to him."""
    rows = OutboxRow.objects(row_id__startswith=f"notice:comment:{comment_id}:")
    return {row.payload["args"]["userId"]: row.payload["args"]["type"] for row in rows}


def test_threads_go_five_levels_deep_newest_first_page_by_page(room: Room) -> None:
    first, second = room.say(room.ann, "First"), room.say(room.bob, "Second")
    parent, depths = first, []
    for level in range(1, 5):
        answer = room.bob.post(
            f"{room.page}/comments", {"content": f"Level {level}", "parent_id": parent}
        ).json()
        parent = answer["id"]
        depths.append(answer["depth"])
    assert depths == [1, 2, 3, 4]
    assert room.refusal(room.ann, parent_id=parent) == (409, "thread-too-deep")
    room.say(room.ann, "Another", parent_id=first)
    assert room.texts() == ["Second", "First"]
    assert room.texts(first) == ["Another", "Level 1"]
    assert [item["replies"] for item in room.ask(room.bob).json()["items"]] == [0, 2]
    page = room.ask(room.bob, query="limit=1").json()
    assert [item["id"] for item in page["items"]] == [second]
    following = room.ask(room.bob, query=f"limit=1&cursor={page['next_cursor']}").json()
    assert ([item["id"] for item in following["items"]], following["has_more"]) == ([first], False)
    other = Room()
    assert other.refusal(other.ann, parent_id=first) == (400, "invalid")
    answer = other.ann.get(f"{other.page}/comments?parent={first}")
    assert (answer.status_code, answer.json()["code"]) == (404, "comment-not-found")
    assert room.counted() == 7


def test_an_edit_shows_and_what_is_deleted_stays_as_a_node_while_it_is_answered(
    room: Room,
) -> None:
    root = room.say(room.ann, "Root")
    middle = room.say(room.bob, "Middle", parent_id=root)
    leaf = room.say(room.ann, "Leaf", parent_id=middle)
    path = f"/comments/{root}"
    assert room.bob.patch(path, {"content": "Mine"}).json()["code"] == "comment-forbidden"
    assert room.owner.patch(path, {"content": "Mine"}).status_code == 403
    edited = room.ann.patch(path, {"content": "In other words"}).json()
    assert (edited["is_edited"], edited["content"]) == (True, "In other words")
    assert room.texts() == ["In other words"]
    assert room.ann.delete(f"/comments/{middle}").status_code == 403  # it is Bob's
    assert [room.ann.delete(path).status_code for _ in range(2)] == [204, 404]
    assert room.bob.delete(f"/comments/{middle}").status_code == 204
    (node,) = room.ask(room.ann).json()["items"]
    assert (node["user"], node["content"], node["is_deleted"]) == (None, "", True)
    assert (room.texts(), room.texts(root), room.texts(middle)) == ([None], [None], ["Leaf"])
    assert room.refusal(room.bob, parent_id=root) == (400, "invalid")
    assert room.bob.send("PUT", f"{path}/vote", {"value": 1}).status_code == 404
    assert room.counted() == 1
    assert room.owner.delete(f"/comments/{leaf}").status_code == 204  # and the nodes above it
    assert (room.texts(), room.counted(), Comment.objects.count()) == ([], 0, 0)


def test_settings_locks_and_the_chapters_state_bind_who_talks(room: Room) -> None:
    moderator, member = join(room.owner, room.story, "moderator"), sign_in()
    assert invite(room.owner, room.story, member) == 201
    mine = room.say(room.ann, "Before")
    settings = f"/stories/{room.story}/settings"
    room.owner.patch(settings, {"allow_comments": False})
    assert room.refusal(room.ann) == (403, "story-forbidden")
    assert room.ann.patch(f"/comments/{mine}", {"content": "After"}).status_code == 403
    member.post(f"/stories/{room.story}/invitation/accept")
    room.say(member)
    room.owner.patch(settings, {"allow_comments": True})
    assert room.ann.send("PUT", f"{room.page}/comments/lock").status_code == 403
    assert moderator.send("PUT", f"{room.page}/comments/lock").status_code == 204
    assert room.ann.get(room.page).json()["comments_locked"] is True
    assert room.refusal(member) == (409, "comments-locked")
    room.say(moderator)
    assert moderator.delete(f"{room.page}/comments/lock").status_code == 204
    room.say(room.ann)
    assert moderator.delete(f"/comments/{mine}").status_code == 204
    write_child(room.owner, room.story, room.chapter)
    assert room.owner.delete(room.page).status_code == 204
    assert room.refusal(room.ann) == (409, "chapter-removed")
    assert len(room.texts()) == 3  # what was said stays readable
    room.owner.patch(settings, {"is_public": False})
    (last, *_) = Comment.objects(user_id=room.ann.user_id)
    assert room.ann.delete(f"/comments/{last.comment_id}").json()["code"] == "comment-not-found"


def test_who_is_answered_or_named_is_told_once(room: Room) -> None:
    owner, bob = (who.get("/users/me").json()["username"] for who in (room.owner, room.bob))
    root = room.say(room.ann, f"@{bob} and @{bob.upper()}, @nobody-here")
    assert told(root) == {room.bob.user_id: "comment_mention"}
    reply = room.say(room.bob, f"@{bob} says yes", parent_id=root)
    assert told(reply) == {room.ann.user_id: "comment_reply"}
    mine = room.say(room.ann, f"Again, @{bob}", parent_id=reply)
    assert told(mine) == {room.bob.user_id: "comment_reply"}
    edit = {"content": f"Again, @{bob} and @{owner}"}
    assert room.ann.patch(f"/comments/{mine}", edit).status_code == 200
    assert told(mine).pop(room.owner.user_id) == "comment_mention"


def test_a_key_writes_once_and_votes_are_counted(room: Room) -> None:
    key = {"Idempotency-Key": "one"}
    path, body = f"{room.page}/comments", {"content": "Once."}
    first, again = (room.ann.post(path, body, **key) for _ in range(2))
    assert first.json() == again.json()
    assert (again["Idempotent-Replayed"], room.counted()) == ("true", 1)
    vote = f"/comments/{first.json()['id']}/vote"
    assert room.ann.send("PUT", vote, {"value": 1}).json()["code"] == "own-work"
    assert room.ask(room.bob)["X-Cache"] == "MISS"
    for value, stands, shown in ((1, 1, (1, 0, 1)), (-1, -1, (0, 1, -1)), (-1, 0, (0, 0, 0))):
        assert room.bob.send("PUT", vote, {"value": value}).json() == {"value": stands}
        settle_once()
        (item,) = room.ask(room.ann).json()["items"]
        assert (item["upvotes"], item["downvotes"], item["score"]) == shown
    assert room.ask(room.bob)["X-Cache"] == "HIT"
    assert room.bob.get(f"/stories/{room.story}/me").json()["votes"] == []


def test_replies_and_a_deletion_at_once_leave_no_reply_without_its_place(room: Room) -> None:
    root = room.say(room.ann)

    def act(number: int) -> bool:
        try:
            if number == 3:
                ann, now = str(room.ann.user_id), timezone.now()
                delete_comment(comment_id=root, caller_id=ann, now=now)
            else:
                write_comment(
                    story_slug=room.story,
                    chapter_slug=room.chapter,
                    author_id=str(room.bob.user_id),
                    content="Yes.",
                    parent_id=root,
                    now=timezone.now(),
                )
        except StorychainError:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(act, range(8)))
    replies = Comment.objects(parent_id=root, chapter_slug=room.chapter).count()
    assert replies == sum(done) - done[3]
    assert [row.replies for row in Comment.objects(comment_id=root)] == ([replies] * bool(replies))
    assert Chapter.objects(slug=room.chapter).get().stats.comments == 0
    assert room.counted() == replies + (not done[3])


def test_what_is_gone_takes_its_comments_and_votes_with_it(room: Room) -> None:
    leaf = write_child(room.owner, room.story, room.chapter)
    kept = room.say(room.ann)
    room.page = f"/stories/{room.story}/chapters/{leaf}"
    below = room.say(room.ann)
    for path in (f"/comments/{kept}", f"/comments/{below}", room.page):
        assert room.bob.send("PUT", f"{path}/vote", {"value": 1}).status_code == 200
    assert room.owner.delete(room.page).status_code == 204
    assert (run(f"comments:{leaf}"), run(f"votes:chapter:{leaf}")) == (1, 1)
    assert run(f"votes:comment:{below}") == 1
    assert [vote.key for vote in Vote.objects] == [kept]
    assert room.ann.delete(f"/comments/{kept}").status_code == 204
    assert run(f"votes:comment:{kept}") == 1
    assert (Comment.objects.count(), Vote.objects.count()) == (0, 0)


def test_who_leaves_leaves_his_words_to_the_orphan(room: Room) -> None:
    room.say(room.ann)
    User.objects(clerk_id=room.ann.user_id).get().bury(now=timezone.now())
    clear_away(user_id=str(room.ann.user_id))
    (item,) = room.ask(room.bob).json()["items"]
    assert (item["user"]["username"], item["content"]) == ("deleted user", "So be it.")
    assert Comment.objects(user_id=room.ann.user_id).count() == 0


def test_what_was_said_while_its_chapter_went_goes_as_well(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaf = write_child(room.owner, room.story, room.chapter)
    page = f"/stories/{room.story}/chapters/{leaf}"
    usual = services._refuse_unless_open

    def let_it_go() -> None:
        assert room.owner.delete(page).status_code == 204
        assert run(f"comments:{leaf}") == 0

    def check(*args: Any) -> None:
        """Take the chapter away, in a transaction of its own, once it was found open."""
        usual(*args)
        monkeypatch.setattr(services, "_refuse_unless_open", usual)
        with ThreadPoolExecutor(1) as thread:
            thread.submit(let_it_go).result()

    monkeypatch.setattr(services, "_refuse_unless_open", check)
    assert room.ann.post(f"{page}/comments", {"content": "Late."}).status_code == 201
    settle_once()
    (late,) = (row.row_id for row in OutboxRow.objects(row_id__startswith=f"comments:{leaf}:"))
    assert run(late) == 1
    assert Comment.objects.count() == 0
