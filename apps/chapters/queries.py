"""What readers see of chapters. Every read is cached; invalidation.py says until when."""

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from apps.access.rules import Action, may
from apps.chapters import keys
from apps.chapters.documents import Chapter
from apps.chapters.errors import ChapterNotFound
from apps.chapters.invalidation import chapter_list_tag, chapter_page_tags, chapter_tag
from apps.chapters.limits import READABLE
from apps.chapters.pages import (
    ChapterListPage,
    ChapterPage,
    ChapterRef,
    ChapterRow,
    ChoiceView,
    NodeView,
    TreePage,
)
from apps.chapters.text import estimate_minutes, render_html
from apps.stories.invalidation import story_tag, tree_tag
from apps.stories.queries import Opened
from apps.users.pages import AuthorRef
from apps.users.queries import list_authors
from storychain.api.keyset import cut_page
from storychain.api.pagination import decode_cursor
from storychain.cache.region import Cached, Region, depends_on
from storychain.errors import NotFound

TREES = Region(
    "story.tree", ttl="STORY_TREE", type=TreePage, finds=("user",), reads=("chapters", "users")
)
LISTS = Region(
    "chapter.list",
    ttl="STORY_TREE",
    type=ChapterListPage,
    finds=("user",),
    reads=("chapters", "users"),
)
OF_ONE: dict[str, Any] = {
    "ttl": "CHAPTER_DETAIL",
    "type": ChapterPage,
    "finds": ("user",),
    "reads": ("chapters", "users"),
}
PAGES, DRAFTS = Region("chapter.detail", **OF_ONE), Region("chapter.draft", **OF_ONE)


class Shown(NamedTuple):
    """A chapter's page, and who may be given the same one."""

    page: Cached[ChapterPage]
    audience: Literal["public", "private"]


def get_tree(*, story_slug: str) -> Cached[TreePage]:
    """Return a story's whole tree, without the texts."""
    return TREES.get_or_load(
        keys.story_tree(story_slug),
        tags=[story_tag(story_slug), tree_tag(story_slug)],
        load=lambda: _load_tree(story_slug),
    )


def list_chapters(*, story_slug: str, limit: int, cursor: str | None) -> Cached[ChapterListPage]:
    """Return one page of a story's chapters in the order in which they came."""
    scope = keys.chapter_list(story_slug)
    after = decode_cursor(scope, cursor)
    return LISTS.get_or_load(
        keys.chapter_list(story_slug, limit=limit, after=after),
        tags=[story_tag(story_slug), chapter_list_tag(story_slug)],
        load=lambda: _load_list(story_slug, limit, scope, after[0] if after else 0),
    )


def get_chapter(*, story_slug: str, slug: str) -> Cached[ChapterPage]:
    """Return a chapter as its readers see it; raise ChapterNotFound."""
    return PAGES.get_or_load(
        keys.chapter_detail(story_slug, slug),
        tags=chapter_page_tags(story_slug=story_slug, slug=slug),
        load=lambda: _load_chapter(story_slug, slug, READABLE),
    )


def open_chapter(opened: Opened, *, slug: str) -> Shown:
    """Return a chapter to who may read its story: a draft only if it is his to change.

    Raise ChapterNotFound for any other's draft, as for what is not there.
    """
    try:
        return Shown(get_chapter(story_slug=opened.facts.slug, slug=slug), opened.audience)
    except NotFound:
        if opened.standing.user_id is None:
            raise
    draft = _get_draft(story_slug=opened.facts.slug, slug=slug)
    is_author = draft.value.author.user_id == opened.standing.user_id
    if is_author or may(Action.EDIT_ANY_CHAPTER, standing=opened.standing, facts=opened.facts):
        return Shown(draft, "private")
    raise ChapterNotFound


def list_named(slugs: Iterable[str]) -> dict[str, ChapterRef]:
    """Return those of these chapters that readers have; inside a load it depends on them."""
    wanted = sorted(set(slugs))
    depends_on(*map(chapter_tag, wanted))
    found = Chapter.objects(slug__in=wanted, status__in=READABLE).only("title") if wanted else ()
    return {chapter.slug: ChapterRef(chapter.slug, chapter.title) for chapter in found}


def _get_draft(*, story_slug: str, slug: str) -> Cached[ChapterPage]:
    return DRAFTS.get_or_load(
        keys.chapter_draft(story_slug, slug),
        tags=chapter_page_tags(story_slug=story_slug, slug=slug),
        load=lambda: _load_chapter(story_slug, slug, ("draft",)),
    )


def _readable(story_slug: str) -> Any:
    return Chapter.objects(story_slug=story_slug, status__in=READABLE).order_by("number")


def _load_tree(story_slug: str) -> TreePage:
    chapters = list(_readable(story_slug).exclude("content", "ancestor_slugs", "choices"))
    authors = list_authors(c.author_id for c in chapters)
    return TreePage(
        story_slug=story_slug,
        nodes=[NodeView(author_id=authors[c.author_id].user_id, **_place(c)) for c in chapters],
        authors={author.user_id: author for author in authors.values()},
    )


def _load_list(story_slug: str, limit: int, scope: str, after: int) -> ChapterListPage:
    found = _readable(story_slug).filter(number__gt=after).exclude("content").limit(limit + 1)
    page = cut_page(list(found), limit=limit, scope=scope, place=lambda c: [c.number])
    authors = list_authors(c.author_id for c in page.rows)
    return ChapterListPage(
        items=[ChapterRow(**_row(c, authors[c.author_id])) for c in page.rows],
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


def _load_chapter(story_slug: str, slug: str, statuses: tuple[str, ...]) -> ChapterPage:
    chapter = Chapter.objects(slug=slug, story_slug=story_slug, status__in=statuses).first()
    if chapter is None:
        raise ChapterNotFound
    authors = list_authors([chapter.author_id])
    return ChapterPage(
        **_row(chapter, authors[chapter.author_id]),
        story_slug=story_slug,
        ancestor_slugs=list(chapter.ancestor_slugs),
        content=chapter.content,
        html=render_html(chapter.content),
        reading_minutes=estimate_minutes(chapter.word_count),
        choices=[ChoiceView(c.text, c.chapter_slug) for c in chapter.choices],
        version=chapter.version,
        upvotes=chapter.votes.up,
        downvotes=chapter.votes.down,
        comments=chapter.stats.comments,
        comments_locked=chapter.comments_locked,
        created_at=chapter.created_at,
        publish_at=chapter.publish_at,
        is_flagged=chapter.is_flagged,
    )


def _row(chapter: Chapter, author: AuthorRef) -> dict[str, Any]:
    return {
        **_place(chapter),
        "author": author,
        "number": chapter.number,
        "updated_at": chapter.updated_at,
    }


def _place(chapter: Chapter) -> dict[str, Any]:
    return {
        "slug": chapter.slug,
        "parent_slug": chapter.parent_slug,
        "depth": chapter.depth,
        "branch_index": max(chapter.branch_index, -1),
        "title": chapter.title,
        "status": chapter.status,
        "is_ending": chapter.is_ending,
        "word_count": chapter.word_count,
        "score": chapter.votes.score,
    }
