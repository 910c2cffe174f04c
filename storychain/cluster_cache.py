"""Django's cache on a Redis Cluster, as django-redis is on one server; ours and for others."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from storychain.cluster import Cluster, connect


class ClusterCache(BaseCache):
    """Django's cache on a cluster: JSON values; `client.get_client()` as django-redis has it."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        """Connect when first used."""
        super().__init__(params)
        self._server, self._options = server, params.get("OPTIONS", {})

    @property
    def client(self) -> ClusterCache:
        """What django_redis.get_redis_connection looks for."""
        return self

    def get_client(self, write: bool = True) -> Cluster:  # noqa: FBT001, FBT002 - django-redis'
        """Return the cluster's client."""
        return self._cluster

    @cached_property
    def _cluster(self) -> Cluster:
        return connect(
            self._server,
            connect_seconds=self._options["SOCKET_CONNECT_TIMEOUT"],
            seconds=self._options["SOCKET_TIMEOUT"],
        )

    def add(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        """Set a value unless there is one."""
        return bool(self._set(key, value, timeout, version, nx=True))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return a value, or the default."""
        stored = self._cluster.get(self.make_and_validate_key(key, version=version))
        return default if stored is None else json.loads(stored)

    def set(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        """Set a value for `timeout` seconds; None is for ever."""
        self._set(key, value, timeout, version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Give a value another time to live."""
        name, life = self.make_and_validate_key(key, version=version), self._life(timeout)
        if life is None:
            self._cluster.persist(name)
            return bool(self._cluster.exists(name))
        return bool(self._cluster.pexpire(name, life))

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Forget a value."""
        return bool(self._cluster.unlink(self.make_and_validate_key(key, version=version)))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Add to a number in one step; raise ValueError where there is none."""
        if not self.has_key(key, version):
            raise ValueError(f"Key {key!r} not found")
        return int(self._cluster.incrby(self.make_and_validate_key(key, version=version), delta))

    def has_key(self, key: Any, version: int | None = None) -> bool:
        """Tell whether there is a value."""
        return bool(self._cluster.exists(self.make_and_validate_key(key, version=version)))

    def clear(self) -> None:
        """Forget everything on all servers, as django-redis does on its one."""
        self._cluster.flushdb(target_nodes=Cluster.PRIMARIES)

    def _set(
        self, key: Any, value: Any, timeout: Any, version: int | None, *, nx: bool = False
    ) -> Any:
        name, life = self.make_and_validate_key(key, version=version), self._life(timeout)
        if life is not None and life <= 0:
            return self._cluster.unlink(name) if not nx else None
        return self._cluster.set(name, json.dumps(value), px=life, nx=nx)

    def _life(self, timeout: Any) -> int | None:
        """Return a time-out in ms."""
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return None if seconds is None else int(seconds * 1000)
