"""People: accounts, how they show beside their works, platform roles.

Read documents, then services (writes) and queries (cached reads).
"""
