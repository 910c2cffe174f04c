"""Autosaves: what somebody has written and not published yet, one draft a person and place.

The rows are those of chapters, which cleans them up. Read services (the rules), then queries.
"""
