"""What is counted of a person: once for each cause, whoever else writes, and as counted anew."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from apps.imports.services import import_story
from apps.stories.documents import Story
from apps.users.documents import User
from apps.users.growth import level_of, points_of
from apps.users.services import count_work
from apps.users.tallies import recount
from storychain.documents import unit_of_work
from storychain.outbox import OutboxRow
from tests.factories import (
    Caller,
    join,
    publish,
    published_story,
    sign_in,
    start_story,
    write_child,
    write_root,
)
from tests.queueing.here import run

pytestmark = pytest.mark.django_db(transaction=True)


def profile(user: Caller) -> dict[str, Any]:
    answer = Caller().get(f"/users/{user.user_id}/profile")
    assert answer.status_code == 200
    return dict(answer.json())


def agrees(user: Caller) -> bool:
    """Tell whether what was counted in place is what is counted anew."""
    return recount(user_id=str(user.user_id)) is False


def told(user: Caller) -> set[str]:
    rows = OutboxRow.objects(row_id__startswith=f"notice:badge:{user.user_id}:")
    return {row.row_id.rpartition(":")[2] for row in rows}


def test_work_is_counted_and_shown_at_once_and_comes_to_points_level_and_badges() -> None:
    user = sign_in()
    story = start_story(user)
    root = write_root(user, story)
    assert (profile(user)["xp"], profile(user)["level"]) == (20, 1)
    publish(user, story)
    write_child(user, story, root)
    branch = write_child(user, story, root)
    page = profile(user)
    assert page["stats"] == {
        "stories_created": 1,
        "chapters_written": 3,
        "total_upvotes": 0,
        "total_downvotes": 0,
        "branches_created": 1,
        "followers": 0,
        "following": 0,
    }
    assert (page["xp"], page["level"]) == (50 + 3 * 20 + 5, 2)
    assert page["badges"] == ["first-chapter", "storyteller"]
    assert told(user) == {"first-chapter", "storyteller"}
    assert agrees(user)
    assert user.delete(f"/stories/{story}/chapters/{branch}").status_code == 204
    assert user.delete(f"/stories/{story}/chapters/{root}").status_code == 204  # a node: it stays
    page = profile(user)
    assert (page["stats"]["chapters_written"], page["stats"]["branches_created"]) == (1, 0)
    assert (page["xp"], page["badges"]) == (70, ["first-chapter", "storyteller"])
    assert agrees(user)


def test_a_story_counts_its_first_publication_only_and_no_more_when_it_is_gone() -> None:
    user = sign_in()
    story, _ = published_story(user)
    before = profile(user)["xp"]
    for step in ("archive", "unarchive"):
        assert user.post(f"/stories/{story}/{step}").status_code == 200
    assert profile(user)["xp"] == before == 70
    editor = join(user, story, "co_author")
    assert user.delete(f"/stories/{story}").status_code == 204
    assert (profile(user)["stats"]["stories_created"], profile(user)["xp"]) == (0, 20)
    assert agrees(user)
    assert agrees(editor)


def test_who_deletes_anothers_chapter_takes_it_from_the_other() -> None:
    owner, writer = sign_in(), sign_in()
    story, root = published_story(owner)
    chapter = write_child(writer, story, root)
    assert profile(writer)["stats"]["chapters_written"] == 1
    assert owner.delete(f"/stories/{story}/chapters/{chapter}").status_code == 204
    assert profile(writer)["stats"]["chapters_written"] == 0
    assert profile(owner)["stats"]["chapters_written"] == 1
    assert agrees(writer)


def test_what_is_refused_counts_nothing() -> None:
    user = sign_in()
    story = start_story(user)
    write_root(user, story)
    before = profile(user)
    assert user.post(f"/stories/{story}/chapters", {"title": "x"}).status_code == 400
    assert user.post(f"/stories/{story}/chapters/none/children", {}).status_code == 400
    assert profile(user) == before


def test_an_import_is_counted_and_gives_no_points() -> None:
    user = sign_in()
    text = b"# One\n\n" + b"Night. " * 20 + b"\n\n# Two\n\n" + b"Day. " * 20
    import_story(data=text, author_id=str(user.user_id), now=timezone.now())
    page = profile(user)
    assert page["stats"]["chapters_written"] > 1
    assert (page["xp"], page["badges"]) == (0, [])
    assert agrees(user)


def test_of_many_at_once_none_is_lost_and_a_badge_is_told_once() -> None:
    user = sign_in()

    def vote(number: int) -> None:
        count_work(user_id=str(user.user_id), upvotes=1, downvotes=number % 2)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(vote, range(12)))
    page = profile(user)
    assert (page["stats"]["total_upvotes"], page["stats"]["total_downvotes"]) == (12, 6)
    assert (page["xp"], page["badges"]) == (24, ["well-liked"])
    assert told(user) == {"well-liked"}
    count_work(user_id=str(user.user_id), upvotes=-5)
    count_work(user_id=str(user.user_id), upvotes=5)
    assert profile(user)["badges"] == ["well-liked"]
    job_id = f"notice:badge:{user.user_id}:well-liked"
    assert run(job_id, times=2)["delivered"]
    (notice,) = user.get("/notifications").json()["items"]
    assert (notice["type"], "Well liked" in notice["message"]) == ("badge_earned", True)


def test_a_count_belongs_to_the_write_that_it_is_for() -> None:
    user = sign_in()

    @unit_of_work
    def half() -> None:
        count_work(user_id=str(user.user_id), chapters=10)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert profile(user)["xp"] == 0
    assert told(user) == set()


def test_counting_anew_mends_what_is_wrong_and_only_that() -> None:
    user, other = sign_in(), sign_in()
    story, root = published_story(user)
    write_child(user, story, root)
    true = profile(user)
    User.objects(clerk_id=user.user_id).update_one(
        set__stats__chapters_written=99, set__xp=5, set__level=40, set__badges=["first-chapter"]
    )
    out = StringIO()
    call_command("recount_stats", stdout=out)
    assert out.getvalue() == f"mended {user.user_id}\n1 mended\n"
    assert profile(user) == true
    out = StringIO()
    call_command("recount_stats", str(user.user_id), str(other.user_id), "nobody", stdout=out)
    assert out.getvalue() == "0 mended\n"
    assert points_of({"stories_published": 1, "chapters_written": 2}) == true["xp"]
    assert level_of(true["xp"]) == true["level"]
    assert Story.objects(creator_id=user.user_id).count() == 1
