"""What readers see of pull requests. Pages are cached; invalidation.py says until when."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from apps.access.queries import list_standings
from apps.access.rules import REVIEWER, Action, may
from apps.chapters.documents import Chapter
from apps.chapters.invalidation import chapter_tag
from apps.chapters.text import render_html
from apps.pulls import keys
from apps.pulls.documents import PullRequest, facet
from apps.pulls.errors import PullNotFound
from apps.pulls.invalidation import pull_tag, story_pulls_tag
from apps.pulls.limits import UNDECIDED
from apps.pulls.pages import (
    ApprovalsView,
    AutoApproveView,
    BlockerView,
    PullListPage,
    PullPage,
    PullRow,
    VotesView,
)
from apps.pulls.policy import can_merge, find_blockers, may_see
from apps.stories.queries import Opened, open_story
from apps.users.pages import AuthorRef
from apps.users.queries import list_authors
from storychain.api.keyset import Slice, read_latest
from storychain.api.pagination import decode_cursor
from storychain.cache.region import Cached, Region, depends_on
from storychain.errors import NotFound

PAGES = Region(
    "pull.detail",
    ttl="PULL_REQUEST",
    type=PullPage,
    finds=("user", "chapter"),
    reads=("pull_requests", "chapters", "users"),
)
LISTS = Region(
    "pull.list",
    ttl="PULL_REQUEST",
    type=PullListPage,
    finds=("user",),
    reads=("pull_requests", "users"),
)


class OpenedPull(NamedTuple):
    """A pull request that the caller may see, and its story."""

    page: Cached[PullPage]
    story: Opened

    @property
    def audience(self) -> Any:
        """Who may be given the same page."""
        return "private" if self.page.value.is_draft else self.story.audience


def open_pull_page(*, pull_id: str, user_id: str | None) -> OpenedPull:
    """Return a pull request's page to who may see it; raise PullNotFound as if it were not there.

    It is as open as its story, and a draft is only its author's and its reviewers'.
    """
    page = get_pull(pull_id=pull_id)
    shown = page.value
    try:
        facts, standing = opened = open_story(slug=shown.story_slug, user_id=user_id)
    except NotFound:
        raise PullNotFound from None
    if not may_see(
        is_draft=shown.is_draft,
        author_id=shown.author.user_id,
        user_id=user_id,
        is_reviewer=may(Action.REVIEW_PULL, standing=standing, facts=facts),
    ):
        raise PullNotFound
    return OpenedPull(page, opened)


def get_pull(*, pull_id: str) -> Cached[PullPage]:
    """Return a pull request's page, whoever asks; raise PullNotFound."""
    return PAGES.get_or_load(
        keys.pull_detail(pull_id), tags=[pull_tag(pull_id)], load=lambda: _load_page(pull_id)
    )


def list_pull_titles(pull_ids: Iterable[str], *, user_id: str) -> dict[str, str]:
    """Return what these pull requests are called, "" if withheld, but for drafts closed to him.

    Inside a load it depends on that. Whether somebody may read their stories is not asked here.
    """
    wanted = sorted(set(pull_ids))
    depends_on(*map(pull_tag, wanted))
    rows = PullRequest.objects(pull_id__in=wanted).only(*_NAMED_BY) if wanted else ()
    found = {pull.pull_id: pull for pull in rows}
    closed = _list_closed([pull for pull in found.values() if pull.is_draft], user_id)
    return {pull_id: pull.title for pull_id, pull in found.items() if pull_id not in closed}


def _list_closed(drafts: Sequence[PullRequest], user_id: str) -> set[str]:
    """Return which of these drafts somebody may not see."""
    if not drafts:
        return set()
    slugs = sorted({pull.story_slug for pull in drafts})
    standings = list_standings(story_slugs=slugs, user_id=user_id)
    return {
        pull.pull_id
        for pull in drafts
        if not may_see(
            is_draft=True,
            author_id=pull.author_id,
            user_id=user_id,
            is_reviewer=standings[pull.story_slug].rank >= REVIEWER,
        )
    }


def list_story_pulls(
    *,
    story_slug: str,
    limit: int,
    cursor: str | None,
    status: str | None = None,
    kind: str | None = None,
    drafts: bool = False,
) -> Cached[PullListPage]:
    """Return one page of a story's pull requests, newest first: those that are ready, or drafts."""
    shape = {"status": status, "kind": kind, "drafts": drafts}
    scope = keys.pull_list(story_slug, **shape)
    after = decode_cursor(scope, cursor)
    wanted = facet(status=status, kind=kind, is_draft=drafts)
    found = PullRequest.objects(story_slug=story_slug, facets=wanted)
    return LISTS.get_or_load(
        keys.pull_list(story_slug, **shape, limit=limit, after=after),
        tags=[story_pulls_tag(story_slug)],
        load=lambda: _show_list(_read(found, scope, limit, after)),
    )


def list_my_pulls(*, user_id: str, limit: int, cursor: str | None) -> PullListPage:
    """Return one page of what somebody proposes, newest first; never from a cache."""
    scope = f"pulls-mine:{user_id}"
    mine = PullRequest.objects(author_id=user_id)
    return _show_list(_read(mine, scope, limit, decode_cursor(scope, cursor)))


def list_undecided(*, story_slug: str, user_id: str, limit: int) -> list[PullRow]:
    """Return what somebody proposes to a story and nobody has decided, newest first."""
    mine = PullRequest.objects(author_id=user_id, story_slug=story_slug, status__in=UNDECIDED)
    return _show_list(_read(mine, "", limit, None)).items


def _read(found: Any, scope: str, limit: int, after: list[Any] | None) -> Slice[Any]:
    rows = found.exclude("content", "description")
    return read_latest(rows, order="created_at", limit=limit, scope=scope, after=after)


def _show_list(page: Slice[Any]) -> PullListPage:
    people = list_authors(pull.author_id for pull in page.rows)
    return PullListPage(
        items=[PullRow(**_row(pull, people)) for pull in page.rows],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


def _load_page(pull_id: str) -> PullPage:
    pull = PullRequest.objects(pull_id=pull_id).first()
    if pull is None:
        raise PullNotFound
    depends_on(chapter_tag(pull.base_slug))
    found = Chapter.objects(slug=pull.base_slug, story_slug=pull.story_slug)
    base = found.only("version", "status").first()
    ended = {pull.merged_by, pull.closed_by} - {None}
    people = list_authors({pull.author_id, *pull.approvals.blockers, *ended})
    return PullPage(
        **_row(pull, people),
        description=pull.description,
        chapter_title=pull.chapter_title,
        content=pull.content,
        html=render_html(pull.content),
        choice_text=pull.choice_text,
        is_ending=pull.is_ending,
        base_version=pull.base_version,
        version=pull.version,
        votes=show_votes(pull),
        auto_approve=_from_document(pull.auto_approve, AutoApproveView),
        blockers=_show_blockers(pull, base, people),
        can_merge=can_merge(pull, base=base),
        merged_by=people.get(pull.merged_by),
        merged_at=pull.merged_at,
        closed_by=people.get(pull.closed_by),
        closed_at=pull.closed_at,
    )


def show_votes(pull: PullRequest) -> VotesView:
    """Return what all votes come to."""
    return _from_document(pull.votes, VotesView)


def _show_blockers(
    pull: PullRequest, base: Chapter | None, people: dict[str, AuthorRef]
) -> list[BlockerView]:
    """What is over is stopped by nothing."""
    if pull.status in ("closed", "merged"):
        return []
    blockers = find_blockers(pull, base=base)
    return [BlockerView(found.code, people.get(found.user_id)) for found in blockers]


def _row(pull: PullRequest, people: dict[str, AuthorRef]) -> dict[str, Any]:
    counts = pull.approvals
    is_automatic = pull.auto_approve.granted_at is not None
    return {
        "id": pull.pull_id,
        "author": people[pull.author_id],
        "labels": list(pull.labels),
        "score": pull.votes.score,
        "approvals": ApprovalsView(counts.required, counts.received, is_automatic),
        **{name: getattr(pull, name) for name in _PLAIN},
    }


_NAMED_BY = ("title", "is_draft", "author_id", "story_slug")
_PLAIN = (
    "story_slug",
    "kind",
    "chapter_slug",
    "parent_slug",
    "title",
    "status",
    "is_draft",
    "is_withheld",
    "word_count",
    "comments",
    "created_at",
    "updated_at",
)


def _from_document(document: Any, shape: type[Any]) -> Any:
    return msgspec.convert(document, shape, from_attributes=True)
