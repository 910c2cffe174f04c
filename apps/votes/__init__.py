"""Votes: who is for or against a story, a chapter or a comment; one vote a person and subject.

Read documents.py, then services.py; storychain/counters.py says how votes are counted.
"""
