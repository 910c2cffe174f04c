"""What goes when an account is deleted: features register what they hold of a person.

    @departs
    def end_collaborations(user_id): ...; return how many

A step clears away at most STEP things, in a transaction of its own, and returns how many it found;
it is called until it finds none. So whatever dies in between, the next attempt goes on where this
one ended. The steps run in the order of the features from the top down: chapters before stories.

Nothing waits for it to be seen: from the deletion on, whoever is gone shows as ORPHAN_ID.
"""

from collections.abc import Callable

from apps.users.documents import Session, User
from storychain.documents import unit_of_work

STEP = 25

Step = Callable[[str], int]
Report = Callable[[int, int], None]
_steps: list[Step] = []


class StillThere(Exception):
    """The account is not deleted: nothing of it may be cleared away."""


def departs(step: Step) -> Step:
    """Register what clears away something that hangs on a person's id."""
    _steps.append(step)
    return step


def clear_away(*, user_id: str, done: int = 0, report: Report = lambda *_: None) -> int:
    """Clear away what a deleted account has left; return how many things that were.

    `done` is what an earlier attempt reported; `report` hears after each step. Raise StillThere.
    """
    if User.objects(clerk_id=user_id, deleted_at__ne=None).only("clerk_id").first() is None:
        raise StillThere(user_id)
    for step in _steps:
        while found := step(user_id):
            done += found
            report(done, done)
    return done


@departs
@unit_of_work
def forget_sessions(user_id: str) -> int:
    """Delete where and when he was signed in; the tombstone alone refuses his tokens."""
    return int(Session.objects(user_id=user_id).at_most(STEP).delete())
