"""The permission table: `may(action, standing=..., facts=...)`.

Facts are what a story says of itself, a standing is what a caller is to that story. Nothing here
reads a database, so the whole table can be tested row by row.
"""

from collections.abc import Callable
from enum import StrEnum

import msgspec

CONTRIBUTOR, REVIEWER, MODERATOR, CO_AUTHOR, OWNER = range(5)
SUPER_ADMIN = "SUPER_ADMIN"
LOOKS_AFTER_ALL = (SUPER_ADMIN, "PLATFORM_MODERATOR")  # platform roles


class StoryFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What permissions depend on in a story."""

    slug: str
    creator_id: str
    status: str
    is_public: bool
    allow_branching: bool
    require_approval: bool
    allow_comments: bool
    allow_voting: bool

    @property
    def is_open(self) -> bool:
        """Whether everybody may read it."""
        return self.status == "published" and self.is_public


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller is to a story: `rank` 0 to 4 as accepted collaborator, else -1."""

    user_id: str | None = None
    rank: int = -1
    is_banned: bool = False
    platform_role: str | None = None


class Action(StrEnum):
    """What somebody may want to do with a story."""

    READ = "read"
    SEE_SETTINGS = "see settings"
    EDIT = "edit"
    ARCHIVE = "archive"
    DELETE = "delete"
    WRITE_CHAPTER = "write a chapter"
    EDIT_ANY_CHAPTER = "edit any chapter"
    REMOVE_ANY_CHAPTER = "remove any chapter"
    EXPORT = "export"
    SEE_VERSIONS = "see versions"
    SEE_TIMELINE = "see its timeline"
    ROLL_BACK = "roll a chapter back"
    INVITE = "invite"
    RUN_TEAM = "change its team"
    COMMENT = "comment"
    MODERATE_COMMENTS = "moderate its comments"
    VOTE = "vote"
    OPEN_PULL = "open a pull request"
    COMMENT_ON_PULL = "comment on a pull request"
    VOTE_ON_PULL = "vote on a pull request"
    REVIEW_PULL = "review a pull request"
    MERGE_PULL = "approve and merge a pull request"
    SEE_ANALYTICS = "see its figures"
    MODERATE = "decide on reports and ban"
    LIFT_BAN = "lift a ban"
    FORCE_MERGE = "merge a pull request against its reviews"
    WITHHOLD_PULL = "take the text of a pull request away"


def may(action: Action, *, standing: Standing, facts: StoryFacts) -> bool:
    """Tell whether somebody of this standing may do this; a deleted story is nobody's."""
    if facts.status == "deleted" or standing.is_banned:
        return False
    return _TABLE[action](standing, facts)


def _reads(standing: Standing, facts: StoryFacts) -> bool:
    looks_after_all = standing.platform_role in LOOKS_AFTER_ALL
    return facts.is_open or standing.rank >= CONTRIBUTOR or looks_after_all


def _writes_chapters(standing: Standing, facts: StoryFacts) -> bool:
    """Directly, that is: below co-author the story's settings decide."""
    if standing.user_id is None:
        return False
    if standing.rank >= CO_AUTHOR:
        return True
    invited = standing.rank >= CONTRIBUTOR or facts.is_open
    return invited and facts.allow_branching and not facts.require_approval


def _takes_part(standing: Standing, facts: StoryFacts) -> bool:
    """As a member of its team, or as anybody where everybody reads it."""
    return standing.user_id is not None and (standing.rank >= CONTRIBUTOR or facts.is_open)


def _comments(standing: Standing, facts: StoryFacts) -> bool:
    """The setting binds those who do not work on the story."""
    is_let = standing.rank >= CONTRIBUTOR or facts.allow_comments
    return is_let and _takes_part(standing, facts)


def _votes(standing: Standing, facts: StoryFacts) -> bool:
    """As with comments."""
    is_let = standing.rank >= CONTRIBUTOR or facts.allow_voting
    return is_let and _takes_part(standing, facts)


def _moderates(standing: Standing, _facts: StoryFacts) -> bool:
    """The platform's moderators stand in where a story's are gone, or do nothing."""
    return standing.rank >= MODERATOR or standing.platform_role in LOOKS_AFTER_ALL


def _takes_away(standing: Standing, _facts: StoryFacts) -> bool:
    """The platform's moderators take from readers what they decide on; they change no word."""
    return standing.rank >= CO_AUTHOR or standing.platform_role in LOOKS_AFTER_ALL


def _lifts_bans(standing: Standing, _facts: StoryFacts) -> bool:
    """A platform moderator may ban and never lift, in a story that is not his own neither."""
    return standing.rank >= MODERATOR or standing.platform_role == SUPER_ADMIN


def _from(rank: int) -> Callable[[Standing, StoryFacts], bool]:
    return lambda standing, _: standing.rank >= rank


_TABLE: dict[Action, Callable[[Standing, StoryFacts], bool]] = {
    Action.READ: _reads,
    Action.SEE_SETTINGS: _from(CONTRIBUTOR),
    Action.EDIT: _from(CO_AUTHOR),
    Action.ARCHIVE: _takes_away,
    Action.DELETE: _from(OWNER),
    Action.WRITE_CHAPTER: _writes_chapters,
    Action.EDIT_ANY_CHAPTER: _from(CO_AUTHOR),
    Action.REMOVE_ANY_CHAPTER: _takes_away,
    Action.SEE_VERSIONS: _from(CONTRIBUTOR),
    Action.SEE_TIMELINE: _from(CONTRIBUTOR),
    Action.ROLL_BACK: _from(CO_AUTHOR),
    Action.INVITE: _from(CO_AUTHOR),
    Action.RUN_TEAM: _from(OWNER),
    Action.COMMENT: _comments,
    Action.MODERATE_COMMENTS: _moderates,
    Action.VOTE: _votes,
    Action.OPEN_PULL: _takes_part,
    Action.COMMENT_ON_PULL: _comments,
    Action.VOTE_ON_PULL: _votes,
    Action.REVIEW_PULL: _from(REVIEWER),
    Action.MERGE_PULL: _from(MODERATOR),
    Action.MODERATE: _moderates,
    Action.LIFT_BAN: _lifts_bans,
    Action.SEE_ANALYTICS: _from(CO_AUTHOR),
    Action.FORCE_MERGE: _from(CO_AUTHOR),
    Action.WITHHOLD_PULL: _moderates,
    Action.EXPORT: lambda standing, facts: standing.user_id is not None and _reads(standing, facts),
}
