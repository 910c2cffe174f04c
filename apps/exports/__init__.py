"""A story as a file to keep: asked for, made by a job, fetched by an expiring link.

Read documents.py, services.py, then rendering.py (one row a format) and what it stands on:
manuscript.py (a story as one stream of Markdown tokens), cleaning.py (nothing in them but text),
and the writers: markdown.py, twee.py; by way of trees.py and pandoc_tree.py epub.py (pandoc.py) and
pdf.py (typst_markup.py, book.typ; typesetting.py runs typesetter.py, confinement.py shuts it in).
"""
