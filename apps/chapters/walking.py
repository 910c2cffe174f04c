"""A story's texts in reading order, streamed: what an export or an index reads."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from apps.chapters.documents import Chapter
from apps.chapters.limits import READABLE
from apps.chapters.pages import ChoiceView

BATCH = 100


class ChapterText(msgspec.Struct, frozen=True, kw_only=True):
    """A chapter with its text and its place."""

    slug: str
    parent_slug: str | None
    depth: int
    title: str
    content: str
    author_id: str
    status: str
    is_ending: bool
    choices: list[ChoiceView]


def list_reading_order(*, story_slug: str, path_to: str | None = None) -> list[str]:
    """Return the slugs of a story's readable chapters, depth first, branches in their order.

    With `path_to`, only that chapter and its ancestors, from the root down.
    """
    return _path(story_slug, path_to) if path_to else _whole_tree(story_slug)


def find_break(*, story_slug: str, path: Sequence[str]) -> str | None:
    """Return the first of these slugs that no reader comes to from the one before; else None.

    A path begins with the root, and each chapter on it is a child or a choice of the last.
    """
    ways: set[str | None] = {None}
    for start in range(0, len(path), BATCH):
        batch = path[start : start + BATCH]
        found = Chapter.objects(slug__in=batch, status__in=READABLE).only(
            "slug", "story_slug", "parent_slug", "choices"
        )
        steps = {chapter.slug: chapter for chapter in found if chapter.story_slug == story_slug}
        last = path[start - 1] if start else None
        for slug in batch:
            step = steps.get(slug)
            if step is None or (step.parent_slug != last and slug not in ways):
                return slug
            ways, last = {choice.chapter_slug for choice in step.choices}, slug
    return None


def read_texts(*, slugs: Sequence[str]) -> Iterator[ChapterText]:
    """Yield these chapters in this order, a batch of texts at a time; what is gone is left out."""
    for start in range(0, len(slugs), BATCH):
        batch = slugs[start : start + BATCH]
        texts = {c.slug: c for c in Chapter.objects(slug__in=batch, status__in=READABLE)}
        yield from (_text(texts[slug]) for slug in batch if slug in texts)


def _path(story_slug: str, slug: str) -> list[str]:
    readable = Chapter.objects(slug=slug, story_slug=story_slug, status__in=READABLE)
    chapter = readable.only("ancestor_slugs").first()
    return [*chapter.ancestor_slugs, slug] if chapter else []


def _whole_tree(story_slug: str) -> list[str]:
    children: dict[str | None, list[tuple[int, str]]] = defaultdict(list)
    nodes = Chapter.objects(story_slug=story_slug, status__in=READABLE)
    for node in nodes.only("slug", "parent_slug", "branch_index"):
        children[node.parent_slug].append((node.branch_index, node.slug))
    order, stack = [], [slug for _, slug in sorted(children[None], reverse=True)]
    while stack:
        slug = stack.pop()
        order.append(slug)
        stack.extend(child for _, child in sorted(children[slug], reverse=True))
    return order


def _text(chapter: Chapter) -> ChapterText:
    return ChapterText(
        slug=chapter.slug,
        parent_slug=chapter.parent_slug,
        depth=chapter.depth,
        title=chapter.title,
        content=chapter.content,
        author_id=chapter.author_id,
        status=chapter.status,
        is_ending=chapter.is_ending,
        choices=[ChoiceView(c.text, c.chapter_slug) for c in chapter.choices],
    )
