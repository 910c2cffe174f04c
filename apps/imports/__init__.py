"""Stories from files: plain-text novels, Markdown and Twee 3.

Read shapes.py (what a file becomes) and errors.py (why one is refused); then reading.py (from bytes
to a story) with the three parsers behind it: novel.py, markdown.py, twee.py. services.py keeps the
result.
"""
