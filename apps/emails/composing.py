"""A letter and its context as a message: text and HTML, and headers that nothing can forge."""

import msgspec
from css_inline import CSSInliner
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from apps.emails.addresses import Mailbox
from apps.emails.letters import Context, Letter

# Nothing is fetched: what a mail looks like is decided by its templates alone.
_INLINER = CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)


def compose(
    *,
    letter: Letter,
    to: Mailbox,
    subject: str,
    context: Context,
    links: dict[str, str],
    message_id: str,
) -> EmailMultiAlternatives:
    """Return the message; `links` holds those that were made for this receiver, by their names."""
    known = {**msgspec.structs.asdict(context), **links, "subject": subject}
    message = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string(f"emails/{letter.name}.txt", known).strip() + "\n",
        to=[to.header],
        headers={
            "Message-ID": message_id,
            "Auto-Submitted": "auto-generated",
            **_unsubscribe(links),
        },
    )
    html = render_to_string(f"emails/{letter.name}.html", known)
    message.attach_alternative(_INLINER.inline(html), "text/html")
    return message


def _unsubscribe(links: dict[str, str]) -> dict[str, str]:
    """Return the headers by which a mail program offers to unsubscribe at once (RFC 8058)."""
    url = links.get("unsubscribe_url")
    if not url:
        return {}
    return {
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
