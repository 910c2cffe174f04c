"""What binds a reader's sittings, and how much of them is shown at once."""

from datetime import timedelta

SILENCE = timedelta(seconds=40)  # a heartbeat comes every 30 s: a longer gap was no reading
QUALIFIES = 20  # seconds of one stay at a chapter
LONGEST_PATH = 100
MOST_ENDINGS = 100
LONGEST_SESSION_ID = 64
MOST_NAMED = 100  # chapters, or comments, of which a reader's own side is asked at once
