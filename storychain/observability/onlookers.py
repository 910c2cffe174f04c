"""Who may look behind the scenes: staff by session, a scraper by token."""

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

LOOPBACK = ("127.0.0.1", "::1")
PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


def is_staff(request: HttpRequest) -> bool:
    """Tell whether one of Django's own users with the staff flag is signed in by session.

    Without a session cookie SQL is not asked; nobody is staff while SQL does not answer.
    """
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    try:
        return bool(request.user.is_active and getattr(request.user, "is_staff", False))
    except DatabaseError:
        return False


def is_scraper(request: HttpRequest) -> bool:
    """Tell whether it comes with the METRICS_TOKEN or, while none is set, from this machine.

    What a proxy on this machine passed on comes from elsewhere.
    """
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        return constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}")
    passed_on = any(name in request.headers for name in PASSED_ON)
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not passed_on
