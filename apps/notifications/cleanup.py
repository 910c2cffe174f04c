"""Which notifications go when they are old: those that were read. What nobody read stays."""

from apps.notifications.documents import Notification
from storychain.cleaning import OldDocuments, register_holding

register_holding(
    "notifications", OldDocuments(Notification, where={"is_read": True}, by="created_at")
)
