"""Telling somebody something once, and noting that he has read it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mongoengine.errors import NotUniqueError

from apps.access.rules import Action
from apps.chapters.documents import Chapter
from apps.comments.documents import Comment
from apps.notifications.documents import Notification
from apps.notifications.errors import NotificationNotFound
from apps.notifications.kinds import KINDS
from apps.stories.errors import StoryForbidden, StoryNotFound
from apps.stories.readers import sift_readers
from apps.stories.services import open_for
from apps.users.queries import find_preferences, list_wanting
from storychain.documents import unit_of_work

STEP = 100


def deliver(
    *,
    dedupe_key: str,
    user_id: str,
    kind: str,
    related: Mapping[str, Any],
    now: datetime,
    **text: Any,
) -> str | None:
    """Keep a notification for somebody and return its id; the same key again is the same one.

    `text` is its title, message and action_url. None, and nothing kept, if he is not to be told.
    """
    if not may_be_told(user_id, kind, related):
        return None
    content = {**text, "type": kind, "related": dict(related), "created_at": now}
    try:
        kept = Notification.keep(dedupe_key=dedupe_key, user_id=user_id, **content)
    except NotUniqueError:
        kept = Notification.objects(dedupe_key=dedupe_key).only("notification_id").get()
    return str(kept.notification_id)


def may_be_told(user_id: str, kind: str, related: Mapping[str, Any]) -> bool:
    """Tell whether it still stands, and somebody is there, wants it, and may read its story.

    He wants it by `push_notifications`.
    """
    return _stands(kind, related) and _wants(user_id, kind) and _may_know(user_id, kind, related)


def deliver_many(
    *,
    cause: str,
    user_ids: Sequence[str],
    kind: str,
    related: Mapping[str, Any],
    now: datetime,
    **text: Any,
) -> int:
    """Keep the same notification for many people in one write; return for how many it is new.

    Whoever does not want it, may not read the story, or caused it himself, is not told.
    """
    content = {**text, "type": kind, "related": dict(related), "created_at": now}
    try:
        return _keep_many(user_ids, cause, content)
    except NotUniqueError:  # one of them was told by another job a moment ago
        return _keep_many(user_ids, cause, content)


@unit_of_work
def _keep_many(user_ids: Sequence[str], cause: str, content: dict[str, Any]) -> int:
    related = content["related"]
    if not _stands(content["type"], related):
        return 0
    readers = sift_readers(slug=related["story_slug"], user_ids=user_ids)
    concerned = (readers & list_wanting(user_ids)) - {related.get("actor_id")}
    return Notification.keep_many(sorted(concerned), cause=cause, **content)


@unit_of_work
def mark_read(*, notification_id: str, user_id: str, now: datetime) -> None:
    """Note that somebody has read this; raise NotificationNotFound if it is none of his."""
    if Notification.objects(notification_id=notification_id, user_id=user_id).first() is None:
        raise NotificationNotFound
    Notification.mark_read([notification_id], user_id=user_id, now=now)


def mark_all_read(*, user_id: str, now: datetime) -> None:
    """Note that somebody has read everything that he was told until now, in steps of STEP."""
    unread = Notification.objects(user_id=user_id, is_read=False, created_at__lte=now)
    step = unread.order_by("-created_at", "-notification_id").only("notification_id").limit(STEP)
    while ids := [row.notification_id for row in step.clone()]:
        Notification.mark_read(ids, user_id=user_id, now=now)


def _stands(kind: str, related: Mapping[str, Any]) -> bool:
    """Tell whether the chapter and the comment that it is about, if any, are there now.

    What somebody is told as he is judged stands whatever has become of its place.
    """
    if KINDS[kind].is_needed:
        return True
    slug = related.get("chapter_slug")
    if slug and not Chapter.objects(slug=slug, status="published").only("slug").first():
        return False
    is_said = kind in ("comment_reply", "comment_mention")
    return not is_said or Comment.find_standing(related["comment_id"]) is not None


def _wants(user_id: str, kind: str) -> bool:
    chosen = find_preferences(user_id=user_id)
    return chosen is not None and (chosen.push_notifications or KINDS[kind].is_needed)


def _may_know(user_id: str, kind: str, related: Mapping[str, Any]) -> bool:
    slug = related.get("story_slug")
    if not slug or KINDS[kind].is_needed:
        return True
    try:
        open_for(Action.READ, slug=str(slug), caller_id=user_id)
    except (StoryNotFound, StoryForbidden):
        return False
    return True
