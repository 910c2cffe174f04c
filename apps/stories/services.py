"""Writes on stories and their rules."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from mongoengine.errors import NotUniqueError

from apps.access.documents import Collaborator
from apps.access.queries import load_standing
from apps.access.rules import Action, Standing, StoryFacts, may
from apps.stories.documents import Moment, Story, StorySettings
from apps.stories.errors import (
    NotPublishable,
    StoryForbidden,
    StoryLimit,
    StoryNotFound,
    WrongStatus,
)
from apps.stories.events import StoryDeleted, StoryPublished, TakedownTurned
from apps.stories.facts import facts_of
from apps.stories.slugs import make_slug
from apps.users.services import count_work
from storychain.api.preconditions import check_version
from storychain.documents import unit_of_work
from storychain.errors import Conflict
from storychain.events import publish

Versions = Collection[int] | None

PER_HOUR, PER_DAY = 5, 7
SLUG_TRIES = 5
LEAST_TITLE, LEAST_DESCRIPTION = 3, 10
STEPS = {
    "published": ("draft", "archived"),
    "archived": ("draft", "published"),
    "deleted": ("draft", "published", "archived"),
}


def create_story(
    *, creator_id: str, now: datetime, is_import: bool = False, **content: Any
) -> Story:
    """Start a story as a draft and return it; raise StoryLimit when it is one too many.

    `content` are fields of Story (title, description, tags, settings as a dict, ...). An import is
    exempt from the limits.
    """
    for attempt in range(SLUG_TRIES):
        slug = make_slug(content["title"], fallback="story", tail=6 if attempt else 0)
        if Story.objects(slug=slug).only("slug").first():
            continue  # inside a larger unit a refused insert would end the whole of it
        try:
            return _create(
                slug=slug, creator_id=creator_id, now=now, is_import=is_import, content=content
            )
        except NotUniqueError:
            continue
    raise Conflict("No free address was found for this title; send it again.")


@unit_of_work
def _create(
    *, slug: str, creator_id: str, now: datetime, is_import: bool, content: dict[str, Any]
) -> Story:
    # Counting first makes two creations of one person conflict, so that both see the other's story.
    count_work(user_id=creator_id, stories=1)
    if not is_import:
        _refuse_beyond_limits(creator_id=creator_id, now=now)
    story = Story(
        **{**content, "settings": StorySettings(**content.get("settings", {}))},
        slug=slug,
        creator_id=creator_id,
        is_import=is_import,
        team=[creator_id],
        created_at=now,
        updated_at=now,
        last_activity_at=now,
    )
    story.save(force_insert=True)
    Collaborator.make_owner(story_slug=slug, user_id=creator_id, now=now)
    _note("story_created", story, creator_id, now)
    return story


def _refuse_beyond_limits(*, creator_id: str, now: datetime) -> None:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    hour_ago = now - timedelta(hours=1)
    recent = Story.objects(creator_id=creator_id, created_at__gte=min(midnight, hour_ago))
    started = [s.created_at for s in recent.only("created_at", "is_import") if not s.is_import]
    if sum(at >= midnight for at in started) >= PER_DAY:
        raise StoryLimit(f"At most {PER_DAY} new stories a day (UTC); go on tomorrow.")
    if sum(at >= hour_ago for at in started) >= PER_HOUR:
        raise StoryLimit(f"At most {PER_HOUR} new stories an hour; try again later.")


@unit_of_work
def edit_story(
    *, slug: str, caller_id: str, changes: dict[str, Any], now: datetime, expected: Versions = None
) -> None:
    """Change a story's texts or settings; settings that are not named stay as they are.

    Raise PreconditionFailed if it is at none of the `expected` versions, here as below.
    """
    story = _open_at(expected, Action.EDIT, slug=slug, caller_id=caller_id).story
    story.revise(changes=changes, now=now)
    settings = [f"settings.{name}" for name in changes.get("settings", {})]
    named = sorted([*settings, *(name for name in changes if name != "settings")])
    _note("story_edited", story, caller_id, now, fields=named)


@unit_of_work
def publish_story(*, slug: str, caller_id: str, now: datetime, expected: Versions = None) -> None:
    """Make a draft public; raise NotPublishable with every missing thing at once."""
    story = _open_at(expected, Action.EDIT, slug=slug, caller_id=caller_id).story
    if story.status != "draft":
        raise WrongStatus(f"Only a draft can be published; this story is {story.status}.")
    _refuse_unready(story)
    if story.published_at is None:
        count_work(user_id=story.creator_id, published=1)
        _announce(story)
    story.turn(status="published", now=now)
    _note("story_published", story, caller_id, now)


@unit_of_work
def archive_story(*, slug: str, caller_id: str, now: datetime, expected: Versions = None) -> None:
    """Take a story from its readers; those who work on it keep it.

    What somebody who looks after the platform has taken, its team does not bring back.
    """
    held = _open_at(expected, Action.ARCHIVE, slug=slug, caller_id=caller_id)
    if not held.allows(Action.EDIT):
        _take_down(held, now=now)
        return
    _turn(held.story, status="archived", now=now)
    _note("story_archived", held.story, caller_id, now)


@unit_of_work
def unarchive_story(*, slug: str, caller_id: str, now: datetime, expected: Versions = None) -> None:
    """Bring an archived story back to where it was: published before, or a draft.

    Raise StoryForbidden where others have taken it away: the platform's moderators, or its team;
    NotPublishable where readers would find less than a first publication takes.
    """
    held = _open_at(expected, Action.ARCHIVE, slug=slug, caller_id=caller_id)
    story, was_taken_down = held.story, held.story.is_taken_down
    if was_taken_down == held.allows(Action.EDIT):
        raise StoryForbidden("Who has taken this story from its readers has to bring it back.")
    if story.status != "archived":
        raise WrongStatus(f"Only an archived story can come back; this one is {story.status}.")
    if story.published_at:
        _refuse_unready(story)
    story.turn(status="published" if story.published_at else "draft", now=now)
    _note("story_unarchived", story, None if was_taken_down else caller_id, now)
    if was_taken_down:
        _announce_takedown(held, is_down=False, now=now)


@unit_of_work
def delete_story(*, slug: str, caller_id: str, now: datetime, expected: Versions = None) -> None:
    """Delete a story for good; its address stays taken."""
    story = _open_at(expected, Action.DELETE, slug=slug, caller_id=caller_id).story
    _turn(story, status="deleted", now=now)
    publish(StoryDeleted(story_slug=slug))
    count_work(
        user_id=story.creator_id,
        stories=-1,
        published=-int(story.published_at is not None),
        upvotes=-story.stats.upvotes,
        downvotes=-story.stats.downvotes,
    )


@unit_of_work
def feature_story(*, slug: str, is_featured: bool) -> None:
    """Put a public story among the featured ones, or take one out; raise StoryNotFound.

    Staff does so (`manage.py feature_story`): no part in a story allows it.
    """
    if not Story.feature(slug=slug, is_featured=is_featured):
        raise StoryNotFound


class Held(NamedTuple):
    """A story as a write finds it: stored, its facts, and what the caller is to it."""

    story: Story
    facts: StoryFacts
    standing: Standing

    def allows(self, action: Action) -> bool:
        """Tell whether the caller may do this."""
        return may(action, standing=self.standing, facts=self.facts)

    def refuse_unless(self, action: Action) -> None:
        """Raise StoryForbidden if the caller may not do this."""
        if not self.allows(action):
            raise StoryForbidden(f"Your part in this story does not allow this: {action.value}.")


def open_for(action: Action, *, slug: str, caller_id: str) -> Held:
    """Return a story that the caller may do this with.

    Raise StoryNotFound if he may not even see it, StoryForbidden if he sees it but may not.
    """
    story = Story.objects(slug=slug).first()
    if story is None:
        raise StoryNotFound
    held = Held(story, facts_of(story), load_standing(story_slug=slug, user_id=caller_id))
    if not held.allows(Action.READ):
        raise StoryNotFound
    held.refuse_unless(action)
    return held


def _open_at(expected: Versions, action: Action, *, slug: str, caller_id: str) -> Held:
    """Return a story as `open_for` does, if it is at one of these versions."""
    held = open_for(action, slug=slug, caller_id=caller_id)
    check_version(held.story.version, expected=expected)
    return held


def _turn(story: Story, *, status: str, now: datetime) -> None:
    if story.status not in STEPS[status]:
        raise WrongStatus(f"A story that is {story.status} cannot become {status}.")
    story.turn(status=status, now=now)


def _take_down(held: Held, *, now: datetime) -> None:
    """Archive a story so that its team does not bring it back, also one that it has archived."""
    if held.story.is_taken_down:
        raise WrongStatus("This story is taken down.")
    held.story.turn(status="archived", now=now, is_taken_down=True)
    _note("story_archived", held.story, None, now)
    _announce_takedown(held, is_down=True, now=now)


def _announce_takedown(held: Held, *, is_down: bool, now: datetime) -> None:
    publish(
        TakedownTurned(
            story_slug=held.story.slug,
            story_title=held.story.title,
            creator_id=held.story.creator_id,
            actor_id=str(held.standing.user_id),
            is_down=is_down,
            turned_at=now,
        )
    )


def _announce(story: Story) -> None:
    """Tell that a story has its first readers."""
    facts = {"story_slug": story.slug, "story_title": story.title}
    publish(StoryPublished(**facts, creator_id=story.creator_id))


def _note(kind: str, story: Story, actor_id: str | None, now: datetime, **details: Any) -> None:
    Moment.note(kind, story_slug=story.slug, actor_id=actor_id, now=now, **details)


def _refuse_unready(story: Story) -> None:
    """Raise NotPublishable with all that a published story must have and this one has not."""
    missing = {}
    if len(story.title) < LEAST_TITLE:
        missing["title"] = [f"At least {LEAST_TITLE} characters."]
    if len(story.description) < LEAST_DESCRIPTION:
        missing["description"] = [f"At least {LEAST_DESCRIPTION} characters."]
    if story.stats.total_chapters < 1:
        missing["chapters"] = ["At least one chapter."]
    if missing:
        raise NotPublishable(fields=missing)
