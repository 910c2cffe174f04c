"""What is counted of a person, counted anew from what there is.

Whoever holds what is counted registers how:

    @tallies
    def count_stories(user_id): return {"stories_created": Story.objects(...).count()}

What two of them count under one name is added up.

Each write counts its own in the same transaction (`services.count_work`), so this finds nothing to
mend unless data was changed by hand or brought in from elsewhere.
"""

from collections import Counter
from collections.abc import Callable, Mapping

from apps.users.documents import User
from apps.users.services import announce_badges
from storychain.documents import unit_of_work

Tally = Callable[[str], Mapping[str, int]]
_tallies: list[Tally] = []


def tallies(count: Tally) -> Tally:
    """Register a function that counts some of UserStats' fields for a person's id."""
    _tallies.append(count)
    return count


@unit_of_work
def recount(*, user_id: str) -> bool:
    """Count a person's work anew, in one step with whatever he writes; tell if it was wrong."""
    user = User.objects(clerk_id=user_id, deleted_at=None).first()
    if user is None:
        return False
    counted: Counter[str] = Counter()
    for tally in _tallies:
        counted.update(tally(user_id))
    if all(user.stats[name] == n for name, n in counted.items()) and user.is_grown():
        return False
    announce_badges(user_id, user.recount(counted))
    return True
