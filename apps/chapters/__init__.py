"""Chapters: a story's tree of texts. Never nested: each node names its parent and its way down.

Read documents (shape and mutations), services (writes and rules), queries (cached reads).
"""
