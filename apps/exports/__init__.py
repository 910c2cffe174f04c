"""A story as a file to keep: asked for, made by a job, fetched by an expiring link.

Read documents.py, services.py, then rendering.py and what it stands on: manuscript.py (a story as
one stream of Markdown tokens), cleaning.py (nothing in them but text), and the two writers
markdown.py and pandoc_tree.py.
"""
