"""What the lists of moderation have in common; never from a cache."""

from collections.abc import Iterable
from typing import Any

from apps.moderation.documents import Decision
from apps.moderation.pages import DecisionView
from apps.users.pages import AuthorRef
from apps.users.queries import list_authors
from storychain.api.keyset import Slice, read_latest
from storychain.api.pagination import decode_cursor

People = dict[str, AuthorRef]
OF_STORY, OF_PLATFORM = "story", "platform"


def read_page(
    model: Any, order: str, where: dict[str, Any], limit: int, cursor: str | None
) -> Slice[Any]:
    """Return one page of a collection, the highest `order` first, with its own cursors."""
    scope = f"{model.__name__}:{sorted(where.items())}"
    after = decode_cursor(scope, cursor)
    return read_latest(model.objects(**where), order=order, limit=limit, scope=scope, after=after)


def people_in(named: Iterable[Iterable[str | None]]) -> People:
    """Return how all who are named in these rows show, by id."""
    return list_authors({one for row in named for one in row if one})


def show_decision(
    decision: Decision | None, people: People, *, for_judge: bool, queue: str
) -> DecisionView | None:
    """Show what was decided; who did so, only to those who could have.

    To a story's team, whose `queue` it is, nobody is named who has decided for the platform.
    """
    if decision is None:
        return None
    is_named = for_judge and not (decision.for_platform and queue == OF_STORY)
    return DecisionView(
        outcome=decision.outcome,
        statement=decision.statement,
        decided_at=decision.decided_at,
        decided_by=people.get(decision.decided_by) if is_named else None,
        by_platform=decision.for_platform if for_judge else None,
    )
