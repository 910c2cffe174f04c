"""Following people and stories: once, counted on both sides, and only what may be read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.utils import timezone

from apps.follows.documents import Follow
from apps.follows.services import follow_user, unfollow_user
from apps.users.tallies import recount
from storychain import counters
from storychain.queues.records import list_jobs
from tests.factories import Caller, join, published_story, sign_in


def follow(who: Caller, path: str, *, method: str = "PUT") -> int:
    return who.send(method, f"{path}/follow").status_code


def person(who: Caller) -> str:
    return f"/users/{who.user_id}"


def listed(path: str, *, reader: Caller | None = None) -> list[str]:
    answer = (reader or Caller()).get(path)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")
    found = [row.get("user") or row["story"] for row in answer.json()["items"]]
    return [one.get("user_id") or one["slug"] for one in found]


def counts(who: Caller) -> tuple[int, int]:
    counters.settle_once()
    stats = Caller().get(f"{person(who)}/profile").json()["stats"]
    return stats["followers"], stats["following"]


def told() -> list[dict[str, Any]]:
    jobs = list_jobs(queue="notification", state="waiting", limit=100)
    return [job.args for job in jobs if job.args.get("type") == "new_follower"]


def test_a_person_is_followed_once_and_told_once() -> None:
    fan, other, star = sign_in("fan"), sign_in("other"), sign_in("star")
    assert [follow(fan, person(star)) for _ in range(2)] == [204, 204]
    assert follow(other, person(star)) == 204
    assert (counts(star), counts(fan)) == ((2, 0), (0, 1))
    assert listed(f"{person(star)}/followers") == [other.user_id, fan.user_id]
    first = Caller().get(f"{person(star)}/followers?limit=1").json()
    cursor = first["next_cursor"]
    assert listed(f"{person(star)}/followers?limit=1&cursor={cursor}") == [fan.user_id]
    assert listed(f"{person(fan)}/following") == [star.user_id]
    assert [follow(fan, person(star), method="DELETE") for _ in range(2)] == [204, 204]
    assert listed(f"{person(star)}/followers") == [other.user_id]
    assert recount(user_id=str(star.user_id)) is False  # with a note that is not settled
    follow(fan, person(star))
    assert (counts(star), counts(fan)) == ((2, 0), (0, 1))
    assert {(row["userId"], row["metadata"]["actor_id"]) for row in told()} == {
        (star.user_id, fan.user_id),
        (star.user_id, other.user_id),
    }
    assert len(told()) == 2


def test_nobody_follows_himself_or_who_is_not_there() -> None:
    me = sign_in()
    answer = me.send("PUT", f"{person(me)}/follow")
    assert (answer.status_code, answer.json()["code"]) == (409, "follows-himself")
    for method in ("PUT", "DELETE"):
        assert follow(me, "/users/nobody", method=method) == 404
        assert follow(me, "/stories/none", method=method) == 404
    for path in ("followers", "following"):
        assert me.get(f"/users/nobody/{path}").status_code == 404
    assert Follow.objects(follower_id=me.user_id).count() == 0


def test_a_story_is_followed_by_who_may_read_it() -> None:
    author, reader = sign_in(), sign_in()
    story, _ = published_story(author)
    place, mine = f"/stories/{story}", "/users/me/followed-stories"
    member = join(author, story, "reviewer")
    assert [follow(who, place) for who in (reader, reader, member)] == [204] * 3
    assert reader.get(f"{place}/me").json()["is_following"] is True
    assert author.get(f"{place}/me").json()["is_following"] is False
    assert listed(f"{place}/followers") == [member.user_id, reader.user_id]
    counters.settle_once()
    assert Caller().get(place).json()["stats"]["followers"] == 2
    author.patch(f"{place}/settings", {"is_public": False})
    assert (listed(mine, reader=reader), listed(mine, reader=member)) == ([], [story])
    assert reader.get(f"{place}/followers").status_code == 404
    assert [follow(reader, place, method=m) for m in ("PUT", "DELETE", "DELETE")] == [404, 204, 404]
    assert [follow(member, place, method="DELETE") for _ in range(2)] == [204, 204]
    counters.settle_once()
    assert author.get(place).json()["stats"]["followers"] == 0


def test_who_presses_it_often_at_once_counts_once() -> None:
    fan, star = sign_in(), sign_in()
    who = {"follower_id": str(fan.user_id), "user_id": str(star.user_id)}

    def press(_: int) -> None:
        follow_user(**who, now=timezone.now())

    with ThreadPoolExecutor(4) as tabs:
        list(tabs.map(press, range(8)))
    assert (counts(star), counts(fan)) == ((1, 0), (0, 1))
    with ThreadPoolExecutor(4) as tabs:
        list(tabs.map(lambda _: unfollow_user(**who), range(8)))
    assert (counts(star), counts(fan)) == ((0, 0), (0, 0))
