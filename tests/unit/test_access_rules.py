"""The permission table, row by row: who may do what with which story."""

import pytest

from apps.access.rules import (
    CO_AUTHOR,
    CONTRIBUTOR,
    MODERATOR,
    OWNER,
    REVIEWER,
    Action,
    Standing,
    StoryFacts,
    may,
)

ANONYMOUS = Standing()
STRANGER = Standing(user_id="u")
PLATFORM = Standing(user_id="u", platform_role="PLATFORM_MODERATOR")
APPEALS = Standing(user_id="u", platform_role="APPEAL_MODERATOR")
RANKS = [CONTRIBUTOR, REVIEWER, MODERATOR, CO_AUTHOR, OWNER]


def facts(**changes: object) -> StoryFacts:
    """Return the facts of a published public story, with changes."""
    usual: dict[str, object] = {
        "slug": "s",
        "creator_id": "c",
        "status": "published",
        "is_public": True,
        "allow_branching": True,
        "require_approval": False,
        "allow_comments": True,
        "allow_voting": True,
    }
    return StoryFacts(**{**usual, **changes})  # type: ignore[arg-type]


def member(rank: int) -> Standing:
    """Return an accepted collaborator of this rank."""
    return Standing(user_id="u", rank=rank)


@pytest.mark.parametrize("who", [ANONYMOUS, STRANGER, PLATFORM, *map(member, RANKS)])
def test_everybody_reads_an_open_story(who: Standing) -> None:
    assert may(Action.READ, standing=who, facts=facts())


@pytest.mark.parametrize(
    "closed", [{"status": "draft"}, {"status": "archived"}, {"is_public": False}]
)
def test_a_closed_story_is_for_its_team_and_platform_moderators(closed: dict[str, object]) -> None:
    story = facts(**closed)
    readers = [
        who
        for who in (ANONYMOUS, STRANGER, APPEALS, PLATFORM, *map(member, RANKS))
        if may(Action.READ, standing=who, facts=story)
    ]
    assert readers == [PLATFORM, *map(member, RANKS)]


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("rank", [-1, *RANKS])
def test_nobody_does_anything_when_banned_or_deleted(action: Action, rank: int) -> None:
    banned = Standing(user_id="u", rank=rank, is_banned=True)
    assert not may(action, standing=banned, facts=facts())
    assert not may(action, standing=member(rank), facts=facts(status="deleted"))


@pytest.mark.parametrize(
    ("action", "least"),
    [
        (Action.SEE_SETTINGS, CONTRIBUTOR),
        (Action.EDIT, CO_AUTHOR),
        (Action.EDIT_ANY_CHAPTER, CO_AUTHOR),
        (Action.REMOVE_ANY_CHAPTER, CO_AUTHOR),
        (Action.ARCHIVE, CO_AUTHOR),
        (Action.DELETE, OWNER),
        (Action.REVIEW_PULL, REVIEWER),
        (Action.MERGE_PULL, MODERATOR),
        (Action.MODERATE_COMMENTS, MODERATOR),
        (Action.MODERATE, MODERATOR),
        (Action.FORCE_MERGE, CO_AUTHOR),
        (Action.WITHHOLD_PULL, MODERATOR),
    ],
)
def test_ranks_count_from_the_least_that_may(action: Action, least: int) -> None:
    allowed = [rank for rank in (-1, *RANKS) if may(action, standing=member(rank), facts=facts())]
    assert allowed == [rank for rank in RANKS if rank >= least]


def test_settings_bind_writers_below_co_author() -> None:
    for closed in (facts(allow_branching=False), facts(require_approval=True)):
        writers = [
            rank
            for rank in (-1, *RANKS)
            if may(Action.WRITE_CHAPTER, standing=member(rank), facts=closed)
        ]
        assert writers == [CO_AUTHOR, OWNER]


def test_a_stranger_writes_only_where_everybody_reads() -> None:
    assert may(Action.WRITE_CHAPTER, standing=STRANGER, facts=facts())
    assert not may(Action.WRITE_CHAPTER, standing=STRANGER, facts=facts(is_public=False))
    assert not may(Action.WRITE_CHAPTER, standing=ANONYMOUS, facts=facts())


PARTS = (
    Action.OPEN_PULL,
    Action.COMMENT_ON_PULL,
    Action.VOTE_ON_PULL,
    Action.COMMENT,
    Action.VOTE,
)


def test_whoever_reads_takes_part_unless_a_setting_says_no() -> None:
    quiet = facts(allow_comments=False, allow_voting=False)
    for action in PARTS:
        assert may(action, standing=STRANGER, facts=facts())
        assert not may(action, standing=ANONYMOUS, facts=facts())
        assert not may(action, standing=PLATFORM, facts=facts(is_public=False))
        assert may(action, standing=STRANGER, facts=quiet) == (action is Action.OPEN_PULL)
        assert may(action, standing=member(CONTRIBUTOR), facts=quiet)


STOOD_IN = (
    Action.MODERATE,
    Action.MODERATE_COMMENTS,
    Action.REMOVE_ANY_CHAPTER,
    Action.ARCHIVE,
    Action.WITHHOLD_PULL,
)


def test_the_platforms_moderators_stand_in_for_a_storys() -> None:
    for action in STOOD_IN:
        assert may(action, standing=PLATFORM, facts=facts(is_public=False))
        for who in (APPEALS, STRANGER, ANONYMOUS):
            assert not may(action, standing=who, facts=facts())


def test_the_platforms_moderators_take_away_and_change_nothing() -> None:
    allowed = {action for action in Action if may(action, standing=PLATFORM, facts=facts())}
    stranger = {action for action in Action if may(action, standing=STRANGER, facts=facts())}
    assert allowed - stranger == set(STOOD_IN)
