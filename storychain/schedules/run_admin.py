"""What schedules have run, in Django's admin: every slot, also missed ones, and runs by hand."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.http import HttpRequest
from django.utils.html import format_html

from storychain.schedules.models import Slot, State

MOST_SHOWN = 100  # characters of an error in the list
GOOD, BAD, OTHER = "✓", "✗", "…"
SIGNS = {State.COMPLETED: GOOD, State.FAILED: BAD, State.MISSED: BAD, State.UNKNOWN: BAD}


def show_moment(moment: datetime | None) -> str:
    """Return a moment and how far away it is, "-" for none."""
    if moment is None:
        return "-"
    return format_html("{} <small>({})</small>", f"{moment:%Y-%m-%d %H:%M}", naturaltime(moment))


def show_seconds(seconds: float | None) -> str:
    """Return a duration for reading, "-" for none."""
    if seconds is None:
        return "-"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def mark_state(slot: Slot) -> str:
    """Return a slot's outcome with a sign, its error on hovering."""
    sign = SIGNS.get(State(slot.state), OTHER)
    return format_html('<span title="{}">{} {}</span>', slot.error, sign, slot.get_state_display())


@admin.register(Slot)
class SlotAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    """The history of runs; nothing here is written by hand."""

    list_display = ("slot", "schedule", "outcome", "why", "began", "took", "attempts")
    list_filter = ("state", "is_manual", "schedule")
    search_fields = ("schedule", "error", "job_id")
    date_hierarchy = "due_at"
    ordering = ("-due_at",)
    show_full_result_count = False

    @admin.display(description="Slot (UTC)", ordering="due_at")
    def slot(self, slot: Slot) -> str:
        """Show the due time."""
        by_hand = " (by hand)" if slot.is_manual else ""
        return f"{slot.due_at:%Y-%m-%d %H:%M:%S}{by_hand}"

    @admin.display(description="Outcome", ordering="state")
    def outcome(self, slot: Slot) -> str:
        """Show how it ended."""
        return mark_state(slot)

    @admin.display(description="Took", ordering="duration")
    def took(self, slot: Slot) -> str:
        """Show how long it ran."""
        return show_seconds(slot.duration)

    @admin.display(description="Began (UTC)", ordering="started_at")
    def began(self, slot: Slot) -> str:
        """Show when the latest attempt began; that may be long after the slot."""
        return f"{slot.started_at:%m-%d %H:%M:%S}" if slot.started_at else "-"

    @admin.display(description="Error")
    def why(self, slot: Slot) -> str:
        """Show the beginning of the error; the run's own page shows all of it."""
        first = slot.error.partition("\n")[0]
        return first if len(first) <= MOST_SHOWN else f"{first[:MOST_SHOWN]} …"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Leave writing to beat."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Leave what was as it was."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Leave forgetting to beat."""
        return False
