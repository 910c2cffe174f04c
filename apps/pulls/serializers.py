"""Wire shapes in: what somebody proposes, and what others say about it."""

from typing import Any

from rest_framework import serializers

from apps.chapters.limits import MOST_VERSIONS
from apps.chapters.serializers import ContentField
from apps.pulls.limits import (
    HIGHEST_THRESHOLD,
    KINDS,
    LABEL_LENGTH,
    LONGEST_WINDOW,
    MOST_LABELS,
    MOST_REQUIRED,
    STATUSES,
    TEXT_LENGTH,
    TITLE_LENGTH,
    VERDICTS,
)
from storychain.api.fields import LineField

NEEDED = "An edit needs this: which chapter it changes, and the version that it was made on."
PARENT_NEEDED = "A new chapter needs this: the chapter that it follows."
NOT_OF_KIND = "A pull request of this kind has none."
OF_EDIT, OF_NEW = ("chapter_slug", "base_version"), ("parent_slug", "choice_text")


class AutoApproveInput(serializers.Serializer):
    """Approval by votes; what is not named stays as it is."""

    enabled = serializers.BooleanField(required=False)
    threshold = serializers.IntegerField(min_value=1, max_value=HIGHEST_THRESHOLD, required=False)
    time_window = serializers.IntegerField(min_value=1, max_value=LONGEST_WINDOW, required=False)


class TextInput(serializers.Serializer):
    """What a pull request says of itself, and the text that it proposes.

    `chapter_title` is the title of it if not given, or what the edited chapter has.
    """

    title = LineField(min_length=1, max_length=TITLE_LENGTH)
    description = serializers.CharField(max_length=TEXT_LENGTH, allow_blank=True, required=False)
    chapter_title = LineField(min_length=1, max_length=200, required=False)
    content = ContentField()
    choice_text = LineField(max_length=300, required=False)
    is_ending = serializers.BooleanField(required=False)
    is_draft = serializers.BooleanField(required=False)
    base_version = serializers.IntegerField(min_value=1, max_value=MOST_VERSIONS, required=False)


class PullInput(TextInput):
    """A new pull request: below `parent_slug`, or for an edit of `chapter_slug`."""

    kind = serializers.ChoiceField(choices=KINDS)
    parent_slug = serializers.CharField(max_length=80, required=False)
    chapter_slug = serializers.CharField(max_length=80, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what its kind does not have, and ask for what it must have."""
        is_edit = attrs["kind"] == "edit"
        needed, odd = (OF_EDIT, OF_NEW) if is_edit else (OF_NEW[:1], OF_EDIT)
        why = NEEDED if is_edit else PARENT_NEEDED
        faults = {name: [why] for name in needed if name not in attrs}
        faults |= {name: [NOT_OF_KIND] for name in odd if name in attrs}
        if faults:
            raise serializers.ValidationError(faults)
        return attrs


class PullEdit(TextInput):
    """Any part of it, by its author; what it takes to be merged, by a moderator."""

    required_approvals = serializers.IntegerField(
        min_value=1, max_value=MOST_REQUIRED, required=False
    )
    auto_approve = AutoApproveInput(required=False)


class PullFilter(serializers.Serializer):
    """Which of a story's pull requests a list shows; `drafts` shows drafts, to reviewers."""

    status = serializers.ChoiceField(choices=STATUSES, required=False)
    kind = serializers.ChoiceField(choices=KINDS, required=False)
    drafts = serializers.BooleanField(required=False)


class ReviewInput(serializers.Serializer):
    """A verdict, and why."""

    verdict = serializers.ChoiceField(choices=VERDICTS)
    summary = serializers.CharField(max_length=TEXT_LENGTH, allow_blank=True, required=False)


class CommentInput(serializers.Serializer):
    """A comment; `parent_id` is the one that it answers."""

    content = serializers.CharField(min_length=1, max_length=TEXT_LENGTH)
    parent_id = serializers.CharField(max_length=40, required=False)


class PullVoteInput(serializers.Serializer):
    """For (1) or against (-1)."""

    value = serializers.ChoiceField(choices=[1, -1])


class LabelsInput(serializers.Serializer):
    """All labels that it has from now on."""

    labels = serializers.ListField(child=LineField(max_length=LABEL_LENGTH), max_length=MOST_LABELS)


class MergeInput(serializers.Serializer):
    """`force` merges without approvals and against reviews; co-authors may."""

    force = serializers.BooleanField(required=False)
