"""Commands of the feature "search"."""
