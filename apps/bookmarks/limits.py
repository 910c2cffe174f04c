"""What binds both what comes in and what is stored of a bookmark."""

SHELVES = ("reading", "later", "finished", "dropped")
NOTE_LENGTH = 500
