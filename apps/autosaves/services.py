"""Writes on drafts and their rules.

Whoever may read a story may keep drafts in it; whether they may become chapters is asked when they
do. A draft goes in the unit of work in which its chapter comes.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from mongoengine.errors import NotUniqueError

from apps.access.rules import Action
from apps.autosaves.errors import AutosaveNotFound, TooManyDrafts
from apps.autosaves.limits import MOST_DRAFTS
from apps.chapters import services as chapters
from apps.chapters.autosaves import ChapterAutosave
from apps.chapters.errors import ChapterNotFound
from apps.pulls.services import Arrival, bring_in
from apps.stories.services import Held, open_for
from storychain.api.preconditions import check_version
from storychain.documents import unit_of_work

Place = Mapping[str, str]


def save_draft(
    *,
    user_id: str,
    place: Place,
    text: Mapping[str, str],
    now: datetime,
    expected: Collection[int] | None = None,
) -> str:
    """Keep a text for later, in its place's one draft; return the draft's id.

    `place` is story_slug, kind and, by kind, parent_slug or chapter_slug. Raise PreconditionFailed
    if another tab has saved since, StoryNotFound, ChapterNotFound, TooManyDrafts.
    """
    kept = {"user_id": user_id, "place": place, "text": text, "now": now, "expected": expected}
    try:
        return _save(**kept)  # type: ignore[arg-type]
    except NotUniqueError:  # two tabs begin the draft at once: the second one goes on with it
        return _save(**kept)  # type: ignore[arg-type]


@unit_of_work
def _save(
    *,
    user_id: str,
    place: Place,
    text: Mapping[str, str],
    now: datetime,
    expected: Collection[int] | None,
) -> str:
    held = open_for(Action.READ, slug=place["story_slug"], caller_id=user_id)
    draft = ChapterAutosave.objects(user_id=user_id, **_full(place)).first()
    check_version(draft.save_count if draft else 0, expected=expected)
    draft = draft or _begin(held, user_id=user_id, place=place)
    draft.keep(text=text, now=now)
    return str(draft.autosave_id)


@unit_of_work
def discard_draft(
    *, autosave_id: str, user_id: str, expected: Collection[int] | None = None
) -> None:
    """Throw a draft away; raise AutosaveNotFound, PreconditionFailed."""
    _find(autosave_id, user_id, expected).delete()


class Converted(NamedTuple):
    """What a draft has become, or was an edit of: a chapter's slug or a pull request's id."""

    story_slug: str
    kind: str
    name: str


@unit_of_work
def convert_draft(
    *,
    autosave_id: str,
    user_id: str,
    text: Mapping[str, Any],
    now: datetime,
    expected: Collection[int] | None = None,
) -> Converted:
    """Make a chapter, or an edit of one, of a draft, which goes; return where it stands.

    A new chapter becomes a pull request where the story wants one.

    `text` is what the caller has checked of the draft. What refuses a chapter or an edit refuses
    this, and the draft stays; raise AutosaveNotFound, PreconditionFailed if it was saved since.
    """
    draft = _find(autosave_id, user_id, expected)
    arrival = _CONVERT[draft.kind](draft, dict(text), now)
    draft.delete()
    return Converted(draft.story_slug, *arrival)


def _begin(held: Held, *, user_id: str, place: Place) -> ChapterAutosave:
    """Return a new draft, unsaved, of a place that there is."""
    if ChapterAutosave.objects(user_id=user_id).limit(MOST_DRAFTS).count(True) >= MOST_DRAFTS:
        raise TooManyDrafts(f"Convert or discard one of your {MOST_DRAFTS} drafts first.")
    named = place.get("chapter_slug") or place.get("parent_slug")
    chapter = chapters.find_seen(held, slug=named) if named else None
    if chapter and chapter.status == "removed":
        raise ChapterNotFound
    begun_on = chapter.version if chapter and "chapter_slug" in place else None
    return ChapterAutosave(user_id=user_id, base_version=begun_on, **_full(place))


def _full(place: Place) -> dict[str, str | None]:
    return {name: place.get(name) for name in ("story_slug", "kind", "parent_slug", "chapter_slug")}


def _find(autosave_id: str, user_id: str, expected: Collection[int] | None) -> ChapterAutosave:
    draft = ChapterAutosave.objects(autosave_id=autosave_id, user_id=user_id).first()
    if draft is None:
        raise AutosaveNotFound
    check_version(draft.save_count, expected=expected)
    return draft


def _to_root(draft: ChapterAutosave, text: dict[str, Any], now: datetime) -> Arrival:
    root = chapters.add_root(
        story_slug=draft.story_slug, author_id=draft.user_id, text=text, now=now
    )
    return Arrival("chapter", root.slug)


def _to_child(draft: ChapterAutosave, text: dict[str, Any], now: datetime) -> Arrival:
    return bring_in(
        story_slug=draft.story_slug,
        parent_slug=draft.parent_slug,
        author_id=draft.user_id,
        text=text,
        now=now,
    )


def _to_edit(draft: ChapterAutosave, text: dict[str, Any], now: datetime) -> Arrival:
    chapters.edit_chapter(
        story_slug=draft.story_slug,
        slug=draft.chapter_slug,
        caller_id=draft.user_id,
        base_version=draft.base_version,
        reason=text.pop("reason", ""),
        changes=text,
        now=now,
    )
    return Arrival("chapter", draft.chapter_slug)


_CONVERT = {"root_chapter": _to_root, "new_chapter": _to_child, "update_chapter": _to_edit}
