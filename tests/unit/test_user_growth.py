"""Points, levels and badges: what the counts come to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.users.documents import UserStats
from apps.users.growth import BADGES, POINTS, badges_of, level_of, points_of

COUNTS = st.dictionaries(st.sampled_from(sorted(UserStats._fields)), st.integers(0, 10_000))


@pytest.mark.parametrize(
    ("xp", "level"),
    [(-5, 1), (0, 1), (99, 1), (100, 2), (299, 2), (300, 3), (599, 3), (600, 4), (4500, 10)],
)
def test_a_level_begins_at_its_points(xp: int, level: int) -> None:
    assert level_of(xp) == level


@given(st.integers(0, 10**9))
def test_the_level_is_the_highest_whose_points_are_there(xp: int) -> None:
    n = level_of(xp)
    assert 50 * n * (n - 1) <= xp < 50 * (n + 1) * n


def test_what_is_counted_comes_to_its_points() -> None:
    stats = {
        "stories_created": 7,
        "stories_published": 2,
        "chapters_written": 12,
        "chapters_imported": 10,
        "branches_created": 1,
        "pulls_merged": 1,
        "total_upvotes": 3,
        "total_downvotes": 50,
    }
    assert points_of(stats) == 2 * 50 + 2 * 20 + 5 + 10 + 3 * 2
    assert points_of({}) == 0


@given(COUNTS, COUNTS)
def test_points_add_up_so_that_they_can_be_counted_in_place(
    some: dict[str, int], more: dict[str, int]
) -> None:
    both = {name: some.get(name, 0) + more.get(name, 0) for name in some | more}
    assert points_of(both) == points_of(some) + points_of(more)


def test_a_badge_comes_at_its_threshold_and_all_of_them_can_be_reached() -> None:
    assert len({badge.name for badge in BADGES}) == len(BADGES)
    assert {badge.of for badge in BADGES} <= set(POINTS)
    for badge in BADGES:
        assert badge not in badges_of({badge.of: badge.least - 1})
        assert badge in badges_of({badge.of: badge.least})
    assert badges_of({"chapters_written": 100, "chapters_imported": 100}) == []
