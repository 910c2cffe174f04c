"""Which events go when they are old: all, as their days' figures stay."""

from apps.analytics.documents import AnalyticsEvent
from storychain.cleaning import OldDocuments, register_holding

register_holding("logs", OldDocuments(AnalyticsEvent, by="occurred_at"))
