"""What binds both what comes in and what is stored of an event."""

from datetime import timedelta

# What clients may tell, each counted under its own name. Others are told by our own code alone, and
# so can be relied on: nothing that ranks or reports reading may count one of these.
EVENTS = (
    "page_view",
    "story_view",
    "chapter_read",
    "chapter_finished",
    "choice_made",
    "ending_reached",
    "search",
    "share",
)
READ = "read_qualified"  # our own code's: a chapter read, by a reader on a day (ADR 98)
VIEW = "story_view"
SOURCE = r"[a-z0-9][a-z0-9._-]{0,39}"
MOST_SOURCES = 20  # of a story and day
NAME = r"^[a-z][a-z0-9_]{0,63}$"
MOST_EVENTS = 100
MOST_BYTES = 1024  # of an event's properties: anybody may send some, and they are kept for long
DEEPEST = 5
LONGEST_NAME = 64
# Events are cleared away after 90 days (apps/maintenance/schedule.py), the figures of their days
# stay: a day that is counted anew without its events would lose what it has.
RECOUNTED = timedelta(days=30)
OLDEST, AHEAD = timedelta(hours=24), timedelta(minutes=5)
