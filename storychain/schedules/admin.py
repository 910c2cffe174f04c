"""Schedules in Django's admin: when each runs, on or off, edited in one line, run at once."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from storychain.errors import StorychainError
from storychain.schedules import run_admin  # noqa: F401 - registers itself beside this one
from storychain.schedules.clock import clock
from storychain.schedules.forms import ScheduleForm
from storychain.schedules.history import Overview, list_day_ahead, look_at
from storychain.schedules.models import Schedule, State
from storychain.schedules.rows import describe_timing
from storychain.schedules.run_admin import mark_state, show_moment, show_seconds
from storychain.schedules.sending import run_now

SHOWN_AHEAD = 24

# Operators see schedules, each with its pattern in one line; the tables behind are our business.
for hidden in (PeriodicTask, CrontabSchedule, IntervalSchedule, SolarSchedule, ClockedSchedule):
    admin.site.unregister(hidden)


@admin.register(Schedule)
class ScheduleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    """What runs by itself."""

    form = ScheduleForm
    list_display = (
        "name",
        "mark",
        "enabled",
        "when",
        "next_run",
        "last_run",
        "last_outcome",
        "last_duration",
    )
    list_select_related = ("crontab", "interval", "declared", "terms")
    search_fields = ("name", "task", "description")
    ordering = ("name",)
    actions = ("run_at_once", "switch_on", "switch_off")
    readonly_fields = ("when", "mark", "last_run", "coming_runs", "total_run_count")
    fieldsets = (
        (None, {"fields": ("name", "description", "enabled", "mark")}),
        ("When", {"fields": ("cron", "zone", "when", "last_run", "coming_runs")}),
        ("What", {"fields": ("task", "kwargs", "total_run_count")}),
        ("Terms", {"fields": ("grace", "longest")}),
    )
    change_form_template = "admin/schedules/schedule/change.html"
    change_list_template = "admin/schedules/schedule/list.html"

    @admin.display(description="When", ordering="crontab")
    def when(self, row: Schedule) -> str:
        """Show the pattern in words."""
        return describe_timing(row) if row.pk else "-"

    @admin.display(description="Next run (UTC)")
    def next_run(self, row: Schedule) -> str:
        """Show when it is due."""
        return show_moment(_overview(row).next_run)

    @admin.display(description="Last run (UTC)", ordering="last_run_at")
    def last_run(self, row: Schedule) -> str:
        """Show the latest slot that was run, with the way to all of them."""
        last = _overview(row).last_run if row.pk else None
        if last is None:
            return "-"
        return format_html('<a href="{}">{}</a>', _history(row), show_moment(last.due_at))

    @admin.display(description="Outcome")
    def last_outcome(self, row: Schedule) -> str:
        """Show how that ended; its error on hovering."""
        last = _overview(row).last_run
        return mark_state(last) if last else "-"

    @admin.display(description="Took")
    def last_duration(self, row: Schedule) -> str:
        """Show how long it took."""
        last = _overview(row).last_run
        return show_seconds(last.duration if last else None)

    @admin.display(description="To look at")
    def mark(self, row: Schedule) -> str:
        """Mark what is overdue, or runs for too long, with the reason."""
        alerts = _overview(row).alerts if row.pk else ()
        marks = ((alert.detail, alert.kind) for alert in alerts)
        marked = format_html_join(
            SafeString(" "), '<strong style="color: var(--error-fg)" title="{}">{}</strong>', marks
        )
        return marked or "-"

    @admin.display(description="Next 24 hours (UTC)")
    def coming_runs(self, row: Schedule) -> str:
        """Show what is to come within a day while it is on."""
        return _show_ahead(list_day_ahead(row, now=clock().now())) if row.pk else "-"

    @admin.action(description="Run now", permissions=["change"])
    def run_at_once(self, request: HttpRequest, rows: QuerySet[Schedule]) -> None:
        """Run the jobs now; their times stay as they are."""
        for row in rows:
            self._run(request, row)

    @admin.action(description="Switch on", permissions=["change"])
    def switch_on(self, request: HttpRequest, rows: QuerySet[Schedule]) -> None:
        """Have them run by themselves from now on."""
        self._switch(request, rows, enabled=True)

    @admin.action(description="Switch off", permissions=["change"])
    def switch_off(self, request: HttpRequest, rows: QuerySet[Schedule]) -> None:
        """Have them stand still."""
        self._switch(request, rows, enabled=False)

    def run_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Run one schedule from its own page."""
        row = self.get_object(request, object_id)
        if row is None or not self.has_change_permission(request, row):
            raise PermissionDenied
        self._run(request, row)
        return HttpResponseRedirect(reverse("admin:schedules_schedule_change", args=[row.pk]))

    def upcoming_view(self, request: HttpRequest) -> HttpResponse:
        """Show what runs within a day, schedule by schedule."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        now = clock().now()
        rows = self.get_queryset(request).filter(enabled=True).select_related("crontab", "interval")
        ahead = [(row, list_day_ahead(row, now=now)) for row in rows]
        shown = [
            {
                "row": row,
                "when": describe_timing(row),
                "count": len(slots),
                "ahead": _show_ahead(slots),
            }
            for row, slots in sorted(
                ahead, key=lambda pair: pair[1][:1] or [datetime.max.replace(tzinfo=now.tzinfo)]
            )
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": "Next 24 hours",
            "shown": shown,
        }
        return TemplateResponse(request, "admin/schedules/schedule/upcoming.html", context)

    def get_urls(self) -> list[URLPattern]:
        """Add the day ahead and the button of a schedule's page."""
        guard = self.admin_site.admin_view
        own = [
            path("upcoming/", guard(self.upcoming_view), name="schedules_upcoming"),
            path("<path:object_id>/run/", guard(require_POST(self.run_view)), name="schedules_run"),
        ]
        return own + super().get_urls()

    def save_model(self, request: HttpRequest, obj: Schedule, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        """Save the row and its terms."""
        super().save_model(request, obj, form, change)
        if isinstance(form, ScheduleForm):
            form.save_terms()

    def _run(self, request: HttpRequest, row: Schedule) -> None:
        try:
            slot = run_now(row, now=clock().now())
        except StorychainError as error:
            self.message_user(request, f"Cannot run: {row.name}. {error.detail}", messages.ERROR)
            return
        if slot.state == State.PENDING:
            said = f"Runs as soon as the queue answers: {row.name}. {slot.error}"
            self.message_user(request, said, messages.WARNING)
        else:
            self.message_user(request, f"Runs now: {row.name}, as job {slot.job_id}.")

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


def _overview(row: Schedule) -> Overview:
    """Look once at each row that a page shows."""
    if not hasattr(row, "_overview"):
        row._overview = look_at([row], now=clock().now())[0]  # noqa: SLF001 - kept with the row for one page
    found: Overview = row._overview  # noqa: SLF001
    return found


def _is_declared(row: Schedule | None) -> bool:
    return row is not None and hasattr(row, "declared")


def _history(row: Schedule) -> str:
    return f"{reverse('admin:schedules_slot_changelist')}?schedule={row.name}"


def _show_ahead(slots: Sequence[datetime]) -> str:
    if not slots:
        return "none"
    days = groupby(slots[:SHOWN_AHEAD], key=datetime.date)
    shown = (
        (f"{slot:%a %H:%M}" if n == 0 else f"{slot:%H:%M}", naturaltime(slot))
        for _, day in days
        for n, slot in enumerate(day)
    )
    listed = format_html_join(SafeString(", "), '<span title="{1}">{0}</span>', shown)
    rest = len(slots) - SHOWN_AHEAD
    last = f"{slots[-1]:%a %H:%M}"
    return format_html("{} and {} more until {}", listed, rest, last) if rest > 0 else listed
