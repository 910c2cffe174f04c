"""What pull requests announce."""

from datetime import datetime

from storychain.events import Event


class PullFact(Event, frozen=True, kw_only=True):
    """Something that happened to a pull request.

    `number` is its place in the pull request's timeline, so (pull_id, number) names the fact.
    `actor_id` is who did it; nobody did what followed from votes.
    """

    pull_id: str
    pull_title: str
    story_slug: str
    story_title: str
    author_id: str
    number: int
    actor_id: str | None


class PullOpened(PullFact, frozen=True, kw_only=True):
    """A pull request is there to be reviewed, for the first time; drafts are not yet."""

    reviewer_ids: list[str]


class PullApproved(PullFact, frozen=True, kw_only=True):
    """A pull request has what it needs to be merged."""


class PullRejected(PullFact, frozen=True, kw_only=True):
    """A pull request was closed without being merged, perhaps by its author."""


class PullMerged(PullFact, frozen=True, kw_only=True):
    """A pull request has become a chapter, or a chapter's new version."""

    kind: str
    chapter_slug: str


class PullCommented(PullFact, frozen=True, kw_only=True):
    """Somebody said something about a pull request: a comment, or a review that does not approve.

    `parent_author_id` is who said what it answers, if it answers something.
    """

    comment_id: str
    parent_author_id: str | None = None


class PullTakenAway(PullFact, frozen=True, kw_only=True):
    """A moderator, here `actor_id`, has taken the words of another's pull request away."""

    taken_at: datetime


class PullCommentRemoved(PullFact, frozen=True, kw_only=True):
    """A moderator, here `actor_id`, has deleted what another, `user_id`, said about it."""

    comment_id: str
    user_id: str
    removed_at: datetime


class ReviewRemoved(PullFact, frozen=True, kw_only=True):
    """A moderator, here `actor_id`, has taken away what another, `user_id`, said in his review."""

    user_id: str
    removed_at: datetime


class JudgeTurned(Event, frozen=True, kw_only=True):
    """What somebody may judge in a story has changed; what he has judged waits to be weighed."""

    story_slug: str
    user_id: str
