"""What is stored of a chapter, and every mutation of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mongoengine import fields

from apps.chapters.limits import EDIT_TYPES, MOST_BRANCHES, NAMELESS, STATUSES
from apps.chapters.parts import ChapterStats, ChapterVotes, Choice
from apps.users.limits import ORPHAN_ID
from storychain.documents import Document, StringField


class Chapter(Document):
    """One node of a story's tree.

    `branch_index` numbers the children of a parent and is never given twice, as the parent's
    `next_branch` only goes up. `number` numbers a story's chapters as they came. The unique index
    on (story, parent, branch) also holds a story to one root, whose parent is absent and whose
    branch is 0.

    A draft stands nowhere yet: its branch (until then one below 0, by its number), the way to it,
    labelled `choice_text`, its place among the others and what it counts for come when it appears:
    at `publish_at`, if it has one, or when it is told.
    """

    slug = StringField(primary_key=True, max_length=80)
    story_slug = StringField(required=True)
    parent_slug = StringField()
    ancestor_slugs = fields.ListField(StringField())
    depth = fields.IntField(required=True)
    branch_index = fields.IntField(default=-1)
    next_branch = fields.IntField(default=0)
    number = fields.IntField(required=True)
    author_id = StringField(required=True)
    title = StringField(default="", max_length=200)
    content = StringField(default="")
    word_count = fields.IntField(default=0)
    choices = fields.EmbeddedDocumentListField(Choice)
    votes = fields.EmbeddedDocumentField(ChapterVotes, default=ChapterVotes)
    stats = fields.EmbeddedDocumentField(ChapterStats, default=ChapterStats)
    status = StringField(default="published", choices=STATUSES)
    is_ending = fields.BooleanField(default=False)
    comments_locked = fields.BooleanField(default=False)
    is_flagged = fields.BooleanField(default=False)
    is_cleared = fields.BooleanField(default=False)  # a moderator has looked: votes flag no more
    is_import = fields.BooleanField(default=False)
    version = fields.IntField(default=1)
    edited_by = StringField()
    edit_reason = StringField(default="", max_length=500)
    edit_type = StringField(default="manual_edit", choices=EDIT_TYPES)
    publish_at = fields.DateTimeField()
    choice_text = StringField(max_length=300)
    pull_id = StringField()
    turns = fields.IntField(default=0)  # how often others have held it
    created_at = fields.DateTimeField(required=True)
    updated_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "chapters",
        "indexes": [
            {"fields": ["story_slug", "parent_slug", "branch_index"], "unique": True},
            {"fields": ["story_slug", "number"], "unique": True},
            {"fields": ["pull_id"], "unique": True, "sparse": True},  # merged once
            ["story_slug", "choices.chapter_slug"],
            ["story_slug", "author_id", "status", "-updated_at"],
            ["story_slug", "status", "-created_at", "-slug"],
            ["author_id", "status"],
            {"fields": ["edited_by"], "sparse": True},
            "created_at",
            ["status", "publish_at"],
        ],
    }

    def revise(
        self, *, changes: dict[str, Any], editor_id: str, reason: str, edit_type: str, now: datetime
    ) -> bool:
        """Keep the text as it was as a version of its own, then take over the given fields.

        What changes nothing makes no version; tell whether it did.
        """
        if all(getattr(self, name) == value for name, value in changes.items()):
            return False
        ChapterVersion.of(self).save(force_insert=True)
        for name, value in changes.items():
            setattr(self, name, value)
        self.version += 1
        self.edited_by, self.edit_reason, self.edit_type = editor_id, reason, edit_type
        self.updated_at = now
        self.save()
        return True

    @property
    def is_placed(self) -> bool:
        """Whether it has a branch; so has a draft of the days when they held one as they waited."""
        return bool(self.branch_index >= 0)

    @property
    def is_full(self) -> bool:
        """Whether it has as many branches as it may."""
        return bool(self.stats.child_branches >= MOST_BRANCHES)

    def take_branch(self) -> bool:
        """Take its parent's next branch, with the way to it; tell whether there was one to take.

        It is to be saved then.
        """
        room = {"stats__child_branches__lt": MOST_BRANCHES, "status": "published"}
        before = Chapter.objects(slug=self.parent_slug, **room).modify(
            inc__next_branch=1,
            inc__stats__child_branches=int(not self.is_placed),
            push__choices=self.way,
        )
        if before:
            self.branch_index = before.next_branch
        return before is not None

    @property
    def way(self) -> Choice:
        """The way from its parent to it."""
        return Choice(text=self.choice_text or self.title, chapter_slug=self.slug)

    def relabel(self, label: str) -> None:
        """Label the way to it anew: of several from its parent the first, which is its own.

        The way stands with the parent, or will once a draft appears; the text stays as it is.
        """
        self.choice_text = label
        self.save()
        parent = Chapter.objects(slug=self.parent_slug, choices__chapter_slug=self.slug).first()
        if parent is not None:
            parent.lead(to=self.slug, text=label)

    @property
    def links(self) -> list[Choice]:
        """Its ways across the tree: those that lead to no child of its own."""
        below = Chapter.objects(story_slug=self.story_slug, parent_slug=self.slug).scalar("slug")
        children = set(below)
        return [way for way in self.choices if way.chapter_slug not in children]

    def lead(self, *, to: str, text: str) -> None:
        """Lead to a chapter by a way that says this; of several there the first says it."""
        way = self.choices.filter(chapter_slug=to).first()
        if way is None:
            self.choices.append(Choice(text=text, chapter_slug=to))
        else:
            way.text = text
        self.save()

    def lead_no_more(self, *, to: str) -> None:
        """Take every way to a chapter away."""
        self.choices = [way for way in self.choices if way.chapter_slug != to]
        self.save()

    @classmethod
    def hold(cls, *, slug: str) -> None:
        """Let whoever takes a chapter from its readers meanwhile begin again after us."""
        cls.objects(slug=slug).update_one(inc__turns=1)

    def wait(self, *, until: datetime | None, now: datetime) -> None:
        """Stay a draft until then; without a time, until somebody publishes it."""
        self.publish_at, self.updated_at = until, now
        self.save()

    def appear(self, *, number: int, now: datetime) -> None:
        """Be there for readers, for whom it begins now; its branch is taken before."""
        self.status, self.publish_at, self.number = "published", None, number
        self.created_at = self.updated_at = now
        self.save()

    def lock_comments(self, *, is_locked: bool) -> None:
        """Close its discussion, or open it again."""
        self.comments_locked = is_locked
        self.save()

    def empty(self, *, now: datetime) -> None:
        """Take the text away and leave the node, so that what hangs below stays readable.

        Its other words go as well: what labels the way to it, and its links across the tree.
        """
        ChapterVersion.forget(self.slug)
        links = self.links
        self.choices = [way for way in self.choices if way not in links]
        self.title = self.content = ""
        self.word_count, self.status, self.updated_at = 0, "removed", now
        self.save()
        if self.parent_slug:
            self.relabel(NAMELESS)

    def drop(self) -> Chapter | None:
        """Take a leaf out of the tree, with every way that leads to it.

        Return its parent as it is then, if that has lost a branch.
        """
        ChapterVersion.forget(self.slug)
        above = Chapter.objects(slug=self.parent_slug or "")
        parent = above.modify(dec__stats__child_branches=1, new=True) if self.is_placed else None
        Chapter.objects(story_slug=self.story_slug, choices__chapter_slug=self.slug).update(
            pull__choices__chapter_slug=self.slug
        )
        self.delete()
        return parent

    @classmethod
    def count(cls, *, slug: str, counts: Mapping[str, int]) -> Chapter | None:
        """Add to what is counted of a chapter, by names such as `votes__up`; return it then."""
        more = {f"inc__{name}": n for name, n in counts.items()}
        counted: Chapter | None = cls.objects(slug=slug).modify(**more, new=True)
        return counted

    def flag(self) -> None:
        """Mark it for the story's moderators to look at."""
        Chapter.objects(slug=self.slug).update_one(set__is_flagged=True)

    @classmethod
    def clear(cls, *, slug: str) -> None:
        """Take the mark away, as a moderator has looked and found nothing."""
        cls.objects(slug=slug).update_one(
            set__is_flagged=False, set__is_cleared=True, set__stats__reports=0
        )

    @classmethod
    def orphan(cls, *, user_id: str, most: int) -> int:
        """Leave up to `most` chapters behind whose author is gone; return how many."""
        return int(cls.objects(author_id=user_id).at_most(most).update(set__author_id=ORPHAN_ID))

    @classmethod
    def forget_editor(cls, user_id: str, *, most: int) -> int:
        """Forget that somebody was the last to edit up to `most` chapters; return how many."""
        return int(cls.objects(edited_by=user_id).at_most(most).update(set__edited_by=ORPHAN_ID))

    @classmethod
    def erase(cls, *, story_slug: str, most: int) -> list[str]:
        """Delete up to `most` chapters of a story that goes as a whole; return which."""
        slugs = [row.slug for row in cls.objects(story_slug=story_slug).only("slug").limit(most)]
        if slugs:
            ChapterVersion.objects(chapter_slug__in=slugs).delete()
            cls.objects(slug__in=slugs).delete()
        return slugs

    @classmethod
    def plant(cls, chapters: Sequence[Chapter]) -> None:
        """Insert many chapters at once."""
        cls.objects.insert(list(chapters), load_bulk=False)


class ChapterVersion(Document):
    """A chapter's text as it was before an edit; the current one stands in the chapter itself."""

    chapter_slug = StringField(required=True)
    version = fields.IntField(required=True)
    title = StringField(default="")
    content = StringField(default="")
    edited_by = StringField()
    edit_reason = StringField(default="")
    edit_type = StringField(choices=EDIT_TYPES)
    edited_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "chapter_versions",
        "indexes": [{"fields": ["chapter_slug", "version"], "unique": True}, "edited_by"],
    }

    @classmethod
    def of(cls, chapter: Chapter) -> ChapterVersion:
        """Return what the chapter says now, unsaved."""
        return cls(
            chapter_slug=chapter.slug,
            version=chapter.version,
            title=chapter.title,
            content=chapter.content,
            edited_by=chapter.edited_by or chapter.author_id,
            edit_reason=chapter.edit_reason,
            edit_type=chapter.edit_type,
            edited_at=chapter.updated_at,
        )

    @classmethod
    def find(cls, chapter: Chapter, *, version: int) -> ChapterVersion | None:
        """Return a version of a chapter, the current one or an earlier one."""
        if version == chapter.version:
            return cls.of(chapter)
        if version > chapter.version:  # it may be larger than any number that MongoDB knows
            return None
        return cls.objects(chapter_slug=chapter.slug, version=version).first()

    @classmethod
    def forget_editor(cls, user_id: str, *, most: int) -> int:
        """Forget that somebody wrote up to `most` versions; return how many."""
        return int(cls.objects(edited_by=user_id).at_most(most).update(set__edited_by=ORPHAN_ID))

    @classmethod
    def forget(cls, chapter_slug: str) -> None:
        """Take away what a chapter said before: its text goes with it."""
        cls.objects(chapter_slug=chapter_slug).delete()
