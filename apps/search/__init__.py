"""Search: stories, chapters, people and tags, found by words in any script.

Read words (from a text to words), lexemes (from words to what stands in the index and what is asked
of it), engines (the index: SQLite's FTS5 or PostgreSQL's), sources and services (from MongoDB into
the index), following and subscriptions (how a write leads there), then queries (a page of results).
"""
