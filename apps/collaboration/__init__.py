"""Collaboration: who is asked into a story, comes, changes his part in it, and leaves.

The rows are those of access, which every permission depends on. Read services (the rules), then
queries (the team as readers see it).
"""
