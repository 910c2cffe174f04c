"""What readers do to a running system over HTTP, until all that follows from it is done.

One hot chapter and one web process, as `make run` starts them. Readers have been there before, so
none is welcomed while he is measured; limits are lifted. What is waited for is found by its key:
to count is to read all there is, for the stand-in. All are counted once, at the end.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from pymongo import MongoClient

from tests.acceptance.running import Running, run_storychain, wait_until
from tests.benchmarks.measuring import Case

SCALE = float(os.environ.get("SCALE", "1"))
READERS, BEATS, EVENTS = max(16, int(400 * SCALE)), 3, max(1_000, int(20_000 * SCALE))
FOLLOWERS = int(os.environ.get("FOLLOWERS", max(100, 10_000 * SCALE)))
HANDS, BATCH, PATIENCE = 8, 100, 3_600
AUTHOR = "author"
MINT = (
    "from storychain.api.authentication import mint_token;"
    "print('\\n'.join(mint_token(user_id=name, minutes=600) for name in {names!r}))"
)
TEXT = "The lamp on the stairs went out again, and this time nobody had touched it. " * 3


class Town:
    """A running system with a published story, its readers and its followers."""

    def __init__(self, running: Running) -> None:
        """Write the story, and let everybody come by once."""
        self.url = f"{running.url}/api/v1"
        names = [AUTHOR, *(f"reader-{number}" for number in range(READERS))]
        tokens = running.manage("shell", "-v0", "-c", MINT.format(names=names)).split()
        self.author, *self.readers = (_headers(token) for token in tokens[-len(names) :])
        urls = json.loads((running.home / "servers.json").read_text())["urls"]
        self.mongo: Any = MongoClient(urls["MONGODB_URI"]).get_default_database()
        self._clients = [httpx.Client(base_url=self.url, timeout=60) for _ in range(HANDS)]
        self.story, self.chapter = self._write_story()
        self.each(lambda client, reader: client.get("/users/me", headers=reader))
        self._follow()

    def each(self, act: Callable[[httpx.Client, Any], httpx.Response]) -> None:
        """Have every reader do something, eight at a time; fail if one is refused."""

        def work(hand: int) -> None:
            for reader in self.readers[hand::HANDS]:
                act(self._clients[hand], reader).raise_for_status()

        with ThreadPoolExecutor(HANDS) as pool:
            list(pool.map(work, range(HANDS)))

    def post(self, path: str, body: object) -> Any:
        """Do something as the author; return what came of it."""
        answer = self._clients[0].post(path, json=body, headers=self.author)
        return answer.raise_for_status().json()

    def get(self, path: str) -> Any:
        """Read a page as anybody."""
        return self._clients[0].get(path).raise_for_status().json()

    def _write_story(self) -> tuple[str, str]:
        about = {"title": "The lamp", "description": "A house, and who lives in it."}
        story = self.post("/stories", about)["slug"]
        root = self.post(f"/stories/{story}/chapters", {"title": "One", "content": TEXT})["slug"]
        self.post(f"/stories/{story}/publish", {})
        return story, root

    def _follow(self) -> None:
        """Give the story its followers, past the services."""
        from apps.follows.documents import STORY, Follow, _key
        from apps.users.documents import User

        now, names = datetime.now(UTC), [f"follower-{number}" for number in range(FOLLOWERS)]
        people = [
            User(clerk_id=name, username=name, email=f"{name}@example.org", created_at=now)
            for name in names
        ]
        follows = [
            Follow(
                follow_id=_key(name, STORY, self.story),
                follower_id=name,
                kind=STORY,
                following_id=self.story,
                followed_at=now,
            )
            for name in names
        ]
        for rows in (people, follows):
            for first in range(0, len(rows), 1_000):
                some = [row.to_mongo() for row in rows[first : first + 1_000]]
                self.mongo[rows[0]._get_collection_name()].insert_many(some)


def live_cases(stack: ExitStack) -> Iterator[Case]:
    """Yield what is measured on one running system, which starts when it is first needed."""
    towns: list[Town] = []

    def town() -> Town:
        if not towns:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            towns.append(Town(stack.enter_context(run_storychain(home))))
        return towns[0]

    for name, unit, take in (
        ("votes", "votes/s", _vote),
        ("heartbeats", "heartbeats/s", _beat),
        ("events", "events/s", _track),
        ("fan_out", "notifications/s", _fan_out),
    ):
        ours = partial(_rate, town, take)
        yield Case(name=f"community.{name}_per_s", unit=unit, better="higher", ours=ours, repeats=3)


def _rate(town: Callable[[], Town], take: Callable[[Town], int]) -> float:
    there, started = town(), time.perf_counter()
    return take(there) / (time.perf_counter() - started)


def _vote(town: Town) -> int:
    """Everybody votes for the chapter, until it shows all votes; the next time all take it back."""
    path = f"/stories/{town.story}/chapters/{town.chapter}"
    wanted = READERS - town.get(path)["upvotes"]
    town.each(lambda client, who: client.put(f"{path}/vote", json={"value": 1}, headers=who))
    wait_until(lambda: town.get(path)["upvotes"] == wanted, seconds=PATIENCE)
    return READERS


def _beat(town: Town) -> int:
    """Everybody reads on in his tab."""
    place = {"story_slug": town.story, "chapter_slug": town.chapter, "session_id": "one-tab-only"}
    for _ in range(BEATS):
        town.each(lambda c, who: c.post("/reading-history/heartbeat", json=place, headers=who))
    return READERS * BEATS


def _track(town: Town) -> int:
    """Events come in batches, until all are in MongoDB."""
    events, mark = town.mongo["analytics_events"], uuid4().hex
    ids = [f"{mark}-{number}" for number in range(EVENTS)]

    def send(first: int) -> None:
        some = ids[first : first + BATCH]
        town.post("/events", {"events": [{"event": "page_view", "id": one} for one in some]})

    with ThreadPoolExecutor(HANDS) as pool:
        list(pool.map(send, range(0, EVENTS, BATCH)))
    _await_all(events, ({"_id": f"{AUTHOR}:{one}"} for one in ids[BATCH - 1 :: BATCH]))
    between = {"_id": {"$gte": f"{AUTHOR}:{mark}", "$lt": f"{AUTHOR}:{mark}~"}}
    wait_until(lambda: events.count_documents(between) == EVENTS, seconds=PATIENCE)
    return EVENTS


def _fan_out(town: Town) -> int:
    """A chapter is told to all followers, until each has his notification."""
    told = town.mongo["notifications"]
    wanted = told.estimated_document_count() + FOLLOWERS
    path = f"/stories/{town.story}/chapters/{town.chapter}/children"
    slug = town.post(path, {"title": "On", "content": TEXT})["slug"]
    some = [f"follower-{number}" for number in range(0, FOLLOWERS, BATCH)]
    place = {"$regex": f"{slug}$"}
    _await_all(told, ({"user_id": one, "action_url": place} for one in some))
    wait_until(lambda: told.estimated_document_count() >= wanted, seconds=PATIENCE)
    return FOLLOWERS


def _await_all(collection: Any, wanted: Iterable[Mapping[str, Any]]) -> None:
    """Wait for a document of each kind, one after the other."""
    for one in wanted:
        wait_until(lambda one=one: collection.find_one(one, {"_id": 1}), seconds=PATIENCE)


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
