"""The numbers of schedules; times are in seconds."""

DEFAULT_GRACE = 12 * 3600.0
DEFAULT_LONGEST = 600.0
MOST_MISSED = 2000
"""Slots of one schedule that are recorded as missed at once, the latest; older ones are told of."""
KEPT_DAYS = 90
REPLAYED_DAYS = 7
"""For how long a failed run may still be replayed and then counts as completed."""
