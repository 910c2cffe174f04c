"""Who may do what with a story. It knows slugs only and asks nobody else.

Read rules first: the whole permission table is there.
"""
