"""Which drafts stay however old they are: those behind a pull request that is not decided."""

from collections.abc import Collection, Sequence
from typing import Any

from apps.chapters.autosaves import ChapterAutosave
from apps.chapters.cleanup import keeps_autosaves
from apps.pulls.documents import PullRequest
from apps.pulls.limits import UNDECIDED


@keeps_autosaves
def behind_open_pull(drafts: Sequence[ChapterAutosave]) -> Collection[Any]:
    """Spare the draft of somebody whose pull request for the same place is undecided."""
    writers = {draft.user_id for draft in drafts}
    pulls = PullRequest.objects(author_id__in=writers, status__in=UNDECIDED)
    places = {
        (p.author_id, p.story_slug, p.base_slug)
        for p in pulls.only("author_id", "story_slug", "kind", "chapter_slug", "parent_slug")
    }
    return {
        draft.pk
        for draft in drafts
        if (draft.user_id, draft.story_slug, draft.chapter_slug or draft.parent_slug) in places
    }
