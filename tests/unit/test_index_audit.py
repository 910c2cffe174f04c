"""Which lists the audit of indexes lets pass: it is what holds every list to its index."""

import pytest

from tests.index_audit import Order, is_served

NEWEST: Order = [("created_at", -1), ("_id", -1)]
FULL: Order = [("creator_id", 1), ("is_listed", 1), *NEWEST]
HIS = {"creator_id": "x", "is_listed": True}


@pytest.mark.parametrize(
    ("found", "index"),
    [
        (HIS, FULL),
        (HIS, [FULL[1], FULL[0], *NEWEST]),
        (HIS, [*FULL[:2], ("created_at", 1), ("_id", 1)]),  # read backwards
        ({**HIS, "created_at": {"$lt": 5}}, FULL),
        ({"$and": [HIS, {"created_at": 5, "_id": {"$lt": "s"}}]}, FULL),
        ({"creator_id": "x", "is_listed": {"$in": [True]}}, [FULL[0], *NEWEST, FULL[1]]),
        (
            {"is_listed": True, "labels": {"$all": ["a"], "$nin": ["b"]}},
            [("is_listed", 1), ("labels", 1), *NEWEST],
        ),
        ({}, NEWEST),
    ],
)
def test_a_list_whose_index_holds_filter_and_order_passes(
    found: dict[str, object], index: Order
) -> None:
    assert is_served("stories", found, NEWEST, [{"key": index}])


@pytest.mark.parametrize(
    ("found", "index"),
    [
        (HIS, [FULL[0], *NEWEST]),  # nothing of is_listed
        (HIS, [FULL[0], *NEWEST, FULL[1]]),  # equal, but behind the order
        (HIS, FULL[:2]),  # nothing of the order
        (HIS, FULL[:3]),  # not all of it
        (HIS, [*FULL[:2], ("created_at", -1), ("_id", 1)]),  # another way
        (HIS, [*FULL[:2], *reversed(NEWEST)]),
        (HIS, [*FULL[:2], ("title", 1), *NEWEST]),
        ({"creator_id": "x", "is_listed": {"$in": [True]}}, FULL),  # two runs, each in order
        ({"$or": [{"creator_id": "x"}, {"is_listed": True}]}, FULL),
    ],
)
def test_a_list_that_its_index_leaves_to_be_filtered_or_sorted_fails(
    found: dict[str, object], index: Order
) -> None:
    assert not is_served("stories", found, NEWEST, [{"key": index}])


def test_a_partial_index_is_none_for_a_list() -> None:
    index = {"key": FULL, "partialFilterExpression": {"is_listed": True}}
    assert not is_served("stories", HIS, NEWEST, [index])


def test_what_is_read_in_vain_or_sorted_in_memory_is_named_with_its_list() -> None:
    recent: Order = [("last_activity_at", -1)]
    mine = {"team": "x", "is_listed": False}
    assert is_served("stories", mine, recent, [{"key": [("team", 1), *recent]}])
    assert not is_served("stories", mine, NEWEST, [{"key": [("team", 1), *NEWEST]}])
    team = {"story_slug": "s", "status": "accepted"}
    index = {"key": [("story_slug", 1), ("status", 1)]}
    assert is_served("collaborators", team, [("accepted_at", 1)], [index])
    assert not is_served("collaborators", team, [("invited_at", 1)], [index])
