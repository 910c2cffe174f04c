"""What members see of reports and appeals, and moderators of what there is to do."""

from datetime import datetime

import msgspec

from apps.users.pages import AuthorRef
from storychain.api.pagination import Page


class DecisionView(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided and why; by whom is shown to those who could have.

    In a story `decided_by` is null where the platform did it, and `by_platform` says so; to who
    could not have decided it is null as well.
    """

    outcome: str
    statement: str
    decided_at: datetime
    decided_by: AuthorRef | None
    by_platform: bool | None


class ReportView(msgspec.Struct, frozen=True, kw_only=True):
    """A report. Its reporter, his note and the accused are shown to those who decide on it.

    A reporter who has deleted his account is null.
    """

    id: str
    subject_type: str
    subject_id: str
    story_slug: str | None
    reason: str
    status: str
    created_at: datetime
    decision: DecisionView | None
    note: str | None
    reporter: AuthorRef | None
    accused: AuthorRef | None


class ReportListPage(Page[ReportView], frozen=True, kw_only=True):
    """One page of a queue, the newest first; `next_cursor` asks for the following one."""


class BanView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is banned, by whom and why.

    From a story `banned_by` is null where the platform did it, and `by_platform` says so: its team
    does not lift that.
    """

    user: AuthorRef
    reason: str
    banned_by: AuthorRef | None
    by_platform: bool
    banned_at: datetime


class BanListPage(Page[BanView], frozen=True, kw_only=True):
    """One page of bans, the latest first; `next_cursor` asks for the following one."""


class AppealView(msgspec.Struct, frozen=True, kw_only=True):
    """An appeal; without `story_slug` against a ban from the platform."""

    id: str
    user: AuthorRef
    story_slug: str | None
    ban_reason: str
    text: str
    status: str
    created_at: datetime
    decision: DecisionView | None


class AppealListPage(Page[AppealView], frozen=True, kw_only=True):
    """One page of appeals, the newest first; `next_cursor` asks for the following one."""


class RoleView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who looks after the platform."""

    user: AuthorRef
    role: str
    assigned_at: datetime


class RolesPage(msgspec.Struct, frozen=True, kw_only=True):
    """All who look after the platform."""

    items: list[RoleView]


class ActView(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a moderator did; an `actor` who is null acted on the command line.

    In a story's list he is null as well where somebody did it who looks after the platform, and
    where it was decided about the caller himself.
    """

    id: str
    kind: str
    actor: AuthorRef | None
    user: AuthorRef | None
    subject_type: str | None
    subject_id: str | None
    story_slug: str | None
    reason: str
    at: datetime


class ActListPage(Page[ActView], frozen=True, kw_only=True):
    """One page of what was done, the last first; `next_cursor` asks for the following one."""
