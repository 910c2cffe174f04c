"""What is known of each mail, and every mutation of it.

    sending -> sent | doubtful

A mail that was surely not taken leaves no dispatch, so that the next attempt begins anew. One that
stays `sending` was left by a worker that died, or that the server left without an answer.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from mongoengine import fields

from storychain.documents import Document, StringField

SENDING, SENT, DOUBTFUL = "sending", "sent", "doubtful"


class Dispatch(Document):
    """One mail, by the id of its job; `service_id` is what a mail service calls it."""

    job_id = StringField(primary_key=True)
    template = StringField(required=True)
    to = StringField(required=True)
    message_id = StringField(required=True)
    service_id = StringField(default="")
    status = StringField(default=SENDING, choices=(SENDING, SENT, DOUBTFUL))
    tries = fields.IntField(default=1)
    began_at = fields.DateTimeField(required=True)
    sent_at = fields.DateTimeField()
    expire_at = fields.DateTimeField(required=True)

    meta = {
        "collection": "email_dispatches",
        "indexes": [
            {"fields": ["expire_at"], "expireAfterSeconds": 0},
            ["to", "-began_at"],
            ["status", "-began_at"],
        ],
    }

    @classmethod
    def find(cls, *, job_id: str) -> Dispatch | None:
        """Return what is known of a job's mail."""
        found: Dispatch | None = cls.objects(job_id=job_id).first()
        return found

    @classmethod
    def begin(
        cls, *, job_id: str, template: str, to: str, message_id: str, now: datetime
    ) -> Dispatch:
        """Record that a mail is about to be handed over; NotUniqueError if somebody else has."""
        dispatch = cls(
            job_id=job_id,
            template=template,
            to=to,
            message_id=message_id,
            began_at=now,
            expire_at=now + timedelta(seconds=settings.EMAIL_KEEP_SECONDS),
        )
        dispatch.save(force_insert=True)
        return dispatch

    def repeat(self) -> None:
        """Record another try of one that may have been taken already."""
        Dispatch.objects(job_id=self.job_id).update_one(inc__tries=1)

    def complete(self, *, service_id: str, now: datetime) -> None:
        """Record that the server took it."""
        Dispatch.objects(job_id=self.job_id).update_one(
            set__status=SENT, set__sent_at=now, set__service_id=service_id
        )

    def doubt(self) -> None:
        """Record that nobody will ever know, and that it is not sent again."""
        Dispatch.objects(job_id=self.job_id, status=SENDING).update_one(set__status=DOUBTFUL)

    def drop(self) -> None:
        """Forget one that was surely not taken."""
        Dispatch.objects(job_id=self.job_id, status=SENDING).delete()
