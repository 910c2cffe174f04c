"""What binds both what comes in and what is stored of a comment."""

TEXT_LENGTH = 2000
NESTING = 5  # levels of a thread, the first among them
MOST_MENTIONS = 10
