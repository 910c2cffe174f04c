"""Follows: people and stories that somebody wants to hear of.

Read documents.py, then services.py (following and its end), queries.py (the lists), counts.py (how
many there are). What followers hear is told by apps/notifications.
"""
