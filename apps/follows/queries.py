"""Who follows whom or what, always from the database."""

from collections.abc import Collection
from typing import Any

from apps.follows.documents import STORY, USER, Follow
from apps.follows.pages import FollowedStoriesPage, PersonListPage, PersonRow, StoryRow
from apps.stories.queries import list_readable
from apps.users.queries import check_user, list_authors, refuse_impossible
from storychain.api.keyset import Slice, read_latest
from storychain.api.pagination import decode_cursor
from storychain.mongodb import time_for_a_list


def list_followers_of_user(*, user_id: str, limit: int, cursor: str | None) -> PersonListPage:
    """Return one page of who follows a person; raise UserNotFound."""
    refuse_impossible(user_id)
    check_user(user_id=user_id)
    return _list_followers(USER, user_id, limit, cursor)


def list_followers_of_story(*, slug: str, limit: int, cursor: str | None) -> PersonListPage:
    """Return one page of who follows a story."""
    return _list_followers(STORY, slug, limit, cursor)


def list_followed_people(*, user_id: str, limit: int, cursor: str | None) -> PersonListPage:
    """Return one page of whom a person follows; raise UserNotFound."""
    refuse_impossible(user_id)
    check_user(user_id=user_id)
    page = _read(f"following:{user_id}", limit, cursor, follower_id=user_id, kind=USER)
    return _show_people(page, "following_id")


def list_followed_stories(*, user_id: str, limit: int, cursor: str | None) -> FollowedStoriesPage:
    """Return one page of the stories that somebody follows and may read."""
    page = _read(f"followed:{user_id}", limit, cursor, follower_id=user_id, kind=STORY)
    stories = list_readable((row.following_id for row in page.rows), user_id=user_id)
    return FollowedStoriesPage(
        items=[
            StoryRow(stories[row.following_id], row.followed_at)
            for row in page.rows
            if row.following_id in stories
        ],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


def is_following(*, user_id: str, story_slug: str) -> bool:
    """Tell whether somebody follows a story."""
    return Follow.find(follower_id=user_id, kind=STORY, following_id=story_slug) is not None


def list_to_tell(
    *, kind: str, following_id: str, after: str, limit: int, among: Collection[str] | None = None
) -> list[str]:
    """Return who follows this, by id, behind the one named ("" is before all); of `among`, if any.

    To be told of something, however many they are.
    """
    ids = {"follower_id": {"$gt": after} | ({} if among is None else {"$in": sorted(among)})}
    found = Follow.objects(kind=kind, following_id=following_id, __raw__=ids)
    with time_for_a_list():
        return list(found.order_by("follower_id").limit(limit).scalar("follower_id"))


def _list_followers(kind: str, following_id: str, limit: int, cursor: str | None) -> PersonListPage:
    scope = f"followers:{kind}:{following_id}"
    page = _read(scope, limit, cursor, kind=kind, following_id=following_id)
    return _show_people(page, "follower_id")


def _read(scope: str, limit: int, cursor: str | None, **wanted: str) -> Slice[Follow]:
    after = decode_cursor(scope, cursor)
    found = Follow.objects(**wanted)
    return read_latest(found, order="followed_at", limit=limit, scope=scope, after=after)


def _show_people(page: Slice[Any], side: str) -> PersonListPage:
    people = list_authors(row[side] for row in page.rows)
    return PersonListPage(
        items=[PersonRow(people[row[side]], row.followed_at) for row in page.rows],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )
