"""A Redis Cluster of three servers on loopback, to be killed and started again one by one."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path

import redis

from storychain.embedded_kinds import KINDS
from tests.queueing.servers import free_port
from tests.waiting import wait_until

SLOTS = 16384
SIZE = 3


class Node:
    """One server of the cluster, on a port that stays the same over its deaths."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.port, self.bus = folder, free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir()

    def start(self) -> None:
        base = KINDS["REDIS_CACHE_URL"].command(folder=self._folder, port=self.port)
        bus = ["--cluster-port", str(self.bus), "--cluster-node-timeout", "1000"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*base, "--cluster-enabled", "yes", *bus], stdout=log, stderr=log
            )
        wait_until(self.answers, seconds=10)

    def answers(self) -> bool:
        with suppress(redis.RedisError), self.client() as client:
            return bool(client.ping())
        return False

    def client(self) -> redis.Redis[bytes]:
        return redis.Redis(port=self.port, protocol=2)

    def run(self, *command: object) -> bytes:
        with self.client() as client:
            return client.execute_command(*command)

    def is_ready(self) -> bool:
        with suppress(redis.RedisError), self.client() as client:
            info = client.execute_command("CLUSTER INFO")
            return (info["cluster_state"], info["cluster_known_nodes"]) == ("ok", str(SIZE))
        return False

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()


class Cluster:
    """Three primaries that share the slots."""

    def __init__(self, folder: Path) -> None:
        self.nodes = [Node(folder / f"node-{number}") for number in range(SIZE)]
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        self.url = f"redis+cluster://{hosts}"

    def start(self) -> None:
        for number, node in enumerate(self.nodes):
            node.start()
            first, last = SLOTS * number // SIZE, SLOTS * (number + 1) // SIZE - 1
            node.run("CLUSTER ADDSLOTSRANGE", first, last)
            node.run("CLUSTER SET-CONFIG-EPOCH", number + 1)
        for node in self.nodes[1:]:
            self.nodes[0].run("CLUSTER MEET", "127.0.0.1", node.port, node.bus)
        self.wait()

    def wait(self) -> None:
        """Wait until all of them agree that all slots are served."""
        wait_until(lambda: all(node.is_ready() for node in self.nodes))

    def owner(self, key: str) -> Node:
        """Return the node that holds this key."""
        slot = int(self.nodes[0].run("CLUSTER KEYSLOT", key))
        return self.nodes[next(n for n in range(SIZE) if slot < SLOTS * (n + 1) // SIZE)]

    def kill(self) -> None:
        for node in self.nodes:
            node.kill()
