"""What workers do for search: the payload in, one service call."""

from apps.search import services
from storychain.queues.jobs import Priority, current, job
from storychain.queues.topology import ANALYTICS

# Eight attempts outlast an outage of two minutes; what is dead then waits to be replayed.
ATTEMPTS = 8


@job(queue=ANALYTICS, name="search.index", attempts=ATTEMPTS, priority=Priority.HIGH)
def index_things(*, things: list[str]) -> int:
    """Bring things (`kind:key`) up to date in the index; returns how many were not.

    Safe to redeliver, and in any order: what is indexed is read then, not when it was asked for.
    """
    named = (services.Thing.read(name) for name in things)
    return services.index(named, is_again=current().attempt > 1)


@job(queue=ANALYTICS, name="search.index_story", attempts=ATTEMPTS, exclusive="{slug}")
def index_story(*, slug: str) -> int:
    """Bring a story and all its chapters up to date; returns how many things were not.

    Safe to redeliver, as above.
    """
    run = current()
    return services.index_story(slug=slug, is_again=run.attempt > 1, check=run.check)


@job(queue=ANALYTICS, name="search.rebuild", attempts=ATTEMPTS, key="all", exclusive="all")
def rebuild() -> int:
    """Bring everything up to date; returns how many things were not. Safe to redeliver."""
    run = current()
    return services.rebuild(report=lambda done, total: run.progress(done, max(done, total)))
