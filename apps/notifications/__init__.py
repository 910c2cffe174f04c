"""What happened that concerns somebody: kept for him, shown to him, gathered into a digest.

Read kinds.py (everything that is told, in one table), documents.py, then services.py (one notice
kept, marked as read) and digests.py; subscriptions.py says what causes one.
"""
