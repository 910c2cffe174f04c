"""How what was told reads today: by today's titles, and with nothing that its reader may not see.

A notification is kept as it was told. Where its reader may not read the story now, or the chapter
or pull request is gone, or a draft that is closed to him, what is shown instead is its type's own
title and GONE; it still counts, and can be read away. What judges somebody stays as he was told,
and so does an invitation while it is open.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from apps.access.documents import Collaborator
from apps.chapters.queries import list_named
from apps.notifications.documents import Notification
from apps.notifications.kinds import INVITATION, KINDS
from apps.pulls.queries import list_pull_titles
from apps.stories.documents import Story
from apps.stories.queries import list_readable

NAMES = {"story": "story_slug", "chapter": "chapter_slug", "pull": "pull_id"}
GONE = "What this is about is gone, or is not open to you any more."


class Reading(NamedTuple):
    """What of a notification is shown; `related` and `action_url` are empty where it is hidden."""

    title: str
    message: str
    action_url: str | None
    related: Mapping[str, Any]
    is_hidden: bool = False


class _Seen(NamedTuple):
    """Today's titles of what a reader may see, by what it is and its name; and who asks him in."""

    titles: Mapping[str, Mapping[str, str]]
    invitations: frozenset[str]

    def hides(self, row: Notification) -> bool:
        """Tell whether a notification is about what its reader may not see."""
        if KINDS[row.type].is_needed and row.type != INVITATION:
            return False
        story = _named(row, "story_slug")
        if story and story not in self.titles["story"]:
            return row.type != INVITATION or story not in self.invitations
        return any(self._is_gone(what, row) for what in ("chapter", "pull"))

    def titles_of(self, row: Notification) -> dict[str, str]:
        """Return today's titles of what it names, as far as they are seen."""
        found = {
            f"{what}_title": self.titles[what].get(_named(row, name) or "")
            for what, name in NAMES.items()
        }
        return {name: title for name, title in found.items() if title and name in row.related}

    def _is_gone(self, what: str, row: Notification) -> bool:
        """Of what was taken away its place may be left, without a title."""
        key = _named(row, NAMES[what])
        if key is None:
            return False
        title = self.titles[what].get(key)
        return title is None or (not title and bool(row.related.get(f"{what}_title")))


def read_today(rows: Sequence[Notification], *, user_id: str) -> list[Reading]:
    """Return how these notifications of somebody's read now; inside a load it depends on that."""
    stories = list_readable(_all_named(rows, "story_slug"), user_id=user_id)
    chapters = list_named(_all_named(rows, "chapter_slug"))
    titles = {
        "story": {slug: story.title for slug, story in stories.items()},
        "chapter": {slug: chapter.title for slug, chapter in chapters.items()},
        "pull": list_pull_titles(_all_named(rows, "pull_id"), user_id=user_id),
    }
    asked = {_named(row, "story_slug") for row in rows if row.type == INVITATION}
    closed = sorted(slug for slug in asked if slug and slug not in stories)
    seen = _Seen(titles, _list_invitations(closed, user_id))
    return [_read(row, seen) for row in rows]


def _read(row: Notification, seen: _Seen) -> Reading:
    if seen.hides(row):
        return Reading(KINDS[row.type].title, GONE, None, {}, is_hidden=True)
    related = dict(row.related)
    if KINDS[row.type].is_needed:  # as it was told: what he may not read is renamed without him
        return Reading(row.title, row.message, row.action_url, related)
    today = related | seen.titles_of(row)
    return Reading(row.title, _reword(row, today), row.action_url, today)


def _reword(row: Notification, today: Mapping[str, Any]) -> str:
    """Return its message by today's titles, unless somebody has worded it otherwise."""
    kind = KINDS[row.type]
    is_ours = set(kind.related) == row.related.keys()
    if is_ours and row.message == kind.message.format_map(row.related):
        return kind.message.format_map(today)
    return str(row.message)


def _list_invitations(slugs: Sequence[str], user_id: str) -> frozenset[str]:
    """Return those of these stories that somebody is asked to work on."""
    if not slugs:
        return frozenset()
    asked = Collaborator.objects(user_id=user_id, status="pending", story_slug__in=slugs)
    found = list(asked.scalar("story_slug"))
    there = Story.objects(slug__in=found, status__ne="deleted") if found else ()
    return frozenset(story.slug for story in there)


def _all_named(rows: Iterable[Notification], name: str) -> set[str]:
    return {slug for row in rows if (slug := _named(row, name))}


def _named(row: Notification, name: str) -> str | None:
    value = row.related.get(name)
    return str(value) if value else None
