"""Whose a story's reports are: its moderators', or the platform's where none of them may decide.

Nobody decides on what is his own, and a deleted story is nobody's. Who files a report and who
changes what its team may do both hold the story, so that the later one knows of the other.
"""

from typing import Any

from apps.access.queries import list_moderators
from apps.moderation.documents import Report
from apps.stories.documents import Story
from storychain.documents import unit_of_work

STEP = 25


@unit_of_work
def choose_queue(*, story_slug: str, accused_id: str) -> str:
    """Return whose to decide a new report of something in a story is."""
    Story.hold(slug=story_slug)
    judges = set(list_moderators(story_slug=story_slug)) - {accused_id}
    return "story" if judges else "platform"


@unit_of_work
def has_stranded(*, story_slug: str) -> bool:
    """Tell whether a story's queue holds what nobody in it may decide on, as its team is now."""
    return _find_stranded(story_slug).only("report_id").first() is not None


def pass_up(*, story_slug: str) -> int:
    """Give the platform what nobody in a story may decide on, in steps; return how many reports."""
    done = 0
    while some := _pass_some(story_slug):
        done += some
    return done


@unit_of_work
def _pass_some(story_slug: str) -> int:
    return int(_find_stranded(story_slug).at_most(STEP).update(set__queue="platform"))


def _find_stranded(story_slug: str) -> Any:
    story = Story.hold(slug=story_slug)
    is_there = story is not None and story.status != "deleted"
    judges = list_moderators(story_slug=story_slug) if is_there else []
    waiting = Report.objects(story_slug=story_slug, queue="story", is_open=True)
    if not judges:
        return waiting
    return waiting.filter(accused_id=judges[0]) if len(judges) == 1 else waiting.none()
