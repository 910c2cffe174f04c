"""What goes stale when the index changes: every page of results, as any may gain from it."""

from storychain.cache.tags import tag

SEARCH = tag("search", "index")
"""Whatever was found; whoever writes the index bumps it after his commit."""
