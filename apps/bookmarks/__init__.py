"""Bookmarks: chapters that somebody put on one of his shelves, with a note, for himself alone.

Read documents.py, then services.py (writes and rules) and queries.py (his list of them).
"""
