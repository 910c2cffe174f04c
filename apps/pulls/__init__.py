"""Pull requests: what somebody proposes for a story's tree, and what its team makes of it.

Here a new child chapter comes in, as a chapter or as a pull request. Read documents (the shape, and
what follows from reviews and votes), services (opened, edited, closed), reviewing (reviewed,
discussed, voted on), merging (taken over, once), withholding (taken from readers), then queries and
threads (what readers see).
"""
