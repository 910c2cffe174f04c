"""The one connection to MongoDB of this process, made when it is first needed."""

import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import mongoengine
import pymongo
from django.conf import settings
from mongoengine.base import _document_registry
from mongoengine.connection import get_connection
from pymongo import MongoClient
from pymongo.monitoring import CommandListener

P = ParamSpec("P")
R = TypeVar("R")
LIST_SECONDS = 60

_connected = False
_listeners: list[CommandListener] = []
_is_announced: ContextVar[bool] = ContextVar("is_announced", default=False)
_lock = threading.Lock()


def time_for_a_list() -> AbstractContextManager[object]:
    """Give a worker's list of very many ids more time than any other command has."""
    return pymongo.timeout(LIST_SECONDS)


def connect() -> None:
    """Connect mongoengine, lazily, as MONGODB_URI says; a no-op when it is connected.

    Every command carries a time limit (MONGO_TIMEOUT_MS, by pymongo's client-side operation
    time-out, which also sets maxTimeMS). A forked child makes a connection of its own.
    """
    global _connected  # noqa: PLW0603 - the connection is the process's
    if _connected:
        return
    with _lock:  # two threads would make two clients, and a session belongs to one of them
        if not _connected:
            mongoengine.connect(
                host=settings.MONGODB_URI,
                timeoutMS=settings.MONGO_TIMEOUT_MS,
                serverSelectionTimeoutMS=settings.MONGO_TIMEOUT_MS,
                tz_aware=True,
                uuidRepresentation="standard",
                connect=False,
                event_listeners=_listeners,
            )
            _connected = True


def listen(listener: CommandListener) -> None:
    """Let a listener hear the commands of every connection that is made from now on."""
    _listeners.append(listener)


def announced(write: Callable[P, R]) -> Callable[P, R]:
    """Mark a function whose commands are announced as Changes: nobody need hear of them twice."""

    @wraps(write)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        token = _is_announced.set(True)
        try:
            return write(*args, **kwargs)
        finally:
            _is_announced.reset(token)

    return run


def is_announced() -> bool:
    """Tell whether the command that is being sent will be announced as a Change."""
    return _is_announced.get()


def disconnect() -> None:
    """Forget the connection; the next use makes a new one, to what MONGODB_URI then says."""
    global _connected  # noqa: PLW0603 - the connection is the process's
    mongoengine.disconnect_all()
    _connected = False


def client() -> MongoClient[dict[str, Any]]:
    """Return the process's client."""
    connect()
    found: MongoClient[dict[str, Any]] = get_connection()
    return found


def ensure_indexes() -> None:
    """Create every index that a document declares; those that stand are left alone."""
    connect()
    for model in list(_document_registry.values()):
        if issubclass(model, mongoengine.Document) and not model._meta.get("abstract"):
            model.ensure_indexes()


def _begin_anew() -> None:
    """Leave to the parent what is the parent's; pymongo has already let go of its sockets."""
    global _lock  # noqa: PLW0603 - a thread that does not exist here may have held it
    _lock = threading.Lock()
    disconnect()


os.register_at_fork(after_in_child=_begin_anew)
