"""After any write, every page that is cached is what its load would say: no rule is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from apps.chapters.queries import get_chapter, get_tree, list_chapters
from apps.stories.lists import StoryFilter, list_new, list_stories, list_user_stories
from apps.stories.queries import get_overview, get_settings, get_story_page
from apps.users.queries import get_profile
from storychain.cache.region import Cached
from storychain.documents import ensure_indexes, unit_of_work
from storychain.errors import NotFound
from tests.factories import chapter_body, published_story, sign_in, write_child


class Library:
    """An author, his story of two chapters, and every page of them."""

    def __init__(self) -> None:
        ensure_indexes()
        self.author = sign_in()
        self.story, self.root = published_story(self.author)
        self.child = write_child(self.author, self.story, self.root)

    def pages(self) -> dict[str, Callable[[], Cached[Any]]]:
        slug, user_id = self.story, str(self.author.user_id)
        return {
            "story": lambda: get_story_page(slug=slug),
            "overview": lambda: get_overview(slug=slug),
            "settings": lambda: get_settings(slug=slug),
            "tree": lambda: get_tree(story_slug=slug),
            "chapters": lambda: list_chapters(story_slug=slug, limit=20, cursor=None),
            "root": lambda: get_chapter(story_slug=slug, slug=self.root),
            "child": lambda: get_chapter(story_slug=slug, slug=self.child),
            "stories": lambda: list_stories(chosen=StoryFilter(), limit=20, cursor=None),
            "new": lambda: list_new(limit=20, cursor=None),
            "shelf": lambda: list_user_stories(user_id=user_id, limit=20, cursor=None),
            "profile": lambda: get_profile(user_id=user_id),
        }

    def stale(self) -> dict[str, Any]:
        """Return the pages that are not as their loads, with what both say."""
        found = {}
        for name, page in self.pages().items():
            shown, truth = _show(page), _show(unit_of_work(page))
            if shown != truth:
                found[name] = [
                    (key, shown.get(key), truth.get(key))
                    for key in shown | truth
                    if shown.get(key) != truth.get(key)
                ]
        return found


def _show(page: Callable[[], Cached[Any]]) -> dict[str, Any]:
    try:
        shown: dict[str, Any] = msgspec.json.decode(page().body)
    except NotFound as absent:
        return {"absent": absent.detail}
    return shown


def edit(library: Library, path: str, body: dict[str, Any]) -> Any:
    current = library.author.get(path)
    headers = {"If-Match": current["ETag"]} if current.has_header("ETag") else {}
    return library.author.patch(path, body, **headers)


def _story(library: Library) -> str:
    return f"/stories/{library.story}"


WRITES: dict[str, Callable[[Library], Any]] = {
    "title": lambda it: edit(it, _story(it), {"title": "The lantern"}),
    "settings": lambda it: edit(it, f"{_story(it)}/settings", {"genres": ["horror"]}),
    "chapter title": lambda it: edit(it, f"{_story(it)}/chapters/{it.child}", {"title": "Another"}),
    "chapter text": lambda it: edit(
        it, f"{_story(it)}/chapters/{it.child}", {"content": chapter_body()["content"][::-1]}
    ),
    "another chapter": lambda it: write_child(it.author, it.story, it.root),
    "another's chapter": lambda it: it.author.post(
        f"{_story(it)}/chapters/{it.child}/children", chapter_body()
    ),
    "another story": lambda it: published_story(it.author),
    "name": lambda it: edit(it, "/users/me", {"username": "somebody_else"}),
    "chapter gone": lambda it: it.author.delete(f"{_story(it)}/chapters/{it.child}"),
    "story gone": lambda it: it.author.delete(_story(it)),
}


@pytest.mark.parametrize("name", WRITES)
def test_after_a_write_every_page_is_its_load(name: str) -> None:
    library = Library()
    assert library.stale() == {}
    answer = WRITES[name](library)
    assert not hasattr(answer, "status_code") or answer.status_code < 400, answer.content
    assert library.stale() == {}
