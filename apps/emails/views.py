"""Unsubscribing by a link: a page with a button, and the one click of RFC 8058."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from apps.emails import services
from apps.emails.errors import UnknownLink
from apps.emails.links import read_unsubscribe
from storychain.api.rates import Rate
from storychain.api.throttling import limited

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}


def _whose(token: str) -> str | None:
    """Return as whom a link's requests count: mail providers send those of all from few places."""
    try:
        return f"link:{read_unsubscribe(token)}"
    except UnknownLink:
        return None


@csrf_exempt  # the link itself says who may: mail programs post without a cookie or a page of ours
@require_http_methods(["GET", "HEAD", "POST"])
@limited(Rate.WRITE, whose=_whose)
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """POST ends the digests of whom the link was made for; GET asks, and changes nothing."""
    try:
        user_id = read_unsubscribe(token)
    except UnknownLink:
        return _page("unknown", status=404)
    if request.method != "POST":
        return _page("ask")
    services.stop_digests(user_id=user_id)
    return _page("done")


def _page(state: str, *, status: int = 200) -> HttpResponse:
    body = render_to_string("emails/unsubscribe.html", {"state": state})
    return HttpResponse(body, status=status, headers=HEADERS)
