"""Ours and the peers behind one face: read a page through the cache, and say that it has changed.

Each is used as its documentation shows. Peers with tags or a model to watch invalidate by it, the
others delete the key.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

ROOT = Path(__file__).parents[2]
PACKAGES = ROOT / ".bench" / "peers"
SECONDS = 600

Load = Callable[[], str]


def install() -> bool:
    """Install the peers beside the project, once; tell whether they are there."""
    if not PACKAGES.exists():
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--require-hashes",
        ]
        wanted = ["--target", str(PACKAGES), "-r", str(Path(__file__).with_name("peers.txt"))]
        if subprocess.run([*command, *wanted], check=False).returncode:
            return False
    sys.path.append(str(PACKAGES))
    return True


class Ours:
    """A region, as the features use it."""

    def __init__(self, load: Load) -> None:
        from storychain.cache.region import Region
        from storychain.cache.tags import tag

        self.region: Region[str] = Region("bench", ttl=SECONDS, type=str)
        self.tags, self.load = [tag("story", "bench")], load

    def hit(self) -> Any:
        """Return the stored bytes."""
        return self.region.get_or_load("bench", tags=self.tags, load=self.load).body

    def read(self) -> str:
        """Return the value."""
        return self.region.get_or_load("bench", tags=self.tags, load=self.load).value

    def write(self, change: Callable[[], None]) -> None:
        """Write as a unit of work does."""
        from storychain.cache import tags
        from storychain.cache.tags import new_token

        writer = new_token()
        tags.begin(self.tags, writer=writer)
        change()
        tags.end(self.tags, writer=writer)


class DjangoRedis:
    """Django's own `get_or_set` on django-redis."""

    def __init__(self, load: Load) -> None:
        from django.core.cache import cache  # noqa: TID251 - it is measured here

        self.cache, self.load = cache, load

    def read(self) -> str:
        return str(self.cache.get_or_set("bench", self.load, SECONDS))

    hit = read

    def write(self, change: Callable[[], None]) -> None:
        change()
        self.cache.delete("bench")


class DjangoPage:
    """Django's `cache_page` around a view; its page is deleted, as nothing else goes stale."""

    def __init__(self, load: Load) -> None:
        from django.core.cache import caches  # noqa: TID251 - as above
        from django.http import HttpRequest, HttpResponse
        from django.test import RequestFactory
        from django.views.decorators.cache import cache_page

        def view(request: HttpRequest) -> HttpResponse:
            return HttpResponse(load())

        self.view = cache_page(SECONDS, cache="pickled")(view)
        self.request = RequestFactory().get("/bench", SERVER_NAME="localhost")
        self.cache = caches["pickled"]

    def hit(self) -> Any:
        return self.view(self.request).content

    def read(self) -> str:
        return str(self.hit().decode())

    def write(self, change: Callable[[], None]) -> None:
        from django.utils.cache import get_cache_key

        change()
        if key := get_cache_key(self.request, cache=self.cache):
            self.cache.delete(key)


class Dogpile:
    """dogpile.cache on Redis."""

    def __init__(self, load: Load) -> None:
        from dogpile.cache import make_region

        arguments = {"url": settings.REDIS_CACHE_URL, "distributed_lock": True}
        self.region = make_region().configure(
            "dogpile.cache.redis", expiration_time=SECONDS, arguments=arguments
        )
        self.load = load

    def read(self) -> str:
        return str(self.region.get_or_create("bench", self.load))

    hit = read

    def write(self, change: Callable[[], None]) -> None:
        change()
        self.region.delete("bench")


class Cashews:
    """cashews with a tag, in an event loop of its own."""

    def __init__(self, load: Load) -> None:
        from cashews import Cache

        self.loop = asyncio.new_event_loop()
        self.cache = Cache()
        self.cache.setup(settings.REDIS_CACHE_URL)

        @self.cache(ttl=SECONDS, key="bench", tags=["story:bench"])
        async def page() -> str:
            return load()

        self.page = page

    def read(self) -> str:
        return str(self.loop.run_until_complete(self.page()))

    hit = read

    def write(self, change: Callable[[], None]) -> None:
        change()
        self.loop.run_until_complete(self.cache.delete_tags("story:bench"))


class Cacheops:
    """django-cacheops; in which mode says the environment."""

    def __init__(self, load: Load) -> None:
        from cacheops import cached_as
        from django.contrib.auth.models import Group

        self.group, _ = Group.objects.get_or_create(name="bench")
        self.page = cached_as(Group.objects.filter(pk=self.group.pk), timeout=SECONDS)(load)

    def read(self) -> str:
        return str(self.page())

    hit = read

    def write(self, change: Callable[[], None]) -> None:
        from cacheops import invalidate_obj

        change()
        invalidate_obj(self.group)


NAMES = ("ours", "django", "django_page", "dogpile", "cashews", "cacheops", "cacheops_insideout")
KINDS: dict[str, Any] = {
    "ours": Ours,
    "django": DjangoRedis,
    "django_page": DjangoPage,
    "dogpile": Dogpile,
    "cashews": Cashews,
    "cacheops": Cacheops,
    "cacheops_insideout": Cacheops,
}


def environ_of(name: str) -> dict[str, str]:
    """Return what a process that measures this peer needs in its environment."""
    # A database each: some of them take the same key for another type.
    server = settings.REDIS_CACHE_URL.rpartition("/")[0]
    url = f"{server}/{1 + NAMES.index(name)}"
    base = {**os.environ, "PYTHONPATH": f"{ROOT}:{PACKAGES}", "REDIS_CACHE_URL": url}
    mode = {"cacheops": "default", "cacheops_insideout": "insideout"}.get(name)
    return base | ({"WITH_CACHEOPS": mode} if mode else {})
