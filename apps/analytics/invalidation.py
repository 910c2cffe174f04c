"""What goes stale when days are counted."""

from storychain.cache.tags import tag

DAYS = tag("days", "counted")
"""Whatever shows daily figures; whoever counts a day bumps it."""
