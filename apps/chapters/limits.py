"""What binds both what comes in and what is stored of a chapter."""

from datetime import timedelta

CONTENT_LENGTH = (50, 80_000)
MOST_BRANCHES = 10
MOST_LINKS = 10
"""Across the tree, of one chapter; an import may bring more."""
NAMELESS = "…"
"""What is written on the way to a chapter whose words were taken away."""
FLAG_REPORTS, FLAG_SCORE = 5, -10
"""From so many reports, or so low a score, its story's moderators are to look at a chapter."""
MOST_VERSIONS = 2**31 - 1
STATUSES = ("draft", "published", "removed")
PUBLISHED_AT_ONCE = 500
DROPPED_AT_ONCE = 25
LONGEST_WAIT = timedelta(days=366)
MOST_WAITING = 20
"""Of one person below co-author in one story; so many of one's own are shown beside it."""
READABLE = ("published", "removed")
EDIT_TYPES = ("manual_edit", "pr_merge", "rollback", "moderation", "import")
AUTOSAVE_KINDS = ("root_chapter", "new_chapter", "update_chapter")
