"""A Redis Cluster of three servers on loopback, to be killed and started again one by one.

With replicas each of them has an heir.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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
                [*base, "--cluster-enabled", "yes", *bus, "--repl-diskless-sync-delay", "0"],
                stdout=log,
                stderr=log,
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

    def is_ready(self, known: int) -> bool:
        with suppress(redis.RedisError), self.client() as client:
            info = client.execute_command("CLUSTER INFO")
            return (info["cluster_state"], info["cluster_known_nodes"]) == ("ok", str(known))
        return False

    def is_primary(self) -> bool:
        with suppress(redis.RedisError), self.client() as client:
            return bool(client.execute_command("ROLE")[0] == b"master")
        return False

    def follow(self, primary: Node) -> None:
        """Become its replica, and have all that it has."""
        ident = primary.run("CLUSTER MYID")
        wait_until(lambda: self._knows(ident))
        self.run("CLUSTER REPLICATE", ident)
        wait_until(lambda: self.run("ROLE")[3:4] == [b"connected"])

    def _knows(self, ident: bytes) -> bool:
        return any(ident.decode() == n["node_id"] for n in self.run("CLUSTER NODES").values())

    def stop(self) -> None:
        """Hear of nothing, until it goes on."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()


class Cluster:
    """Three primaries that share the slots, and perhaps an heir of each."""

    def __init__(self, folder: Path, *, with_heirs: bool = False) -> None:
        count = SIZE if with_heirs else 0
        self.heirs = [Node(folder / f"heir-{number}") for number in range(count)]
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
        for heir in self.heirs:
            heir.start()
            self.nodes[0].run("CLUSTER MEET", "127.0.0.1", heir.port, heir.bus)
        self.wait()
        for primary, heir in zip(self.nodes, self.heirs, strict=False):
            heir.follow(primary)

    def wait(self) -> None:
        """Wait until all of them agree that all slots are served."""
        every = [*self.nodes, *self.heirs]
        wait_until(lambda: all(node.is_ready(len(every)) for node in every))

    def owner(self, key: str) -> Node:
        """Return the node that holds this key."""
        slot = int(self.nodes[0].run("CLUSTER KEYSLOT", key))
        return self.nodes[next(n for n in range(SIZE) if slot < SLOTS * (n + 1) // SIZE)]

    @contextmanager
    def moving(
        self, slot: int, old: Node, new: Node, *, before: Callable[[], object] = lambda: None
    ) -> Iterator[None]:
        """Move a slot: `before` runs while its keys are still there, the body when they have gone.

        Nobody is told where it is until the body is done.
        """
        ids = {node: node.run("CLUSTER MYID") for node in (old, new)}
        new.run("CLUSTER SETSLOT", slot, "IMPORTING", ids[old])
        old.run("CLUSTER SETSLOT", slot, "MIGRATING", ids[new])
        before()
        while keys := old.run("CLUSTER GETKEYSINSLOT", slot, 1):
            old.run("MIGRATE", "127.0.0.1", new.port, "", 0, 1000, "KEYS", *keys)
        yield
        self.give(slot, new)

    def give(self, slot: int, node: Node) -> None:
        """Let everybody know that this one has the slot."""
        ident = node.run("CLUSTER MYID")
        for one in (node, *self.nodes):
            one.run("CLUSTER SETSLOT", slot, "NODE", ident)

    def take_back(self, slot: int, node: Node) -> None:
        """Give a slot back to who had it, however far it had come, and empty all servers."""
        for one in self.nodes:
            one.run("FLUSHALL")
        self.give(slot, node)
        self.wait()

    def kill(self) -> None:
        for node in (*self.nodes, *self.heirs):
            node.kill()
