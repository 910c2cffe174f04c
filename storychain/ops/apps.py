"""Puts our site in the place of Django's own admin, so that `admin.site` is it everywhere."""

from django.contrib.admin.apps import AdminConfig


class OperationsConfig(AdminConfig):
    """Django's admin on `OperationsSite`: stands in INSTALLED_APPS for django.contrib.admin."""

    default_site = "storychain.ops.site.OperationsSite"
