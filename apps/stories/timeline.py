"""What happened in a story, for those who work on it; never from a cache."""

from apps.stories.documents import Moment
from apps.stories.pages import MomentView, TimelinePage
from apps.users.pages import AuthorRef
from apps.users.queries import list_authors
from storychain.api.keyset import read_latest
from storychain.api.pagination import decode_cursor


def list_moments(*, story_slug: str, limit: int, cursor: str | None) -> TimelinePage:
    """Return one page of a story's timeline, what happened last first."""
    scope = f"timeline:{story_slug}"
    page = read_latest(
        Moment.objects(story_slug=story_slug),
        order="at",
        limit=limit,
        scope=scope,
        after=decode_cursor(scope, cursor),
    )
    named = {person for moment in page.rows for person in (moment.actor_id, moment.user_id)}
    people = list_authors(named - {None})
    return TimelinePage(
        items=[_show(moment, people) for moment in page.rows],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


def _show(moment: Moment, people: dict[str, AuthorRef]) -> MomentView:
    return MomentView(
        id=moment.moment_id,
        kind=moment.kind,
        actor=people.get(moment.actor_id),
        chapter_slug=moment.chapter_slug,
        user=people.get(moment.user_id),
        details=dict(moment.details),
        at=moment.at,
    )
