"""The history of health checks, to look at."""

from django.contrib import admin
from django.http import HttpRequest

from apps.maintenance.models import HealthCheck


@admin.register(HealthCheck)
class HealthCheckAdmin(admin.ModelAdmin):
    """What each look at the system found; nothing here is written by hand."""

    list_display = ("checked_at", "is_well", "failed", "slowest")
    list_filter = ("is_well",)
    date_hierarchy = "checked_at"
    ordering = ("-checked_at",)

    @admin.display(description="Failing")
    def failed(self, check: HealthCheck) -> str:
        """Show which parts did not answer."""
        return ", ".join(check.failing) or "-"

    @admin.display(description="Slowest part")
    def slowest(self, check: HealthCheck) -> str:
        """Show what took longest to answer."""
        name, part = max(check.parts.items(), key=lambda item: item[1]["ms"])
        return f"{name}, {part['ms']:g} ms"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Leave writing to the job."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: HealthCheck | None = None) -> bool:
        """Leave what was seen as it was seen."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: HealthCheck | None = None) -> bool:
        """Leave clearing away to the job."""
        return False
