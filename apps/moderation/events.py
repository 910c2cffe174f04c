"""What moderation announces."""

from storychain.events import Event


class ReportDecided(Event, frozen=True, kw_only=True):
    """A report was resolved or dismissed; `outcome` is in words."""

    report_id: str
    reporter_id: str | None
    accused_id: str
    outcome: str
    is_upheld: bool


class StoryBanTurned(Event, frozen=True, kw_only=True):
    """Somebody was banned from a story, or may come back; `turned_at` is Unix time."""

    story_slug: str
    story_title: str
    user_id: str
    reason: str
    is_banned: bool
    turned_at: float


class AppealDecided(Event, frozen=True, kw_only=True):
    """An appeal was granted or rejected; `outcome` is in words."""

    appeal_id: str
    user_id: str
    outcome: str
