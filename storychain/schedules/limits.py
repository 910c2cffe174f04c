"""The numbers of schedules; times are in seconds."""

DEFAULT_GRACE = 12 * 3600.0
MOST_GRACE = 6 * 24 * 3600.0
"""Less than the week for which a job's id is known, so that nothing tried again can run twice."""
DEFAULT_LONGEST = 600.0
MOST_MISSED = 2000
"""Slots of one schedule recorded at once, the latest; the oldest tells of any before it."""
KEPT_DAYS = 90
REPLAYED_DAYS = 7
"""For how long a failed run may still be replayed and then counts as completed."""
