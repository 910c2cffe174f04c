"""Which sessions go when they are old: ended and revoked ones, and those past their time."""

from apps.users.documents import Session
from storychain.cleaning import OldDocuments, register_holding

register_holding("sessions", OldDocuments(Session, where={"status": "ended"}, by="last_active_at"))
register_holding(
    "sessions", OldDocuments(Session, where={"status": "revoked"}, by="last_active_at")
)
register_holding("sessions", OldDocuments(Session, by="expire_at"))
