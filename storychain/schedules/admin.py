"""Schedules in Django's admin: when each runs, on or off, edited in one line, run at once."""

from datetime import datetime
from itertools import islice
from typing import Any

from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from storychain.errors import StorychainError
from storychain.schedules.forms import ScheduleForm
from storychain.schedules.models import Schedule
from storychain.schedules.rows import describe_timing
from storychain.schedules.slots import find_next_slot, run_now, walk_slots

SHOWN_AHEAD = 5

# Operators see schedules, each with its pattern in one line; the tables behind are our business.
for hidden in (PeriodicTask, CrontabSchedule, IntervalSchedule, SolarSchedule, ClockedSchedule):
    admin.site.unregister(hidden)


@admin.register(Schedule)
class ScheduleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    """What runs by itself."""

    form = ScheduleForm
    list_display = ("name", "enabled", "when", "next_run", "last_run", "task")
    list_select_related = ("crontab", "interval", "declared")
    search_fields = ("name", "task", "description")
    ordering = ("name",)
    actions = ("run_at_once", "switch_on", "switch_off")
    readonly_fields = ("when", "last_run", "coming_runs", "total_run_count")
    fieldsets = (
        (None, {"fields": ("name", "description", "enabled")}),
        ("When", {"fields": ("cron", "zone", "when", "last_run", "coming_runs")}),
        ("What", {"fields": ("task", "kwargs", "total_run_count")}),
    )

    @admin.display(description="When", ordering="crontab")
    def when(self, row: Schedule) -> str:
        """Show the pattern in words."""
        return describe_timing(row) if row.pk else "-"

    @admin.display(description="Next run (UTC)")
    def next_run(self, row: Schedule) -> str:
        """Show when it is due."""
        return _show(find_next_slot(row, after=timezone.now()) if row.enabled else None)

    @admin.display(description="Last run (UTC)", ordering="last_run_at")
    def last_run(self, row: Schedule) -> str:
        """Show the latest slot that was run."""
        return _show(row.last_run_at)

    @admin.display(description="Next runs (UTC)")
    def coming_runs(self, row: Schedule) -> str:
        """Show what is to come while it is on."""
        ahead = islice(walk_slots(row, after=timezone.now()), SHOWN_AHEAD) if row.pk else ()
        return format_html_join(SafeString("<br>"), "{}", ((_show(slot),) for slot in ahead))

    @admin.action(description="Run now", permissions=["change"])
    def run_at_once(self, request: HttpRequest, rows: QuerySet[Schedule]) -> None:
        """Run the jobs now; their times stay as they are."""
        for row in rows:
            try:
                self.message_user(request, f"Runs now: {row.name}, as job {run_now(row)}.")
            except StorychainError as error:
                self.message_user(
                    request, f"Cannot run: {row.name}. {error.detail}", messages.ERROR
                )

    @admin.action(description="Switch on", permissions=["change"])
    def switch_on(self, request: HttpRequest, rows: QuerySet[Schedule]) -> None:
        """Have them run by themselves from now on."""
        self._switch(request, rows, enabled=True)

    @admin.action(description="Switch off", permissions=["change"])
    def switch_off(self, request: HttpRequest, rows: QuerySet[Schedule]) -> None:
        """Have them stand still."""
        self._switch(request, rows, enabled=False)

    def _switch(self, request: HttpRequest, rows: QuerySet[Schedule], *, enabled: bool) -> None:
        changed = [row for row in rows if row.enabled != enabled]
        for row in changed:
            row.enabled = enabled
            row.save()
        word = "on" if enabled else "off"
        self.message_user(request, f"{len(changed)} switched {word}; beat goes by it in seconds.")

    def get_readonly_fields(self, request: HttpRequest, obj: Schedule | None = None) -> Any:
        """Keep the names by which code knows its schedules."""
        return (*self.readonly_fields, *(["name"] if _is_declared(obj) else []))

    def has_delete_permission(self, request: HttpRequest, obj: Schedule | None = None) -> bool:
        """Have schedules of the code switched off, not deleted: they would only come back."""
        return not _is_declared(obj) and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> Any:
        """Leave deleting to each schedule's own page, which knows which may be."""
        return {k: v for k, v in super().get_actions(request).items() if k != "delete_selected"}


def _is_declared(row: Schedule | None) -> bool:
    return row is not None and hasattr(row, "declared")


def _show(moment: datetime | None) -> str:
    if moment is None:
        return "-"
    return format_html("{} <small>({})</small>", f"{moment:%Y-%m-%d %H:%M}", naturaltime(moment))
