"""Facts announced after a rule was applied, and who does what about them.

A service publishes an event inside its unit of work; the subscribers are asked at once which jobs
follow, and these are stored in the outbox with the write itself. So an event is never lost, and
never announced for a write that did not happen.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

import msgspec

from storychain import outbox
from storychain.documents import current_unit


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact of a feature; subclasses name what is known about it, in plain values."""


class Row(Protocol):
    """What a subscriber answers with: something for the outbox, as a job call is."""

    kind: str
    row_id: str
    payload: dict[str, Any]


E = TypeVar("E", bound=Event)
Subscriber = Callable[[E], Iterable[Row]]

_subscribers: dict[type[Event], list[Subscriber[Any]]] = defaultdict(list)


def subscribes(kind: type[E]) -> Callable[[Subscriber[E]], Subscriber[E]]:
    """Register a function that answers an event with the jobs that follow; it only decides.

    What must be written with the event itself, as an act of moderation, it writes at once: it is
    in the event's unit of work.
    """

    def register(subscriber: Subscriber[E]) -> Subscriber[E]:
        if subscriber not in _subscribers[kind]:
            _subscribers[kind].append(subscriber)
        return subscriber

    return register


def publish(event: Event) -> None:
    """Announce a fact; raise RuntimeError outside a unit of work, where it could be lost."""
    if current_unit() is None:
        raise RuntimeError(f"{type(event).__name__} belongs to a unit of work")
    for subscriber in _subscribers[type(event)]:
        for row in subscriber(event):
            outbox.add(kind=row.kind, payload=row.payload, row_id=row.row_id)
