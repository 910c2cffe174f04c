"""What binds both what comes in and what is stored of reports, bans and appeals."""

SUBJECTS = ("story", "chapter", "comment", "pull", "user")
REASONS = (
    "spam",
    "harassment",
    "hate",
    "sexual_content",
    "violence",
    "self_harm",
    "plagiarism",
    "personal_data",
    "wrong_rating",
    "illegal",
    "other",
)
STATUSES = ("PENDING", "UNDER_REVIEW", "RESOLVED", "DISMISSED", "ESCALATED")
DECISIONS = STATUSES[1:]
CLOSED = ("RESOLVED", "DISMISSED")
QUEUES = ("story", "platform")
NOTE_LENGTH = 1000
STATEMENT_LENGTH = (10, 2000)
APPEAL_LENGTH = (20, 4000)
DECIDED_AT_ONCE = 100  # reports of the same thing that one decision closes
ACTS = (
    "report_under_review",
    "report_resolved",
    "report_dismissed",
    "report_escalated",
    "flag_cleared",
    "story_taken_down",
    "story_restored",
    "chapter_removed",
    "comment_removed",
    "pull_withheld",
    "review_removed",
    "comments_locked",
    "comments_unlocked",
    "story_banned",
    "story_unbanned",
    "platform_banned",
    "platform_unbanned",
    "appeal_granted",
    "appeal_rejected",
    "role_assigned",
    "role_taken",
)
ROLES = ("PLATFORM_MODERATOR", "APPEAL_MODERATOR")  # SUPER_ADMIN is given on the command line
