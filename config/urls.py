"""Every path, mounted; what a feature brings stands in its own `urls.py`."""

from importlib import import_module
from types import ModuleType

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.utils.module_loading import module_has_submodule
from django.views.generic import RedirectView

from storychain.api.rates import Rate
from storychain.api.schema import Redoc, Swagger, schema
from storychain.api.throttling import limited
from storychain.observability.health import health, livez, readyz
from storychain.observability.metrics import metrics


def _feature_urls() -> list[ModuleType]:
    """Return the `urls` module of each feature that has one."""
    found = [import_module(name) for name in settings.FEATURES]
    return [import_module(f"{f.__name__}.urls") for f in found if module_has_submodule(f, "urls")]


def _is_for_staff(urls: ModuleType) -> bool:
    """Tell whether a feature adds to the admin what needs no login."""
    return hasattr(urls, "ADMIN_PATTERNS")


FEATURE_URLS = _feature_urls()
API_CACHE_MAP = {
    route: row for urls in FEATURE_URLS for route, row in getattr(urls, "CACHE_MAP", {}).items()
}

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="docs")),
    path("livez", livez, name="livez"),
    path("readyz", readyz, name="readyz"),
    path("health", health, name="health"),
    path("metrics", metrics, name="metrics"),
    *(path("admin/", include(urls.ADMIN_PATTERNS)) for urls in FEATURE_URLS if _is_for_staff(urls)),
    path("admin/login/", limited(Rate.WRITE)(admin.site.login)),  # passwords are not to be guessed
    path("admin/", admin.site.urls),
    path("ops/", RedirectView.as_view(pattern_name="admin:queues")),
    path("api/v1/schema", schema, name="schema"),
    path("api/v1/docs", Swagger.as_view(), name="docs"),
    path("api/v1/redoc", Redoc.as_view(), name="redoc"),
    *(path("api/v1/", include(urls)) for urls in FEATURE_URLS),
]

handler400 = handler403 = handler404 = "storychain.api.handlers.client_error"
handler500 = "storychain.api.handlers.server_error"
