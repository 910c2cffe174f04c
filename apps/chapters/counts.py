"""What is counted of a chapter in sums, and what follows from its votes.

    counters.add(kind="chapter", key=slug, counts={"votes__up": 1, "votes__score": 1})

Names are paths in Chapter, with two underscores for each dot.
"""

from uuid import uuid4

from django.utils import timezone

from apps.chapters.documents import Chapter
from apps.chapters.events import ChapterDropped, ChapterLiked
from apps.chapters.flagging import flag_if_due
from apps.chapters.limits import READABLE
from apps.stories.documents import Story
from apps.users.services import count_work
from storychain import counters
from storychain.events import publish


@counters.settles("chapter")
def count_chapter(slug: str, counts: dict[str, int]) -> None:
    """Add to a chapter's counts; its votes also to its story's and its author's.

    One that was removed has given its votes back with itself: theirs stay as they are. What is
    counted for one that is gone may have been written while it went: it is to go as well.
    """
    chapter = Chapter.count(slug=slug, counts=counts)
    if chapter is None:
        publish(ChapterDropped(chapter_slug=slug, after=uuid4().hex))
        return
    up, down = counts.get("votes__up", 0), counts.get("votes__down", 0)
    if not (up or down):
        return
    flag_if_due(chapter)
    if chapter.status != "removed":
        counters.add(kind="story", key=chapter.story_slug, counts={"total_votes": up + down})
        count_work(user_id=chapter.author_id, upvotes=up, downvotes=down)
    if up > 0:
        _tell_liked(chapter, more=up)


def _tell_liked(chapter: Chapter, *, more: int) -> None:
    story = Story.objects(slug=chapter.story_slug).only("title").first()
    if story is not None and chapter.status in READABLE:
        publish(
            ChapterLiked(
                story_slug=chapter.story_slug,
                story_title=story.title,
                chapter_slug=chapter.slug,
                chapter_title=chapter.title,
                author_id=chapter.author_id,
                upvotes=chapter.votes.up,
                more=more,
                counted_at=timezone.now(),
            )
        )
