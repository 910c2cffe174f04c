"""Stories: what they are called, how they are set, where they stand in their life.

Read documents (shape and mutations), services (writes and rules), queries (cached reads).
"""
