"""What moderation announces."""

from storychain.events import Event


class ReportDecided(Event, frozen=True, kw_only=True):
    """A report was resolved or dismissed, as its reporter learns; `outcome` is in words."""

    report_id: str
    reporter_id: str
    outcome: str


class ReportUpheld(Event, frozen=True, kw_only=True):
    """One decision has upheld this report and all of the same thing, however many they are."""

    report_id: str
    accused_id: str


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
