"""A schedule changed from the command line: by the admin's form, so with its checks and reasons."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.forms.models import model_to_dict

from storychain.errors import Invalid
from storychain.schedules.forms import ScheduleForm, describe_row
from storychain.schedules.history import get_row
from storychain.schedules.models import Schedule
from storychain.schedules.rows import write_args

FIELDS = ("task", "cron", "zone", "kwargs", "grace", "longest", "description", "enabled")
NEW = {"zone": "UTC", "kwargs": "{}", "enabled": True}


@transaction.atomic
def edit_schedule(*, name: str, said: Mapping[str, Any]) -> Schedule:
    """Change what is said of a schedule, the rest stays; return it.

    One that there is not is made where a job (`task`) is said. Raise ScheduleNotFound, or Invalid
    with every reason.
    """
    changes = {field: said[field] for field in FIELDS if said.get(field) is not None}
    row = Schedule.objects.filter(name=name).select_related("crontab", "terms").first()
    if row is None and "task" not in changes:
        get_row(name)
    form = ScheduleForm(_stored(row) | {"name": name} | changes, instance=row)
    if not form.is_valid():
        raise Invalid(
            "; ".join(f"{_call(at)}: {' '.join(map(str, why))}" for at, why in form.errors.items())
        )
    saved: Schedule = form.save()
    form.save_terms()
    return saved


def _call(field: str) -> str:
    return {"task": "job", "kwargs": "args"}.get(field, field)


def _stored(row: Schedule | None) -> dict[str, Any]:
    if row is None:
        return dict(NEW)
    stored = model_to_dict(row, fields=("task", "description", "enabled")) | describe_row(row)
    return stored | {"kwargs": write_args(stored.get("kwargs", {}))}
