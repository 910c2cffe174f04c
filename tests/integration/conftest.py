"""Integration tests find every unique index in place, as after `manage.py up`."""

import pytest


@pytest.fixture(autouse=True)
def indexes(fresh_names: str) -> None:
    """Create the indexes of the test's own database."""
    from storychain.documents import ensure_indexes

    ensure_indexes()
