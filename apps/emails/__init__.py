"""Mails: four letters, each handed over once, within the limit, to who wants it.

Read letters.py (which there are and what they need), jobs.py (how one is sent), services.py (what a
worker does with it), then what that stands on: documents.py (what is known of each mail),
composing.py, links.py, transport.py over smtp.py.
"""
