"""What follows from what was announced: where nobody is left to decide, the platform does."""

from collections.abc import Iterator

from apps.collaboration.events import CollaboratorLeft, RoleChanged
from apps.moderation.jobs import pass_up
from apps.moderation.passing import has_stranded
from apps.pulls.events import JudgeTurned
from apps.stories.events import StoryDeleted
from storychain.events import subscribes
from storychain.queues.jobs import JobCall


@subscribes(CollaboratorLeft)
def pass_up_behind(event: CollaboratorLeft) -> Iterator[JobCall]:
    """Who left may have been the last who could decide."""
    yield from _pass_up(event.story_slug)


@subscribes(RoleChanged)
def pass_up_below(event: RoleChanged) -> Iterator[JobCall]:
    """So may whose role is a lower one."""
    yield from _pass_up(event.story_slug)


@subscribes(JudgeTurned)
def pass_up_banned(event: JudgeTurned) -> Iterator[JobCall]:
    """So may who is banned from the platform; of all his stories, so the job looks."""
    yield pass_up.call(story_slug=event.story_slug)


@subscribes(StoryDeleted)
def pass_up_deleted(event: StoryDeleted) -> Iterator[JobCall]:
    """A deleted story is nobody's."""
    yield from _pass_up(event.story_slug)


def _pass_up(story_slug: str) -> Iterator[JobCall]:
    if has_stranded(story_slug=story_slug):
        yield pass_up.call(story_slug=story_slug)
