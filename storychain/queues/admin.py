"""Job runs in Django's admin: to look at, to search, never to change."""

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.http import urlencode

from storychain.queues.models import JobRun
from storychain.queues.registry import list_jobs
from storychain.queues.topology import QUEUES

MOST_COUNTED, SHOWN_CHARS = 10_000, 120


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # generic in the stubs alone
    """Counts no further than anybody pages: of millions of rows a count takes seconds."""

    @cached_property
    def count(self) -> int:
        """How many there are, or MOST_COUNTED."""
        rows: QuerySet[JobRun] = self.object_list  # type: ignore[assignment] # what admin gives
        return rows[:MOST_COUNTED].count()


class _ChoiceFilter(admin.SimpleListFilter):
    """A filter whose choices are known without asking the table."""

    def queryset(self, _request: HttpRequest, rows: QuerySet[JobRun]) -> QuerySet[JobRun]:
        """Keep the rows of the choice."""
        chosen = self.value()
        return rows.filter(**{str(self.parameter_name): chosen}) if chosen else rows


class QueueFilter(_ChoiceFilter):
    """By queue."""

    title, parameter_name = "queue", "queue"

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        """Offer the five."""
        return [(name, name) for name in QUEUES]


class JobFilter(_ChoiceFilter):
    """By job."""

    title, parameter_name = "job", "name"

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        """Offer those that are declared."""
        return [(job.name, job.name) for job in list_jobs()]


@admin.register(JobRun)
class JobRunAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    """What became of each attempt that was kept."""

    list_display = ("started", "name", "outcome", "attempt", "seconds", "job", "shown_error")
    show_facets = admin.ShowFacets.NEVER  # each would be a count
    list_filter = (QueueFilter, "outcome", JobFilter, "started_at")
    list_per_page, list_max_show_all = 50, 50
    show_full_result_count = False
    paginator = BoundedPaginator
    ordering = ("-token",)
    search_fields = ("job_id",)
    search_help_text = "The whole id of a job or of a request, or a schedule's name."

    def get_search_results(
        self, _request: HttpRequest, queryset: QuerySet[JobRun], search_term: str
    ) -> tuple[QuerySet[JobRun], bool]:
        """Find whole ids, which the indexes know."""
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(Q(job_id=term) | Q(request_id=term) | Q(schedule=term)), False

    @admin.display(description="Started (UTC)", ordering="token")
    def started(self, run: JobRun) -> str:
        """Show it to the second."""
        return f"{run.started_at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="Seconds")
    def seconds(self, run: JobRun) -> str:
        """Show it short."""
        return f"{run.duration:.3g}"

    @admin.display(description="Error")
    def shown_error(self, run: JobRun) -> str:
        """Show how it begins."""
        return run.error[:SHOWN_CHARS] or "-"

    @admin.display(description="Id")
    def job(self, run: JobRun) -> str:
        """Lead to all that is known of the job."""
        url = f"{reverse('admin:queues_job')}?{urlencode({'id': run.job_id})}"
        return format_html('<a href="{}">{}</a>', url, run.job_id)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Leave writing to the workers."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: JobRun | None = None) -> bool:
        """Leave what was as it was."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: JobRun | None = None) -> bool:
        """Leave clearing away to the clean-up."""
        return False
