"""What stands between a pull request and its merge; nothing here reads a database."""

from collections.abc import Iterator
from typing import NamedTuple

from apps.chapters.documents import Chapter
from apps.pulls.documents import PullRequest
from apps.pulls.limits import UNDECIDED


class Blocker(NamedTuple):
    """One thing that stands against a merge; `user_id` is who can take it away, if it is one."""

    code: str
    user_id: str | None = None


def find_blockers(pull: PullRequest, *, base: Chapter | None) -> Iterator[Blocker]:
    """Yield what stands against merging it, onto its base chapter as that is now."""
    if pull.is_draft:
        yield Blocker("draft", pull.author_id)
    for reviewer_id in pull.approvals.blockers:
        yield Blocker("changes_requested", reviewer_id)
    if base is None or base.status == "removed":
        yield Blocker("base_removed")
    elif pull.kind == "edit" and base.version != pull.base_version:
        yield Blocker("base_moved", pull.author_id)


def can_merge(pull: PullRequest, *, base: Chapter | None) -> bool:
    """Tell whether the rules let it be merged: enough approvals, and nothing against it."""
    is_free = next(find_blockers(pull, base=base), None) is None
    return pull.status in UNDECIDED and pull.is_endorsed and is_free


def may_see(*, is_draft: bool, author_id: str, user_id: str | None, is_reviewer: bool) -> bool:
    """Tell whether a reader of the story sees it: a draft is its author's and its reviewers'."""
    return not is_draft or is_reviewer or (user_id is not None and user_id == author_id)
