"""What binds both what comes in and what is stored of a person."""

USERNAME_LENGTH = (3, 30)
ORPHAN_ID, ORPHAN_NAME = "~deleted", "deleted user"
"""Who stands beside the works of those who are gone; nobody can have this id or name."""

RESERVED_NAMES = frozenset(
    ("admin", "administrator", "moderator", "staff", "storychain", "support", "system")
)
EMAIL_LENGTH = 254
BIO_LENGTH = 500
REASON_LENGTH = 500
"""Of why somebody is banned; he is told."""
DIGESTS = ("never", "daily", "weekly")
THEMES = ("system", "light", "dark")
SESSION_STATUSES = ("active", "ended", "revoked")
