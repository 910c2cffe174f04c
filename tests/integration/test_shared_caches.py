"""A shared cache in front: nginx, told to keep whatever it may, never shows anybody another's page.

Everything is asked for by the author first, then by a stranger and by nobody, through nginx. What
nginx answered by itself it marks with `X-Edge: HIT`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from django.urls import URLPattern, get_resolver

from config.urls import API_CACHE_MAP
from storychain import mongodb
from storychain.api.authentication import mint_token
from storychain.documents import ensure_indexes
from tests.factories import API, chapter_body, unique
from tests.queueing.servers import free_port
from tests.waiting import wait_until

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
pytestmark = [
    pytest.mark.skipif(NGINX is None, reason="needs nginx (Debian: nginx-light)"),
    pytest.mark.timeout(300),
]

ROOT = Path(__file__).parents[2]
# `proxy_cache_valid any` keeps what says nothing of itself; the key is the address alone.
CONFIGURATION = """
{user}
daemon off;
pid {folder}/pid;
error_log {folder}/error.log warn;
worker_processes 1;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    proxy_cache_path {folder}/cache keys_zone=edge:1m;
    gzip on;
    gzip_types application/json;
    gzip_min_length 1;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{web};
            proxy_set_header Host localhost;
            proxy_set_header If-None-Match $http_if_none_match;  # a caching nginx takes it away
            proxy_read_timeout 120s;
            proxy_cache edge;
            proxy_cache_key $uri$is_args$args;
            proxy_cache_valid any 10m;
            proxy_cache_revalidate on;
            add_header X-Edge $upstream_cache_status always;
        }}
    }}
}}
"""


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@pytest.fixture
def web() -> Iterator[int]:
    """The web process of the Procfile, on the test's own database."""
    from django.conf import settings

    port = free_port()
    lines = (ROOT / "Procfile").read_text().splitlines()
    (command,) = [line.removeprefix("web:") for line in lines if line.startswith("web:")]
    environ = {
        **os.environ,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "MONGODB_URI": settings.MONGODB_URI,
        "KEY_PREFIX": settings.KEY_PREFIX,
    }
    server = subprocess.Popen(f"exec {command}", shell=True, cwd=ROOT, env=environ)  # noqa: S602 - as a Procfile is run
    try:
        wait_until(lambda: listens(port), seconds=60)
        yield port
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture
def edge(web: int, tmp_path: Path) -> Iterator[Edge]:
    """Put nginx in front of it."""
    port = free_port()
    configuration = tmp_path / "nginx.conf"
    user = "" if os.getuid() else "user root;"  # else it may not use the test's folder
    configuration.write_text(CONFIGURATION.format(user=user, folder=tmp_path, port=port, web=web))
    command = [str(NGINX), "-c", str(configuration), "-p", str(tmp_path)]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: listens(port))
        with ExitStack() as clients:
            yield Edge(port, tmp_path / "cache", clients)
    finally:
        server.terminate()
        server.wait(30)


@dataclass
class Edge:
    """The shared cache, and where it keeps what it keeps."""

    port: int
    kept_in: Path
    clients: ExitStack

    def client(self, user_id: str | None = None) -> httpx.Client:
        """Return somebody's browser; without a name, nobody's."""
        token = {"Authorization": f"Bearer {mint_token(user_id=user_id)}"} if user_id else {}
        url = f"http://127.0.0.1:{self.port}{API}"
        return self.clients.enter_context(httpx.Client(base_url=url, headers=token, timeout=120))

    def kept(self) -> list[bytes]:
        """Return what it keeps, with the head of each."""
        return [path.read_bytes() for path in self.kept_in.rglob("*") if path.is_file()]


class House:
    """An author's open story and his draft, made through the edge."""

    def __init__(self, edge: Edge) -> None:
        self.author = edge.client(unique("author"))
        self.stranger, self.nobody = edge.client(unique("stranger")), edge.client()
        self.user_id = str(self._ok(self.author.get("/users/me"))["user_id"])
        self._ok(self.stranger.get("/users/me"))
        (self.open, self.chapter), (self.draft, self.gate) = self._write(), self._write()
        self._ok(self.author.post(f"/stories/{self.open}/publish", json={}))

    def _write(self) -> tuple[str, str]:
        body = {"title": "The lamp", "description": "A house, and who lives in it."}
        slug = str(self._ok(self.author.post("/stories", json=body))["slug"])
        root = self._ok(self.author.post(f"/stories/{slug}/chapters", json=chapter_body()))
        return slug, str(root["slug"])

    @staticmethod
    def _ok(answer: httpx.Response) -> dict[str, object]:
        assert answer.is_success, answer.text
        found: dict[str, object] = answer.json()
        return found

    def paths(self) -> list[str]:
        """Every address that can be read, about both stories, and some that nothing is at."""
        known = {"user_id": self.user_id, "slug": self.open, "chapter_slug": self.chapter}
        draft = {**known, "slug": self.draft, "chapter_slug": self.gate}
        found = []
        for pattern in patterns():
            for house in (known, draft):
                names = {**dict.fromkeys(pattern.pattern.converters, "1"), **house}
                path = "/" + str(pattern.pattern)
                for name in pattern.pattern.converters:
                    kind = next(
                        k for k in ("str", "int", "uuid", "slug") if f"<{k}:{name}>" in path
                    )
                    path = path.replace(f"<{kind}:{name}>", names[name])
                found.append(path)
        return [*dict.fromkeys(found), "/nothing", "/stories/none", "/users/none/profile"]


def patterns() -> Iterator[URLPattern]:
    """Every route of a feature."""
    for found in get_resolver().url_patterns:
        if not isinstance(found, URLPattern) and str(found.pattern) == "api/v1/":
            yield from found.url_patterns


@pytest.fixture
def house(edge: Edge) -> House:
    ensure_indexes()
    return House(edge)


def test_nothing_that_is_somebodys_is_ever_kept_or_answered_by_a_shared_cache(
    edge: Edge, house: House
) -> None:
    shown: dict[str, list[tuple[int, str]]] = {}
    for _ in range(2):
        for who in (house.author, house.stranger, house.nobody):
            for path in house.paths():
                answer = who.get(path)
                assert answer.headers.get("X-Edge") != "HIT", path
                assert answer.status_code < 500, (path, answer.text)
                assert "cache-control" in answer.headers, path
                shown.setdefault(path, []).append(
                    (answer.status_code, who.headers.get("Authorization", ""))
                )
    assert any(status == 200 for answers in shown.values() for status, _ in answers)
    assert edge.kept() == []
    for path in house.paths():
        if house.draft in path:
            statuses = [
                status
                for status, token in shown[path]
                if token != house.author.headers["Authorization"]
            ]
            assert 200 not in statuses, path


def test_what_says_that_it_may_be_kept_is(edge: Edge, web: int) -> None:
    """The test above could fail: this nginx does keep what lets it."""
    del web
    path = f"http://127.0.0.1:{edge.port}/static/admin/css/base.css"
    answers = [httpx.get(path, timeout=120) for _ in range(2)]
    assert [answer.headers["X-Edge"] for answer in answers] == ["MISS", "HIT"]
    assert len(edge.kept()) == 1


def test_who_revalidates_through_it_is_told_of_every_change(edge: Edge, house: House) -> None:
    names = {"slug": house.open, "chapter_slug": house.chapter, "user_id": house.user_id}
    public = {route for route, row in API_CACHE_MAP.items() if row.audience != "private"}
    told = 0
    for pattern in [found for found in patterns() if found.name in public]:
        path = "/" + str(pattern.pattern)
        for name, value in names.items():
            path = path.replace(f"<str:{name}>", value)
        first, me = house.nobody.get(path), house.author.get("/users/me").json()
        if first.status_code != 200 or me["username"] not in first.text:
            continue  # nothing of this kind is there, or nothing of his
        assert first.headers["Cache-Control"] == "public, no-cache"
        known = {"If-None-Match": first.headers["ETag"]}  # weak, as nginx has packed the body
        again = house.nobody.get(path, headers=known)
        assert (again.status_code, again.content) == (304, b""), path
        renamed = {"username": unique("renamed").replace("_", "-")}
        assert house.author.patch("/users/me", json=renamed).status_code == 200
        changed = house.nobody.get(path, headers=known)
        assert (changed.status_code, changed.headers["X-Cache"]) == (200, "MISS"), path
        assert changed.headers["ETag"] != first.headers["ETag"]
        told += 1
    assert told > len(public) / 2


def test_a_page_that_ceases_to_be_public_is_gone_for_who_has_it(edge: Edge, house: House) -> None:
    path = f"/stories/{house.open}"
    known = {"If-None-Match": house.nobody.get(path).headers["ETag"]}
    assert house.author.post(f"{path}/archive", json={}).status_code == 200
    for who in (house.nobody, house.stranger):
        answer = who.get(path, headers=known)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")
    mine = house.author.get(path, headers=known)
    assert mine.headers["Cache-Control"] == "private, no-store"
    assert edge.kept() == []
    mongodb.disconnect()
