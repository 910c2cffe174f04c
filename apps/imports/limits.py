"""How much one import may bring."""

from apps.chapters.limits import CONTENT_LENGTH
from apps.stories.limits import DEEPEST

LARGEST_FILE = 20_000_000  # bytes
MOST_LINES = 500_000
MOST_CHAPTERS = 10_000
DEEPEST_CHAPTER = DEEPEST
# Every chapter names all above it. More of these names than that would not fit into one unit of
# work; a straight chain of the deepest kind has 500,500.
MOST_ANCESTORS = 750_000
LONGEST_CHAPTER = CONTENT_LENGTH[1]  # characters; what is longer becomes several
SHORTEST_TITLE, LONGEST_TITLE = 3, 200
LONGEST_LABEL = 300
MOST_TAGS, LONGEST_TAG = 20, 40
