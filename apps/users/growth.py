"""What a person's work comes to: points (xp), a level by points, badges at thresholds.

All three follow from what is counted of him, so they can be worked out anew at any time:

    xp    = 50 a published story + 20 a chapter + 5 more where it branches off + 10 a merged pull
            request + 2 an upvote; what was imported is somebody's earlier work and gives none
    level = the highest n with 50 n (n - 1) <= xp: 2 at 100, 3 at 300, 4 at 600, 10 at 4,500

Downvotes take nothing: they would be a weapon. What is deleted gives its points back; a badge that
was earned stays.
"""

from collections.abc import Mapping
from math import isqrt
from typing import NamedTuple

POINTS = {
    "stories_published": 50,
    "chapters_written": 20,
    "branches_created": 5,
    "pulls_merged": 10,
    "total_upvotes": 2,
}
STEP = 50
Stats = Mapping[str, int]


class Badge(NamedTuple):
    """What somebody has who has come to `least` of what is counted; `name` is stored."""

    name: str
    title: str
    of: str
    least: int


BADGES = (
    Badge("first-chapter", "First chapter", "chapters_written", 1),
    Badge("ten-chapters", "Ten chapters", "chapters_written", 10),
    Badge("hundred-chapters", "A hundred chapters", "chapters_written", 100),
    Badge("storyteller", "Storyteller", "stories_published", 1),
    Badge("ten-stories", "Ten stories", "stories_published", 10),
    Badge("branch-keeper", "Branch keeper", "branches_created", 10),
    Badge("first-merge", "Merged for the first time", "pulls_merged", 1),
    Badge("well-liked", "Well liked", "total_upvotes", 10),
    Badge("beloved", "Beloved", "total_upvotes", 100),
)


def points_of(stats: Stats) -> int:
    """Return the xp of somebody of whom this is counted; what is missing counts as 0."""
    own = _own(stats)
    return sum(points * own.get(name, 0) for name, points in POINTS.items())


def level_of(xp: int) -> int:
    """Return the level at this many points, from 1."""
    return (1 + isqrt(1 + 4 * (max(xp, 0) // STEP))) // 2


def badges_of(stats: Stats) -> list[Badge]:
    """Return the badges whose threshold is reached, in the order of the table."""
    own = _own(stats)
    return [badge for badge in BADGES if own.get(badge.of, 0) >= badge.least]


def _own(stats: Stats) -> dict[str, int]:
    imported = stats.get("chapters_imported", 0)
    return {**stats, "chapters_written": stats.get("chapters_written", 0) - imported}
