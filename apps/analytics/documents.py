"""What is stored of events and of their days, and every mutation of it.

No cached page shows any of it, so it is written in bulk, outside of units of work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mongoengine import fields

from storychain.bulk import insert_new, put
from storychain.documents import Document, StringField
from storychain.steps import in_steps

STEP = 100


class AnalyticsEvent(Document):
    """Something that somebody did. Its id comes with it: written twice, it is one."""

    event_id = StringField(primary_key=True, max_length=200)
    event = StringField(required=True)
    user_id = StringField()
    story_slug = StringField()
    properties = fields.DictField()
    occurred_at = fields.DateTimeField(required=True)

    meta = {"collection": "analytics_events", "indexes": [["occurred_at", "event_id"]]}

    @classmethod
    def record(cls, rows: Sequence[Mapping[str, Any]]) -> None:
        """Store events, as they are stored, but for those whose id is there.

        Raise Unavailable, or Unstorable if one of them cannot be stored: others of them may be.
        """
        insert_new(cls, rows)


class DailyStat(Document):
    """What happened on one UTC day, in all (scope "platform") or in a story ("story:{slug}").

    `counts` are events by their name, `people` how many signed-in people were behind them.
    `sources` are [name, views]: from where a story's views came, the most frequent first.
    """

    key = StringField(primary_key=True)
    date = StringField(required=True, max_length=10)
    scope = StringField(required=True)
    counts = fields.DictField()
    people = fields.DictField()
    sources = fields.ListField()

    meta = {
        "collection": "daily_stats",
        "indexes": [{"fields": ["date", "scope"], "unique": True}],
    }

    @classmethod
    def replace_day(cls, *, date: str, found: Mapping[str, Mapping[str, Any]]) -> None:
        """Make these, by scope, the figures of a day; those of other scopes go."""
        known = {row.scope for row in cls.objects(date=date).only("scope")}
        put(
            cls,
            [
                {"_id": _key(date, scope), "date": date, "scope": scope, **figures}
                for scope, figures in sorted(found.items())
            ],
        )
        for some in in_steps(sorted(known - found.keys()), STEP):
            cls.objects(key__in=[_key(date, scope) for scope in some]).delete()

    @classmethod
    def list_days(cls, *, scope: str, dates: Sequence[str]) -> dict[str, DailyStat]:
        """Return what is known of a scope's days, by their dates."""
        keys = [_key(date, scope) for date in dates]
        return {row.date: row for row in cls.objects(key__in=keys)}


def _key(date: str, scope: str) -> str:
    return f"{date}/{scope}"
