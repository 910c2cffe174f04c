"""Comments: what readers say below a chapter, in threads.

Read documents.py, then services.py (writes and rules) and queries.py (the cached lists).
"""
