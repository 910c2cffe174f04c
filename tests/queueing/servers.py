"""A queue Redis of a test's own, to be killed, filled and cut off."""

from __future__ import annotations

import random
import selectors
import socket
import subprocess
import threading
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

import redis

from storychain.embedded_kinds import KINDS

KIND = KINDS["REDIS_QUEUE_URL"]


def free_port() -> int:
    """Return a port that nobody has, of those that the system gives to nobody who connects."""
    for port in random.SystemRandom().sample(range(20_000, 32_000), 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("a hundred ports were taken")


class QueueRedis:
    """A durable queue Redis on a port that stays the same over its deaths."""

    def __init__(self, folder: Path, *, variable: str = "REDIS_QUEUE_URL") -> None:
        self._folder, self.port, self._kind = folder, free_port(), KINDS[variable]
        self.url = self._kind.url.format(port=self.port)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._folder.mkdir(exist_ok=True)
        command = self._kind.command(folder=self._folder, port=self.port, durable=True)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with suppress(redis.ConnectionError), self.client() as client:
                client.ping()
                return
            time.sleep(0.02)
        raise AssertionError((self._folder / "log").read_text())

    def client(self) -> redis.Redis[bytes]:
        return redis.Redis.from_url(self.url)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()


class Wire:
    """A TCP proxy that can be cut without a word, slowed down, and led to another server.

    Cut, nothing arrives any more and nothing is closed; `delay` is how long each way takes.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.is_cut = False
        self.delay = 0.0
        self._late: deque[tuple[float, socket.socket, bytes]] = deque()
        self._is_closed = False
        self._hangs_up = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return KIND.url.format(port=self.port)

    def lead_to(self, port: int) -> None:
        """Hang up everywhere; whoever connects again reaches the server on this port."""
        self._target, self._hangs_up = port, True

    def close(self) -> None:
        self._is_closed = True
        self._thread.join()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            while not self._is_closed:
                if self._hangs_up:
                    self._hang_up(selector)
                for key, _ in selector.select(0.002 if self._late else 0.02):
                    if not self.is_cut:
                        self._serve(selector, key)
                self._deliver_late()
                if self.is_cut:
                    time.sleep(0.02)
            self._hang_up(selector)
            self._listener.close()

    def _hang_up(self, selector: selectors.BaseSelector) -> None:
        self._hangs_up = False
        for key in list(selector.get_map().values()):
            if key.fileobj is not self._listener:
                selector.unregister(key.fileobj)
                key.fileobj.close()

    def _deliver_late(self) -> None:
        while self._late and self._late[0][0] <= time.monotonic():
            _, end, data = self._late.popleft()
            with suppress(OSError):
                end.sendall(data)

    def _serve(self, selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
        if key.fileobj is self._listener:
            near, _ = self._listener.accept()
            try:
                far = socket.create_connection(("127.0.0.1", self._target))
            except ConnectionRefusedError:
                near.close()
                return
            selector.register(near, selectors.EVENT_READ, far)
            selector.register(far, selectors.EVENT_READ, near)
            return
        data = b""
        with suppress(OSError):
            data = key.fileobj.recv(65536)
        if data:
            self._late.append((time.monotonic() + self.delay, key.data, data))
            return
        for end in (key.fileobj, key.data):
            with suppress(KeyError, ValueError):  # closed with its peer in the same round
                selector.unregister(end)
            end.close()
