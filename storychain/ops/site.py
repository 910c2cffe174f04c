"""The admin of those who run the system."""

from django.contrib.admin import AdminSite


class OperationsSite(AdminSite):
    """What staff sees under /admin/; features and platform parts register with `admin.site`."""

    site_header = "StoryChain"
    site_title = "StoryChain"
    index_title = "Operations"
    site_url = "/api/v1/docs"
