"""What goes of somebody's reading with him. What it has counted for stays: it names nobody."""

from apps.reading.documents import ChapterRead, ReadingHistory, Sitting
from apps.users.departures import STEP, departs
from storychain.documents import unit_of_work


@departs
@unit_of_work
def forget_sittings(user_id: str) -> int:
    """Delete where he was in stories."""
    return int(Sitting.objects(user_id=user_id).at_most(STEP).delete())


@departs
@unit_of_work
def forget_histories(user_id: str) -> int:
    """Delete some chapters of a story that he read, and when there are none, that he read it."""
    history = ReadingHistory.objects(user_id=user_id).first()
    if history is None:
        return 0
    found = int(ChapterRead.objects(history_id=history.history_id).at_most(STEP).delete())
    if not found:
        history.delete()
    return max(found, 1)
