"""What binds both what comes in and what is stored of a vote."""

KINDS = ("story", "chapter", "comment")
MOST_SHOWN = 1_000
