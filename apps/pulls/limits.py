"""What binds both what comes in and what is stored of a pull request."""

KINDS = ("new_branch", "continuation", "edit")
STATUSES = ("open", "approved", "closed", "merged")
UNDECIDED = ("open", "approved")
VERDICTS = ("approve", "changes_requested", "feedback_only")
TITLE_LENGTH, TEXT_LENGTH, LABEL_LENGTH = 200, 2000, 40
MOST_LABELS = 10
NESTING = 5  # levels of a thread, the first among them
MOST_REQUIRED = 10
THRESHOLD, HIGHEST_THRESHOLD = 10, 10_000
WINDOW_DAYS, LONGEST_WINDOW = 7, 90
