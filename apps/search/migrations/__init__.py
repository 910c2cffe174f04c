"""The index, in SQL."""
