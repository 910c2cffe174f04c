"""A pull request as a write finds it: nobody else's write of it comes in between."""

from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from apps.access.rules import CONTRIBUTOR, Action
from apps.chapters.documents import Chapter
from apps.pulls.documents import PullRequest
from apps.pulls.errors import OwnPull, PullForbidden, PullNotFound, PullOver, PullWithheld
from apps.pulls.events import PullApproved, PullFact
from apps.pulls.limits import UNDECIDED
from apps.pulls.policy import may_see
from apps.stories.documents import Story
from apps.stories.errors import StoryNotFound
from apps.stories.services import Held, open_for
from storychain.events import publish

F = TypeVar("F", bound=PullFact)


class HeldPull(NamedTuple):
    """A pull request, the story that it is for, and who wants something with it."""

    pull: PullRequest
    held: Held
    caller_id: str

    @property
    def is_own(self) -> bool:
        """Whether the caller proposes it himself."""
        return bool(self.pull.author_id == self.caller_id)

    @property
    def signature(self) -> str | None:
        """Under whose name the timeline tells it: who looks after the platform is not named."""
        is_named = self.is_own or self.held.standing.rank >= CONTRIBUTOR
        return self.caller_id if is_named else None

    def allows(self, action: Action) -> bool:
        """Tell whether the caller may do this in the story."""
        return self.held.allows(action)

    def refuse_unless(self, is_allowed: bool, why: str) -> None:  # noqa: FBT001 - reads as a sentence
        """Raise PullForbidden with the reason."""
        if not is_allowed:
            raise PullForbidden(why)

    def refuse_own(self) -> None:
        """Raise OwnPull if the caller would judge his own; the owner may judge anything."""
        if self.is_own and not self.allows(Action.RUN_TEAM):
            raise OwnPull

    def refuse_over(self) -> None:
        """Raise PullOver if it is decided."""
        if self.pull.status not in UNDECIDED:
            raise PullOver(f"It is {self.pull.status}.")

    def refuse_withheld(self) -> None:
        """Raise PullWithheld if its text was taken away."""
        if self.pull.is_withheld:
            raise PullWithheld

    def find_base(self) -> Chapter | None:
        """Return the chapter that it changes or stands below; None if that is gone."""
        found: Chapter | None = Chapter.objects(
            slug=self.pull.base_slug, story_slug=self.pull.story_slug
        ).first()
        return found

    def announce(self, fact: type[F], number: int, **more: Any) -> None:
        """Tell what has just been noted on the timeline under this number."""
        who = {"actor_id": self.caller_id, **more}
        publish(fact(**name_pull(self.pull, self.held.story), number=number, **who))


def hold_pull(*, pull_id: str, caller_id: str, action: Action = Action.READ) -> HeldPull:
    """Return a pull request for a caller who may do this; call it before anything else.

    Raise PullNotFound if he may not even see it, PullForbidden if he sees it but may not.
    """
    pull = PullRequest.hold(pull_id)
    if pull is None:
        raise PullNotFound
    try:
        found = HeldPull(
            pull, open_for(Action.READ, slug=pull.story_slug, caller_id=caller_id), caller_id
        )
    except StoryNotFound:
        raise PullNotFound from None
    is_reviewer = found.allows(Action.REVIEW_PULL)
    if not may_see(
        is_draft=pull.is_draft,
        author_id=pull.author_id,
        user_id=caller_id,
        is_reviewer=is_reviewer,
    ):
        raise PullNotFound
    found.refuse_unless(
        found.allows(action), f"Your part in this story does not allow this: {action.value}."
    )
    return found


def settle(pull: PullRequest, *, story: Story, was: str, now: datetime) -> None:
    """Store a pull request, and tell its author if it is approved by what was done."""
    pull.clean()
    is_new = pull.status == "approved" != was
    number = pull.note("approved", actor_id=None, now=now) if is_new else 0
    pull.save()
    if is_new:
        publish(PullApproved(**name_pull(pull, story), number=number, actor_id=None))


def name_pull(pull: PullRequest, story: Story) -> dict[str, str]:
    """Return what every fact about a pull request tells."""
    return {
        "pull_id": pull.pull_id,
        "pull_title": pull.title,
        "story_slug": pull.story_slug,
        "story_title": story.title,
        "author_id": pull.author_id,
    }
