"""Writes on follows and their rules. Each may be asked for again: it is done once."""

from collections.abc import Callable
from datetime import datetime

from apps.access.rules import Action
from apps.follows.counts import count_follow
from apps.follows.documents import STORY, USER, Follow
from apps.follows.errors import FollowsHimself
from apps.follows.events import UserFollowed
from apps.stories.services import open_for
from apps.users.queries import check_user
from storychain.documents import unit_of_work
from storychain.events import publish


@unit_of_work
def follow_user(*, follower_id: str, user_id: str, now: datetime) -> None:
    """Let somebody follow a person; raise UserNotFound, or FollowsHimself."""
    check_user(user_id=user_id)
    if follower_id == user_id:
        raise FollowsHimself
    if _begin(follower_id, USER, user_id, now):
        publish(UserFollowed(follower_id=follower_id, user_id=user_id))


@unit_of_work
def follow_story(*, follower_id: str, slug: str, now: datetime) -> None:
    """Let somebody follow a story that he may read; raise StoryNotFound."""
    open_for(Action.READ, slug=slug, caller_id=follower_id)
    _begin(follower_id, STORY, slug, now)


@unit_of_work
def unfollow_user(*, follower_id: str, user_id: str) -> None:
    """Let somebody follow a person no longer; raise UserNotFound if he never did and nobody is."""
    _end(follower_id, USER, user_id, check=lambda: check_user(user_id=user_id))


@unit_of_work
def unfollow_story(*, follower_id: str, slug: str) -> None:
    """Let somebody follow a story no longer, also one that he may not read any more.

    Raise StoryNotFound if he does not follow it and may not read it.
    """

    def check() -> None:
        open_for(Action.READ, slug=slug, caller_id=follower_id)

    _end(follower_id, STORY, slug, check=check)


def _begin(follower_id: str, kind: str, following_id: str, now: datetime) -> bool:
    """Follow; tell whether he did not before."""
    who = {"follower_id": follower_id, "kind": kind, "following_id": following_id}
    if Follow.find(**who):
        return False
    count_follow(Follow.begin(**who, now=now), by=1)
    return True


def _end(follower_id: str, kind: str, following_id: str, *, check: Callable[[], None]) -> None:
    found = Follow.find(follower_id=follower_id, kind=kind, following_id=following_id)
    if found is None:
        check()
        return
    found.delete()
    count_follow(found, by=-1)
