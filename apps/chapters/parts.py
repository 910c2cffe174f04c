"""What a chapter holds besides its own text and place."""

from mongoengine import fields

from storychain.documents import EmbeddedDocument, StringField


class Choice(EmbeddedDocument):
    """A labelled way on: to a child, or across to a chapter elsewhere in the tree."""

    text = StringField(required=True, max_length=300)
    chapter_slug = StringField(required=True)


class ChapterStats(EmbeddedDocument):
    """Counted in place."""

    reads = fields.IntField(default=0)
    unique_readers = fields.IntField(default=0)
    completions = fields.IntField(default=0)
    went_on = fields.IntField(default=0)  # of its readers, those who have read any that follows
    total_read_time = fields.IntField(default=0)
    comments = fields.IntField(default=0)
    child_branches = fields.IntField(default=0)
    reports = fields.IntField(default=0)  # open ones, and those that were upheld


class ChapterVotes(EmbeddedDocument):
    """Counted in place."""

    up = fields.IntField(default=0)
    down = fields.IntField(default=0)
    score = fields.IntField(default=0)
