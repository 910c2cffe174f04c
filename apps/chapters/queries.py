"""What readers see of chapters. Every read is cached; invalidation.py says until when."""

from typing import Any

from apps.chapters import keys
from apps.chapters.documents import Chapter
from apps.chapters.errors import ChapterNotFound
from apps.chapters.invalidation import chapter_list_tag, chapter_page_tags
from apps.chapters.limits import READABLE
from apps.chapters.pages import (
    ChapterListPage,
    ChapterPage,
    ChapterRow,
    ChoiceView,
    NodeView,
    TreePage,
)
from apps.chapters.text import estimate_minutes, render_html
from apps.stories.invalidation import story_tag, tree_tag
from apps.users.pages import AuthorRef
from apps.users.queries import list_authors
from storychain.api.keyset import cut_page
from storychain.api.pagination import decode_cursor
from storychain.cache.region import Cached, Region

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
PAGES = Region(
    "chapter.detail",
    ttl="CHAPTER_DETAIL",
    type=ChapterPage,
    finds=("user",),
    reads=("chapters", "users"),
)


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
        load=lambda: _load_chapter(story_slug, slug),
    )


def _readable(story_slug: str) -> Any:
    return Chapter.objects(story_slug=story_slug, status__in=READABLE).order_by("number")


def _load_tree(story_slug: str) -> TreePage:
    chapters = list(_readable(story_slug).exclude("content", "ancestor_slugs", "choices"))
    return TreePage(
        story_slug=story_slug,
        nodes=[NodeView(author_id=c.author_id, **_place(c)) for c in chapters],
        authors=list_authors(c.author_id for c in chapters),
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


def _load_chapter(story_slug: str, slug: str) -> ChapterPage:
    chapter = Chapter.objects(slug=slug, story_slug=story_slug, status__in=READABLE).first()
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
        created_at=chapter.created_at,
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
        "branch_index": chapter.branch_index,
        "title": chapter.title,
        "status": chapter.status,
        "is_ending": chapter.is_ending,
        "word_count": chapter.word_count,
        "score": chapter.votes.score,
    }
