"""A letter of each kind as somebody might get it, to be looked at."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.core.mail import EmailMultiAlternatives

from apps.emails.addresses import read_mailbox
from apps.emails.composing import compose
from apps.emails.letters import get_letter, read_context
from apps.emails.services import name_message

TO = "Zoë Müller <zoe@example.org>"
RESET_URL = (
    "https://storychain.example/admin/password-reset/MQ/d1x2y3-0123456789abcdef0123456789abcdef/"
)


class Sample(NamedTuple):
    """What one mail says; `links` stand for those that are made when it is sent."""

    subject: str
    context: Mapping[str, Any]
    links: Mapping[str, str] = {}


SAMPLES: Mapping[str, Sample] = {
    "welcome": Sample(
        "Welcome to StoryChain",
        {"username": "zoë-müller", "start_url": "https://storychain.example/stories"},
    ),
    "password-reset": Sample(
        "A new password for StoryChain",
        {"username": "operator", "staff_id": 1},
        {"reset_url": RESET_URL},
    ),
    "collaboration-invite": Sample(
        "نور invites you to write with her: The Lighthouse Keeper's Key",
        {
            "inviter": "نور الهدى",
            "story_title": "The Lighthouse Keeper's Key <and what it opens>",
            "role": "co-author",
            "invitation_url": "https://storychain.example/stories/the-lighthouse/invitation",
            "message": "مرحبا! أود أن نكتب الفصل القادم معًا.\nThe storm chapter is yours.",
            "expires_at": "2026-12-24T18:00:00Z",
        },
    ),
    "notification-digest": Sample(
        "Your week at StoryChain",
        {
            "username": "zoë-müller",
            "period": "weekly",
            "items": [
                {
                    "title": "Ada continued “The Winter Ferry”",
                    "message": "A new chapter: The ice gives way",
                    "url": "https://storychain.example/stories/the-winter-ferry",
                },
                {"title": "שלום: דנה הגיבה על הפרק שלך", "message": "איזה סוף יפה!"},
                {
                    "title": "Your pull request was merged",
                    "url": "https://storychain.example/pulls/42",
                },
            ],
            "more": 4,
        },
        {"unsubscribe_url": "https://storychain.example/api/v1/emails/unsubscribe/sample"},
    ),
}


def compose_sample(template: str) -> EmailMultiAlternatives:
    """Return a letter as a whole; raise ValueError if there is none of this name."""
    letter = get_letter(template)
    sample = SAMPLES[template]
    return compose(
        letter=letter,
        to=read_mailbox(TO),
        subject=sample.subject,
        context=read_context(letter, sample.context),
        links=dict(sample.links),
        message_id=name_message(f"sample:{template}"),
    )
