"""Reading: how far somebody has come in stories, and what a story is to him beside its pages.

Read documents.py, then services.py (heartbeats), history.py (what he sees of it), and queries.py
(the overlay of a story, which other features have a part in).
"""
