"""EMAIL_URL as Django's settings: an SMTP server, a mail service by its API, or nowhere.

A service is named by its scheme, and the query holds Anymail's settings of it in small letters:
`postmark:?server_token=...` is ANYMAIL["POSTMARK_SERVER_TOKEN"].
"""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import dj_email_url

SMTP = ("smtp", "submission", "submit")
NOWHERE = ("console", "file", "memory", "dummy")
SERVICES = (
    "amazon-ses",
    "brevo",
    "mailersend",
    "mailgun",
    "mailjet",
    "mailtrap",
    "mandrill",
    "postal",
    "postmark",
    "resend",
    "scaleway",
    "sendgrid",
    "sparkpost",
    "unisender-go",
)
TIMEOUT_SECONDS = 10


def mail_settings(url: str) -> dict[str, Any]:
    """Return EMAIL_* and ANYMAIL.

    Raise ValueError if the time-out is no whole number from 1, or who signs in cannot say so: the
    client that speaks SMTP knows ASCII alone.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    if int(options.get("timeout", TIMEOUT_SECONDS)) < 1:
        raise ValueError("the time-out is too short")
    if parts.scheme in SERVICES:
        return _service_settings(parts.scheme.replace("-", "_"), options)
    found = {k: v for k, v in dj_email_url.parse(url).items() if v is not None}
    if not all(found.get(f"EMAIL_HOST_{name}", "").isascii() for name in ("USER", "PASSWORD")):
        raise ValueError("user or password is not ASCII")
    if parts.scheme in SMTP:
        found["EMAIL_BACKEND"] = "apps.emails.smtp.EmailBackend"
    return {"EMAIL_TIMEOUT": TIMEOUT_SECONDS, **found}


def _service_settings(service: str, options: dict[str, str]) -> dict[str, Any]:
    seconds = int(options.pop("timeout", TIMEOUT_SECONDS))
    given = {f"{service}_{name}".upper(): value for name, value in options.items()}
    return {
        "EMAIL_BACKEND": f"anymail.backends.{service}.EmailBackend",
        "ANYMAIL": {**_patience(service, seconds), **given},
    }


def _patience(service: str, seconds: int) -> dict[str, Any]:
    """Return how long a service is waited for; AWS's client has settings of its own.

    By itself it waits six times as long, and sends again what may have been taken.
    """
    if service != "amazon_ses":
        return {"REQUESTS_TIMEOUT": seconds}
    once = {"retries": {"total_max_attempts": 1}}
    waits = dict.fromkeys(("connect_timeout", "read_timeout"), seconds)
    return {"AMAZON_SES_CLIENT_PARAMS": {"config": {**waits, **once}}}
