"""What goes stale when somebody gets on in a story: not at each heartbeat, which no page shows."""

from collections.abc import Iterator

from apps.reading.documents import ReadingHistory
from storychain.cache.invalidation import invalidates
from storychain.cache.tags import Tag, tag
from storychain.documents import Change


def history_tag(user_id: str) -> Tag:
    """The list of the stories that this person reads."""
    return tag("hist", user_id)


@invalidates(ReadingHistory)
def history_changed(change: Change[ReadingHistory]) -> Iterator[Tag]:
    """All pages of the list: a story that is read moves to its top."""
    yield history_tag(change.document.user_id)
