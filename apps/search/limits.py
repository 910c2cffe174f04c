"""What binds both what is asked and what is kept for search."""

KINDS = ("story", "chapter", "user", "tag")
QUERY_LENGTH = (2, 100)
LONGEST_WORD = 40
MOST_STORIES = 200  # closed ones of the caller's that are searched with the public ones
