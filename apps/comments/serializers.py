"""Wire shapes in: a comment, new or in other words, and which replies are asked for."""

from rest_framework import serializers

from apps.comments.limits import TEXT_LENGTH


class CommentEdit(serializers.Serializer):
    """What the comment says from now on, as Markdown; @username tells that member of it."""

    content = serializers.CharField(min_length=1, max_length=TEXT_LENGTH)


class NewComment(CommentEdit):
    """A comment; `parent_id` is the one that it answers."""

    parent_id = serializers.CharField(max_length=40, required=False)


class CommentFilter(serializers.Serializer):
    """Which comments a list shows: without `parent` those that answer none."""

    parent = serializers.CharField(max_length=40, required=False)
