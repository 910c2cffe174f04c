"""A whole tree at once, as an import brings it: no limits of length, breadth or day."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from apps.chapters.documents import Chapter
from apps.chapters.parts import ChapterStats, Choice
from apps.chapters.text import count_words
from apps.stories.documents import Story
from apps.stories.slugs import make_slug
from apps.users.services import count_work
from storychain.documents import unit_of_work

BATCH = 200


@dataclass(frozen=True, kw_only=True)
class TreeNode:
    """A chapter to be: its parent and the targets of its choices are positions in the sequence."""

    title: str
    content: str
    parent: int | None = None
    choices: Sequence[tuple[str, int]] = field(default=())
    is_ending: bool = False
    slug_hint: str = ""


@unit_of_work
def plant_tree(
    *,
    story: Story,
    author_id: str,
    nodes: Sequence[TreeNode],
    now: datetime,
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Insert a story's chapters, parents before children; `progress` hears how many more stand.

    The first node is the root. A child that none of its parent's choices names gets one by its
    title, so that every chapter can be reached by reading.
    """
    chapters = _grow(nodes, story_slug=story.slug, author_id=author_id, now=now)
    branches = sum(chapter.branch_index > 0 for chapter in chapters)
    Story.grow(slug=story.slug, chapters=len(chapters), branches=branches, contributors=1, now=now)
    count_work(user_id=author_id, chapters=len(chapters), imported=len(chapters))
    for start in range(0, len(chapters), BATCH):
        batch = chapters[start : start + BATCH]
        Chapter.plant(batch)
        progress(len(batch))


def _grow(
    nodes: Sequence[TreeNode], *, story_slug: str, author_id: str, now: datetime
) -> list[Chapter]:
    chapters: list[Chapter] = []
    for number, node in enumerate(nodes, start=1):
        parent = chapters[node.parent] if node.parent is not None else None
        chapters.append(
            Chapter(
                slug=make_slug(
                    node.slug_hint or node.title, fallback="chapter", longest=40, tail=8
                ),
                story_slug=story_slug,
                author_id=author_id,
                number=number,
                title=node.title,
                content=node.content,
                word_count=count_words(node.content),
                is_ending=node.is_ending,
                edit_type="import",
                is_import=True,
                created_at=now,
                updated_at=now,
                **_place_below(parent),
            )
        )
    _lay_ways(nodes, chapters)
    return chapters


def _place_below(parent: Chapter | None) -> dict[str, object]:
    if parent is None:
        return {"depth": 0, "branch_index": 0}
    branch = parent.next_branch
    parent.next_branch += 1
    parent.stats = ChapterStats(child_branches=parent.next_branch)
    return {
        "parent_slug": parent.slug,
        "depth": parent.depth + 1,
        "branch_index": branch,
        "ancestor_slugs": [*parent.ancestor_slugs, parent.slug],
    }


def _lay_ways(nodes: Sequence[TreeNode], chapters: Sequence[Chapter]) -> None:
    for node, chapter in zip(nodes, chapters, strict=True):
        chapter.choices = [
            Choice(text=text, chapter_slug=chapters[to].slug) for text, to in node.choices
        ]
    for position, node in enumerate(nodes):
        if node.parent is None or any(to == position for _, to in nodes[node.parent].choices):
            continue
        child = chapters[position]
        chapters[node.parent].choices.append(Choice(text=child.title, chapter_slug=child.slug))
