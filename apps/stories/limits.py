"""What binds both what comes in and what is stored of a story."""

STATUSES = ("draft", "published", "archived", "deleted")
RATINGS = ("all_ages", "general", "teen", "young_adult", "mature", "r18", "r18g")
DEFAULT_DEPTH, DEEPEST = 50, 1000
