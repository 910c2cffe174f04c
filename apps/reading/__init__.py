"""Reading: what a story is to one reader, beside the pages that are the same for all.

Read queries.
"""
