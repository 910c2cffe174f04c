"""What can be wrong with a pull request, or with what somebody wants to do with it."""

from storychain.errors import Conflict, Forbidden, NotFound


class PullNotFound(NotFound):
    """There is no pull request of this id, or the caller may not know of it."""

    code, title = "pull-not-found", "There is no such pull request"


class PullForbidden(Forbidden):
    """The caller sees the pull request, but may not do this with it."""

    code, title = "pull-forbidden", "You may not do this with this pull request"


class OwnPull(Forbidden):
    """Nobody judges what he proposes himself, unless the story is his."""

    code, title = "own-pull", "Others decide on what you propose"


class PullOver(Conflict):
    """The pull request is merged or closed."""

    code, title = "pull-over", "This pull request is over"


class PullWithheld(Conflict):
    """Its text was taken away; what became of it is all that is left."""

    code, title = "pull-withheld", "The text of this pull request was taken away"


class PullCommentNotFound(NotFound):
    """The pull request has no comment of this id, or no more."""

    code, title = "comment-not-found", "There is no such comment"


class ReviewNotFound(NotFound):
    """The pull request has no review of this id that says anything, or no more."""

    code, title = "review-not-found", "There is no such review, or it says nothing"


class NotClosed(Conflict):
    """Only what is closed can be opened again."""

    code, title = "pull-not-closed", "This pull request is not closed"


class NotMergeable(Conflict):
    """Approvals are missing, or something stands against it; `fields` says what."""

    code, title = "not-mergeable", "This pull request cannot be merged yet"


class TooNested(Conflict):
    """The thread is as deep as one may be."""

    code, title = "too-nested", "This thread goes no deeper"
