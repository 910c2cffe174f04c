"""What becomes of the texts of somebody who deletes his account.

What others can read stays, as the orphan's: his published chapters, and his stories that are open
or that others have a part in. What nobody but him could read goes: drafts, chapters that were not
published, and stories that he alone had.
"""

from django.utils import timezone

from apps.access.documents import Collaborator
from apps.chapters.appearing import take_out
from apps.chapters.autosaves import ChapterAutosave
from apps.chapters.documents import Chapter, ChapterVersion
from apps.chapters.events import ChapterDropped
from apps.stories.documents import Moment, Story
from apps.stories.events import StoryDeleted
from apps.users.departures import STEP, departs
from storychain.documents import unit_of_work
from storychain.events import publish


@departs
@unit_of_work
def forget_drafts(user_id: str) -> int:
    """Delete what he was writing."""
    return int(ChapterAutosave.objects(user_id=user_id).at_most(STEP).delete())


@departs
@unit_of_work
def leave_stories(user_id: str) -> int:
    """Leave one story that he started to the orphan, or take the next step of deleting it."""
    story = Story.objects(creator_id=user_id).first()
    if story is None:
        return 0
    if _is_shared(story, user_id):
        Story.orphan(slug=story.slug)
    elif story.status != "deleted":
        story.turn(status="deleted", now=timezone.now())  # from here on nobody comes in
        publish(StoryDeleted(story_slug=story.slug))
    elif gone := Chapter.erase(story_slug=story.slug, most=STEP):
        for slug in gone:
            publish(ChapterDropped(chapter_slug=slug))
    else:
        Collaborator.objects(story_slug=story.slug).delete()
        Moment.erase(story_slug=story.slug)
        story.bury()
    return 1


@departs
@unit_of_work
def take_back_unpublished(user_id: str) -> int:
    """Take what was not published yet out of the stories of others."""
    waiting = Chapter.objects(author_id=user_id, status="draft")
    rows = list(waiting.limit(STEP))
    for chapter in rows:
        take_out(chapter, now=timezone.now())
    return len(rows)


@departs
@unit_of_work
def leave_chapters(user_id: str) -> int:
    """Leave his chapters to the orphan, with every branch that others have grown from them."""
    return Chapter.orphan(user_id=user_id, most=STEP)


@departs
@unit_of_work
def forget_edits(user_id: str) -> int:
    """Forget that he has edited chapters of others."""
    return Chapter.forget_editor(user_id, most=STEP) + ChapterVersion.forget_editor(
        user_id, most=STEP
    )


def _is_shared(story: Story, user_id: str) -> bool:
    """Tell whether anybody else reads this story or has written in it."""
    if Chapter.objects(story_slug=story.slug, author_id__ne=user_id).only("slug").first():
        return True
    if story.status == "deleted":
        return False
    team = Collaborator.objects(story_slug=story.slug, status="accepted", user_id__ne=user_id)
    return story.is_listed or team.first() is not None
