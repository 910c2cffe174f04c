"""A story's newest chapters as an Atom feed (RFC 4287), for programs that look for news."""

import msgspec
import nh3
from django.conf import settings
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.text import Truncator

from apps.chapters import keys
from apps.chapters.documents import Chapter
from apps.chapters.invalidation import chapter_list_tag
from apps.chapters.text import render_html
from apps.stories.invalidation import story_tag
from apps.stories.queries import get_story_page
from apps.users.queries import list_authors
from storychain.cache.region import Cached, Region

NEWEST, SUMMARY_WORDS = 20, 80
FEEDS = Region(
    "story.feed",
    ttl="STORY_TREE",
    type=str,
    finds=("user", "tree"),
    reads=("stories", "chapters", "users"),
)


def get_feed(*, story_slug: str) -> Cached[str]:
    """Return a story's feed; `read_xml` is what is sent of it."""
    return FEEDS.get_or_load(
        keys.story_feed(story_slug),
        tags=[story_tag(story_slug), chapter_list_tag(story_slug)],
        load=lambda: _load(story_slug),
    )


def read_xml(page: Cached[str]) -> bytes:
    """Return the feed's XML, in UTF-8."""
    return msgspec.json.decode(page.body, type=str).encode()


def _load(story_slug: str) -> str:
    story = get_story_page(slug=story_slug).value
    published = Chapter.objects(story_slug=story_slug, status="published")
    chapters = list(published.order_by("-number").limit(NEWEST))
    authors = list_authors(chapter.author_id for chapter in chapters)
    feed = Atom1Feed(
        title=story.title,
        link=_url("story-detail", slug=story_slug),
        description=story.description,
        feed_url=_url("story-feed", slug=story_slug),
        author_name=story.author.username,
    )
    for chapter in chapters:
        place = _url("chapter-detail", slug=story_slug, chapter_slug=chapter.slug)
        feed.add_item(
            title=chapter.title,
            link=place,
            unique_id=place,
            description=_summarise(chapter.content),
            author_name=authors[chapter.author_id].username,
            pubdate=chapter.created_at,
            updateddate=chapter.updated_at,
        )
    return feed.writeString("utf-8")


def _summarise(content: str) -> str:
    """Return how a chapter begins, as HTML without any tag."""
    text = nh3.clean(render_html(content), tags=set())
    return Truncator(" ".join(text.split())).words(SUMMARY_WORDS, truncate=" …")


def _url(route: str, **names: str) -> str:
    return str(settings.PUBLIC_URL) + reverse(route, kwargs=names)
