"""A page of the admin that shows what is not in SQL: who may, and what if a part is away."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, NamedTuple

import structlog
from django.contrib import admin, messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from storychain.api.outages import is_outage
from storychain.errors import StorychainError, Unavailable
from storychain.observability.logging import mask_secrets
from storychain.queues import desk

MAY_LOOK, MAY_ACT = "queues.view_jobrun", "queues.operate"
MOST_SAID = 5
View = Callable[..., HttpResponse]
log = structlog.get_logger(__name__)


class Page(NamedTuple):
    """A path below the admin's; one with a title stands in its menu."""

    name: str
    path: str
    title: str
    view: View

    def route(self, site: AdminSite) -> URLPattern:
        """Return its route, for staff only."""
        return path(self.path, site.admin_view(self.view), name=self.name)

    def entry(self) -> dict[str, Any]:
        """Return its line in the admin's menu."""
        url = reverse(f"admin:{self.name}")
        return {"name": self.title, "object_name": self.name, "admin_url": url, "view_only": True}


_pages: list[Page] = []


def list_pages() -> list[Page]:
    """Return all pages, in the order of the menu."""
    from storychain.ops import letters, outbox, queues  # noqa: F401, PLC0415 - they need the models

    return _pages


def operations_page(name: str, path: str, *, title: str = "") -> Callable[[View], View]:
    """Make a view a page: refused to who may not, and one line where a part does not answer."""

    def declare(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            _let_in(request)
            try:
                return view(request, **kwargs)
            except Exception as error:
                if not (isinstance(error, Unavailable) or is_outage(error)):
                    raise
                return _show_outage(request, error)

        _pages.append(Page(name, path, title, answer))
        return answer

    return declare


def show(request: HttpRequest, template: str, *, title: str, **context: Any) -> TemplateResponse:
    """Return a page of the admin with what its frame needs."""
    known = {**admin.site.each_context(request), "title": title, "may_act": may_act(request)}
    return TemplateResponse(request, f"ops/{template}.html", {**known, **context})


def may_act(request: HttpRequest) -> bool:
    """Tell whether the caller may do more than look."""
    return bool(request.user.has_perm(MAY_ACT))


def do(
    request: HttpRequest, *, what: str, ids: Iterable[str], action: Callable[[str], object]
) -> HttpResponseRedirect:
    """Do something to each, say what came of it, and show the page again."""
    done, refused = desk.act_on_each(ids, action=action)
    log.info("an operator acted", user=request.user.get_username(), what=what, done=done)
    if done or not refused:
        messages.success(request, f"{what}: {len(done)} done.")
    for reason in refused[:MOST_SAID]:
        messages.error(request, f"{what}: {reason}")
    if len(refused) > MOST_SAID:
        messages.error(request, f"{what}: {len(refused) - MOST_SAID} more were refused.")
    return HttpResponseRedirect(request.get_full_path())


def _let_in(request: HttpRequest) -> None:
    needed = MAY_ACT if request.method == "POST" else MAY_LOOK
    if not request.user.has_perm(needed):
        raise PermissionDenied


def _show_outage(request: HttpRequest, error: Exception) -> HttpResponse:
    detail = (
        error.detail if isinstance(error, StorychainError) else f"MongoDB does not answer: {error}"
    )
    log.warning("a page cannot be shown", why=str(error))
    response = show(request, "away", title="Not available right now", detail=mask_secrets(detail))
    response.status_code = 503
    return response
