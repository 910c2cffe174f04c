"""How an operator edits a schedule: a job, a cron pattern, arguments; each checked as it runs.

The admin and `manage.py schedules set` both go through this form.
"""

from contextlib import suppress
from typing import Any

from django import forms

from storychain.queues.payloads import BadPayload
from storychain.queues.registry import find_job, list_jobs
from storychain.schedules.calls import make_call
from storychain.schedules.limits import DEFAULT_GRACE, DEFAULT_LONGEST, MOST_GRACE
from storychain.schedules.models import Schedule, Terms
from storychain.schedules.rows import (
    find_or_store_pattern,
    read_args,
    read_pattern,
    read_terms,
    write_args,
)
from storychain.schedules.timing import BadTiming, read_cron

CRON_HELP = "Minute, hour, day of month, month, day of week (0 is Sunday), as in: */5 * * * *"
GRACE_HELP = "Seconds after its time for which a run that was missed is still caught up, once."
LONGEST_HELP = "Seconds after which a run that has not ended is marked."
MINUTE = 60


class ScheduleForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    """A row of django-celery-beat, its pattern in one line, and its terms."""

    task = forms.ChoiceField(
        label="Job",
        choices=lambda: [(job.name, job.name) for job in list_jobs()],
        error_messages={"invalid_choice": "No job is named %(value)s."},
    )
    cron = forms.CharField(max_length=200, help_text=CRON_HELP)
    zone = forms.CharField(label="Time zone", max_length=63, initial="UTC")
    kwargs = forms.JSONField(
        label="Arguments",
        required=False,
        initial=dict,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="A JSON object of what the job takes.",
    )
    grace = forms.FloatField(
        label="Grace",
        initial=DEFAULT_GRACE,
        min_value=MINUTE,
        max_value=MOST_GRACE,
        help_text=GRACE_HELP,
        required=False,
    )
    longest = forms.FloatField(
        label="Longest run",
        initial=DEFAULT_LONGEST,
        min_value=1,
        help_text=LONGEST_HELP,
        required=False,
    )

    class Meta:
        """Only what a schedule of ours has."""

        model = Schedule
        fields = ("name", "task", "cron", "zone", "kwargs", "enabled", "description")
        help_texts = {"name": "", "enabled": "", "description": ""}
        widgets = {"description": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Show what is stored, in the terms of this form."""
        if row := kwargs.get("instance"):
            kwargs["initial"] = describe_row(row) | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """Refuse what would never run, with the reason."""
        said: dict[str, Any] = super().clean() or {}
        if {"cron", "zone"} <= said.keys():
            self._check_timing(said["cron"], said["zone"])
        if {"task", "kwargs"} <= said.keys():
            args = said["kwargs"] or {}
            said["kwargs"] = write_args(args)
            self._check_args(said["task"], args)
        return said

    def save_terms(self) -> None:
        """Store what is asked of the row beyond its times; the row itself is saved before."""
        said = {name: self.cleaned_data.get(name) for name in ("grace", "longest")}
        terms = {name: value for name, value in said.items() if value is not None}
        if terms:
            Terms.objects.update_or_create(row_id=self.instance.pk, defaults=terms)

    def _check_timing(self, cron: str, zone: str) -> None:
        try:
            self.instance.crontab = find_or_store_pattern(read_cron(cron, zone=zone))
            self.instance.interval = self.instance.solar = self.instance.clocked = None
        except BadTiming as wrong:
            self.add_error("cron", wrong.detail)

    def _check_args(self, task: str, args: Any) -> None:
        if not isinstance(args, dict):
            self.add_error("kwargs", "Give a JSON object.")
            return
        try:
            make_call(find_job(task), args)
        except BadPayload as wrong:
            self.add_error("kwargs", wrong.detail)


def describe_row(row: Schedule) -> dict[str, Any]:
    """Return what is stored of a row in the form's terms; what cannot be read is left out."""
    terms = read_terms(row)
    stored: dict[str, Any] = {"grace": terms.grace, "longest": terms.longest}
    with suppress(BadPayload):
        stored["kwargs"] = read_args(row)
    if row.crontab:
        with suppress(BadTiming):
            pattern = read_pattern(row.crontab)
            stored |= {"cron": pattern.pattern, "zone": pattern.zone}
    return stored
