"""What follows from what was announced: who is told."""

from collections.abc import Iterator

from apps.chapters.events import ChapterAdded
from apps.notifications.jobs import deliver
from apps.notifications.kinds import compose
from storychain.events import subscribes
from storychain.queues.jobs import JobCall


@subscribes(ChapterAdded)
def tell_of_growth(event: ChapterAdded) -> Iterator[JobCall]:
    """Whoever wrote the chapter before it, and whoever began the story, is told once of a chapter.

    Not its own author.
    """
    payload = compose(
        "new_branch" if event.branch_index else "story_continued",
        story_slug=event.story_slug,
        story_title=event.story_title,
        chapter_slug=event.chapter_slug,
        chapter_title=event.chapter_title,
        parent_slug=event.parent_slug,
        actor_id=event.author_id,
    )
    concerned = {event.parent_author_id, event.story_creator_id} - {event.author_id, None}
    for user_id in sorted(concerned):
        key = f"notice:chapter:{event.chapter_slug}:{user_id}"
        yield deliver.call(job_id=key, userId=user_id, **payload)
