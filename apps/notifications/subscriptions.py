"""What follows from what was announced: who is told, once for each cause."""

from collections.abc import Iterator

from apps.chapters.events import ChapterAdded, ChapterFlagged, ChapterLiked
from apps.collaboration.events import CollaboratorInvited, InvitationAnswered
from apps.comments.events import CommentFact, CommentMentioned, CommentReplied
from apps.follows.events import UserFollowed
from apps.notifications.broadcasting import fan_out_call
from apps.notifications.jobs import deliver, deliver_count
from apps.notifications.kinds import compose
from apps.notifications.telling import tell
from apps.pulls.events import (
    PullApproved,
    PullCommented,
    PullFact,
    PullMerged,
    PullOpened,
    PullRejected,
)
from apps.stories.events import StoryMilestone, StoryPublished
from apps.users.events import BadgeEarned
from storychain.events import subscribes
from storychain.queues.jobs import JobCall


@subscribes(ChapterAdded)
def tell_of_growth(event: ChapterAdded) -> Iterator[JobCall]:
    """A chapter is told to who wrote the one before it, to whose story it is, and to followers.

    Once to each, and not to its own author.
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
    yield fan_out_call(
        cause=f"chapter:{event.chapter_slug}",
        story_slug=event.story_slug,
        person_id=event.author_id,
        news=payload,
    )


@subscribes(StoryPublished)
def tell_of_story(event: StoryPublished) -> Iterator[JobCall]:
    """A new story is told to who follows whoever started it."""
    yield fan_out_call(
        cause=f"story:{event.story_slug}",
        story_slug=event.story_slug,
        person_id=event.creator_id,
        news=compose(
            "story_published",
            story_slug=event.story_slug,
            story_title=event.story_title,
            actor_id=event.creator_id,
        ),
    )


@subscribes(UserFollowed)
def tell_of_follower(event: UserFollowed) -> Iterator[JobCall]:
    """A follower is told to whom he follows, the first time that he does."""
    key = f"follow:{event.follower_id}:{event.user_id}"
    yield tell(event.user_id, key, "new_follower", actor_id=event.follower_id)


@subscribes(CollaboratorInvited)
def tell_invited(event: CollaboratorInvited) -> Iterator[JobCall]:
    """An invitation is told to who was invited, once a day however often he is asked."""
    yield tell(
        event.user_id,
        f"invited:{event.story_slug}:{event.user_id}:{event.invited_at:%Y-%m-%d}",
        "collab_invitation",
        story_slug=event.story_slug,
        story_title=event.story_title,
        role=event.role,
        actor_id=event.invited_by,
    )


@subscribes(InvitationAnswered)
def tell_inviter(event: InvitationAnswered) -> Iterator[JobCall]:
    """The answer to an invitation is told to who waits for it."""
    yield tell(
        event.invited_by,
        f"answered:{event.story_slug}:{event.user_id}:{event.invited_at.timestamp():.3f}",
        f"collab_invitation_{'approved' if event.is_accepted else 'rejected'}",
        story_slug=event.story_slug,
        story_title=event.story_title,
        actor_id=event.user_id,
    )


@subscribes(BadgeEarned)
def tell_of_badge(event: BadgeEarned) -> Iterator[JobCall]:
    """A badge is told to who has earned it."""
    key = f"badge:{event.user_id}:{event.badge}"
    yield tell(event.user_id, key, "badge_earned", badge=event.title)


@subscribes(ChapterLiked)
def tell_of_likes(event: ChapterLiked) -> Iterator[JobCall]:
    """Upvotes are told to the chapter's author, in one notification until he reads it."""
    group = f"notice:liked:{event.chapter_slug}:{event.author_id}"
    yield deliver_count.call(
        job_id=f"{group}:{event.counted_at.timestamp():.6f}",
        user_id=event.author_id,
        kind="chapter_upvote",
        group=group,
        total=event.upvotes,
        more=event.more,
        counted_at=event.counted_at,
        related={
            "story_slug": event.story_slug,
            "story_title": event.story_title,
            "chapter_slug": event.chapter_slug,
            "chapter_title": event.chapter_title,
        },
    )


@subscribes(StoryMilestone)
def tell_milestone(event: StoryMilestone) -> Iterator[JobCall]:
    """A milestone is told to who started the story, once."""
    yield tell(
        event.creator_id,
        f"milestone:{event.story_slug}:{event.what}:{event.count}",
        "story_milestone",
        story_slug=event.story_slug,
        story_title=event.story_title,
        count=event.count,
        what=event.what,
    )


@subscribes(CommentReplied)
def tell_answered(event: CommentReplied) -> Iterator[JobCall]:
    """A reply is told to who is answered."""
    yield from _tell_of_comment(event, "comment_reply", [event.user_id])


@subscribes(CommentMentioned)
def tell_mentioned(event: CommentMentioned) -> Iterator[JobCall]:
    """A comment is told to those whom it names."""
    yield from _tell_of_comment(event, "comment_mention", event.user_ids)


@subscribes(PullOpened)
def tell_reviewers(event: PullOpened) -> Iterator[JobCall]:
    """A pull request is told to those who may review it."""
    yield from _tell_of_pull(event, "pr_opened", set(event.reviewer_ids))


@subscribes(PullApproved)
def tell_approved(event: PullApproved) -> Iterator[JobCall]:
    """Its approval is told to its author."""
    yield from _tell_of_pull(event, "pr_approved", {event.author_id})


@subscribes(PullRejected)
def tell_rejected(event: PullRejected) -> Iterator[JobCall]:
    """So is that somebody has closed it."""
    yield from _tell_of_pull(event, "pr_rejected", {event.author_id})


@subscribes(PullMerged)
def tell_merged(event: PullMerged) -> Iterator[JobCall]:
    """And that it was merged."""
    yield from _tell_of_pull(event, "pr_merged", {event.author_id})


@subscribes(PullCommented)
def tell_commented(event: PullCommented) -> Iterator[JobCall]:
    """What is said about it is told to its author and to who is answered."""
    concerned = {event.author_id, event.parent_author_id}
    yield from _tell_of_pull(event, "pr_commented", concerned, comment_id=event.comment_id)


@subscribes(ChapterFlagged)
def tell_moderators(event: ChapterFlagged) -> Iterator[JobCall]:
    """A chapter that is to be looked at is told to its story's moderators."""
    payload = compose(
        "chapter_flagged",
        story_slug=event.story_slug,
        story_title=event.story_title,
        chapter_slug=event.chapter_slug,
        chapter_title=event.chapter_title,
    )
    for user_id in event.moderator_ids:
        key = f"notice:flagged:{event.chapter_slug}:{event.flagged_at.timestamp():.3f}:{user_id}"
        yield deliver.call(job_id=key, userId=user_id, **payload)


def _tell_of_comment(event: CommentFact, kind: str, concerned: list[str]) -> Iterator[JobCall]:
    """Tell these of a comment, each once whatever it is to him."""
    payload = compose(
        kind,
        story_slug=event.story_slug,
        story_title=event.story_title,
        chapter_slug=event.chapter_slug,
        chapter_title=event.chapter_title,
        comment_id=event.comment_id,
        actor_id=event.actor_id,
    )
    for user_id in concerned:
        key = f"notice:comment:{event.comment_id}:{user_id}"
        yield deliver.call(job_id=key, userId=user_id, **payload)


def _tell_of_pull(
    event: PullFact, kind: str, concerned: set[str | None], **more: str
) -> Iterator[JobCall]:
    """Tell these of a step in a pull request's timeline, once each, but not who took it."""
    payload = compose(
        kind,
        story_slug=event.story_slug,
        story_title=event.story_title,
        pull_id=event.pull_id,
        pull_title=event.pull_title,
        actor_id=event.actor_id,
        **more,
    )
    for user_id in sorted(concerned - {event.actor_id, None}):
        key = f"notice:pull:{event.pull_id}:{event.number}:{user_id}"
        yield deliver.call(job_id=key, userId=user_id, **payload)
