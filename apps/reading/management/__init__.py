"""Commands of the feature "reading"."""
