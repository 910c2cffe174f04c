"""The admin of those who run the system."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver

from storychain.ops.pages import MAY_LOOK, list_pages


class OperationsSite(AdminSite):
    """What staff sees under /admin/; features and platform parts register with `admin.site`."""

    site_header = "StoryChain"
    site_title = "StoryChain"
    index_title = "Operations"
    site_url = "/api/v1/docs"

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Put the pages of the queues before those of the models."""
        return [page.route(self) for page in list_pages()] + super().get_urls()

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """List the queues' pages with their model."""
        apps = super().get_app_list(request, app_label)
        if request.user.has_perm(MAY_LOOK):
            for app in (app for app in apps if app["app_label"] == "queues"):
                app["models"] += [page.entry() for page in list_pages() if page.title]
                app["models"].sort(key=lambda entry: str(entry["name"]))
        return apps
