"""What binds both what comes in and what is stored of a story."""

STATUSES = ("draft", "published", "archived", "deleted")
RATINGS = ("all_ages", "general", "teen", "young_adult", "mature", "r18", "r18g")
DEFAULT_DEPTH, DEEPEST = 50, 1000
MOMENTS = (
    "story_created",
    "story_edited",
    "story_published",
    "story_archived",
    "story_unarchived",
    "chapter_added",
    "chapter_edited",
    "chapter_relabelled",
    "chapter_linked",
    "chapter_unlinked",
    "chapter_rolled_back",
    "chapter_removed",
    "member_invited",
    "member_joined",
    "member_declined",
    "member_left",
    "member_removed",
    "role_changed",
    "member_banned",
    "ban_lifted",
)
"""What a story's timeline tells of; whoever does it notes it in the same unit of work."""
