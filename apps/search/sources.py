"""What things are found by, as MongoDB has them now."""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from apps.chapters.documents import Chapter
from apps.search.lexemes import OPEN, Text
from apps.stories.documents import Story, fold, label
from apps.users.documents import User

# A list that MongoDB hands out in batches of 16 MB rests between two of them for longer than the
# ten minutes that it is kept; these are indexed within a minute.
AT_A_TIME = 1_000
BEARERS = 200  # stories that are read at most for what some tags are called
FOUND_BY = ("slug", "title", "description", "tags", "labels", "settings", "status", "is_listed")


class Thing(NamedTuple):
    """Something that may be found: a story or chapter by its slug, a user by id, a tag folded."""

    kind: str
    key: str

    @classmethod
    def read(cls, name: str) -> "Thing":
        """Return the thing of a name as `str` writes it."""
        kind, _, key = name.partition(":")
        return cls(kind, key)

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}"


def read_texts(things: Collection[Thing]) -> dict[Thing, Text]:
    """Return what these are found by; those that nobody may find are left out."""
    keys = {kind: [t.key for t in things if t.kind == kind] for kind, _ in things}
    return {
        **_stories(keys.get("story", [])),
        **_chapters(keys.get("chapter", [])),
        **_users(keys.get("user", [])),
        **_tags(keys.get("tag", [])),
    }


def find_tags(keys: Collection[str]) -> dict[str, str]:
    """Return these tags as one of the public stories that bear each writes it.

    What no public story bears is left out. All are asked for at once; where a tag that very many
    bear keeps others out of the answer, these are asked for one by one.
    """
    found: dict[str, str] = {}
    rows = _bearers(keys).limit(BEARERS) if keys else ()
    for story in rows:
        _take_tags(story, keys, found)
    if len(rows) == BEARERS:
        for key in sorted(set(keys) - found.keys()):
            for story in _bearers([key]).limit(1):
                _take_tags(story, keys, found)
    return found


def walk_things() -> Iterator[Thing]:
    """Yield everything that may be found; what readers have had for longest comes first."""
    tags: dict[str, None] = {}
    for user in _stream(User.objects(clerk_id__gt="").only("clerk_id")):
        yield Thing("user", user.clerk_id)
    for is_listed in (False, True):
        stories = Story.objects(is_listed=is_listed).order_by("published_at", "slug")
        for story in _stream(stories.only("slug", "tags")):
            tags |= dict.fromkeys(map(fold, story.tags))
            yield Thing("story", story.slug)
    written = Chapter.objects(created_at__gt=datetime.min.replace(tzinfo=UTC))
    for chapter in _stream(written.order_by("created_at").only("slug")):
        yield Thing("chapter", chapter.slug)
    yield from (Thing("tag", tag) for tag in tags)


def count_things() -> int:
    """Return about how many there are, without the tags."""
    collections = (model._get_collection() for model in (User, Story, Chapter))  # noqa: SLF001 - mongoengine has no estimate
    return sum(collection.estimated_document_count() for collection in collections)


def walk_story(slug: str) -> Iterator[Thing]:
    """Yield a story and its chapters."""
    yield Thing("story", slug)
    for chapter in _stream(Chapter.objects(story_slug=slug).only("slug")):
        yield Thing("chapter", chapter.slug)


def _stream(query: Any) -> Any:
    return query.batch_size(AT_A_TIME).no_cache()


def _stories(slugs: list[str]) -> dict[Thing, Text]:
    return {Thing("story", s.slug): _text_of_story(s) for s in _read_stories(slugs).values()}


def _read_stories(slugs: Iterable[str]) -> dict[str, Story]:
    wanted = sorted(set(slugs))
    if not wanted:
        return {}
    found = Story.objects(slug__in=wanted, status__ne="deleted").only(*FOUND_BY)
    return {story.slug: story for story in found}


def _text_of_story(story: Story) -> Text:
    said = [story.description, *story.tags, *story.settings.genres]
    return Text(story.title, "\n".join(said), facts=[("kind", "story"), *_facts_of(story)])


def _chapters(slugs: list[str]) -> dict[Thing, Text]:
    if not slugs:
        return {}
    rows = Chapter.objects(slug__in=slugs, status="published")
    found = list(rows.only("slug", "story_slug", "title", "content"))
    stories = _read_stories(chapter.story_slug for chapter in found)
    return {
        Thing("chapter", chapter.slug): Text(
            chapter.title,
            body=chapter.content,
            facts=[("kind", "chapter"), *_facts_of(stories[chapter.story_slug])],
        )
        for chapter in found
        if chapter.story_slug in stories
    }


def _facts_of(story: Story) -> Iterator[tuple[str, str]]:
    """What a search may ask of a story and its chapters, by names that no label has."""
    yield "in", story.slug
    yield "status", story.status
    yield from (("label", one) for one in story.labels)
    if story.is_listed:
        yield OPEN, ""


def _users(ids: list[str]) -> dict[Thing, Text]:
    if not ids:
        return {}
    found = User.objects(clerk_id__in=ids, is_active=True).only("clerk_id", "username", "bio")
    facts = [("kind", "user"), (OPEN, "")]
    return {Thing("user", u.clerk_id): Text(u.username, u.bio, facts=facts) for u in found}


def _tags(keys: list[str]) -> dict[Thing, Text]:
    facts = [("kind", "tag"), (OPEN, "")]
    return {Thing("tag", key): Text(name, facts=facts) for key, name in find_tags(keys).items()}


def _bearers(keys: Collection[str]) -> Any:
    labels = sorted(label("tag", key) for key in keys)
    return Story.objects(is_listed=True, labels__in=labels).only("tags")


def _take_tags(story: Story, keys: Collection[str], found: dict[str, str]) -> None:
    for tag in story.tags:
        if (key := fold(tag)) in keys:
            found.setdefault(key, tag)
