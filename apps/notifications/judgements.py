"""Who is told of what was decided about him or his, or taken from him; moderators are not named."""

from collections.abc import Iterator

from apps.chapters.events import ChapterTakenAway
from apps.chapters.limits import NAMELESS
from apps.comments.events import CommentRemoved
from apps.moderation.events import AppealDecided, ReportDecided, ReportUpheld, StoryBanTurned
from apps.notifications.telling import tell
from apps.pulls.events import PullCommentRemoved, PullFact, PullTakenAway, ReviewRemoved
from apps.stories.events import TakedownTurned
from storychain.events import subscribes
from storychain.queues.jobs import JobCall


@subscribes(ReportDecided)
def tell_of_report(event: ReportDecided) -> Iterator[JobCall]:
    """What became of a report is told to its reporter."""
    about = {"report_id": event.report_id, "outcome": event.outcome}
    yield tell(event.reporter_id, f"report:{event.report_id}:reporter", "report_decided", **about)


@subscribes(ReportUpheld)
def tell_accused(event: ReportUpheld) -> Iterator[JobCall]:
    """A decision against something is told to whose it is, once for all who have reported it."""
    cause = f"report:{event.report_id}:accused"
    yield tell(event.accused_id, cause, "report_upheld", report_id=event.report_id)


@subscribes(TakedownTurned)
def tell_of_takedown(event: TakedownTurned) -> Iterator[JobCall]:
    """That a story was taken down, or brought back, is told to who started it."""
    yield tell(
        event.creator_id,
        f"takedown:{event.story_slug}:{event.turned_at.timestamp():.3f}",
        "story_taken_down" if event.is_down else "story_restored",
        story_slug=event.story_slug,
        story_title=event.story_title,
    )


@subscribes(ChapterTakenAway)
def tell_of_removal(event: ChapterTakenAway) -> Iterator[JobCall]:
    """That a chapter was removed is told to who wrote it."""
    yield tell(
        event.author_id,
        f"removed:{event.chapter_slug}",
        "chapter_removed",
        story_slug=event.story_slug,
        story_title=event.story_title,
        chapter_title=event.chapter_title,
    )


@subscribes(CommentRemoved)
def tell_silenced(event: CommentRemoved) -> Iterator[JobCall]:
    """So is that a comment was removed, by a moderator who is not named."""
    yield tell(
        event.user_id,
        f"removed:comment:{event.comment_id}",
        "comment_removed",
        story_slug=event.story_slug,
        story_title=event.story_title,
        chapter_slug=event.chapter_slug,
        chapter_title=event.chapter_title,
    )


@subscribes(PullTakenAway)
def tell_withheld(event: PullTakenAway) -> Iterator[JobCall]:
    """So is that the words of a pull request were taken away."""
    yield _tell_of_pull(event, "pr_withheld", event.author_id)


@subscribes(PullCommentRemoved)
def tell_silenced_on_pull(event: PullCommentRemoved) -> Iterator[JobCall]:
    """And that what somebody said about one was removed."""
    yield _tell_of_pull(event, "pr_comment_removed", event.user_id)


@subscribes(ReviewRemoved)
def tell_silenced_reviewer(event: ReviewRemoved) -> Iterator[JobCall]:
    """And that what somebody said in his review was."""
    yield _tell_of_pull(event, "pr_review_removed", event.user_id)


@subscribes(StoryBanTurned)
def tell_banned(event: StoryBanTurned) -> Iterator[JobCall]:
    """A ban from a story, or its end, is told to who was banned."""
    about = {"story_slug": event.story_slug, "story_title": event.story_title}
    key = f"banned:{event.story_slug}:{event.turned_at:.3f}:{event.user_id}"
    if event.is_banned:
        yield tell(event.user_id, key, "story_ban", **about, reason=event.reason)
    else:
        yield tell(event.user_id, key, "story_ban_lifted", **about)


@subscribes(AppealDecided)
def tell_appellant(event: AppealDecided) -> Iterator[JobCall]:
    """What became of an appeal is told to whose it is."""
    about = {"appeal_id": event.appeal_id, "outcome": event.outcome}
    yield tell(event.user_id, f"appeal:{event.appeal_id}", "appeal_decided", **about)


def _tell_of_pull(event: PullFact, kind: str, user_id: str) -> JobCall:
    return tell(
        user_id,
        f"pull:{event.pull_id}:{event.number}:{user_id}",
        kind,
        story_slug=event.story_slug,
        story_title=event.story_title,
        pull_id=event.pull_id,
        pull_title=event.pull_title or NAMELESS,  # it may be withheld
    )
