"""Code meets the table: three-way, field by field.

For each field there is what was last declared, what the row says, and what is declared now. Where
the row still says what was last declared, nobody touched it, and it follows the code; else an
operator changed it, and it stays. A schedule that left the code is disabled, never deleted, and
enabled again when it comes back, unless somebody else had disabled it.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from storychain.queues.payloads import BadPayload
from storychain.schedules.declarations import Declaration
from storychain.schedules.models import LastDeclared, Terms
from storychain.schedules.rows import (
    find_or_store_pattern,
    read_args,
    read_terms,
    read_timing,
    write_args,
)
from storychain.schedules.timing import BadTiming, Cron, read_cron


@dataclass
class Outcome:
    """What a synchronisation did, by schedule name; `kept` names the fields that operators own."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    disabled: list[str] = field(default_factory=list)
    enabled: list[str] = field(default_factory=list)
    kept: dict[str, list[str]] = field(default_factory=dict)


@transaction.atomic
def synchronise(declarations: Iterable[Declaration]) -> Outcome:
    """Bring the table in line with the code; doing it again changes nothing."""
    outcome, declared = Outcome(), {one.name: one for one in declarations}
    rows = {row.name: row for row in _rows()}
    for name, declaration in declared.items():
        if row := rows.get(name):
            _meet(row, declaration, outcome)
        else:
            _create(declaration, outcome)
    for row in rows.values():
        if hasattr(row, "declared") and row.name not in declared:
            _retire(row, outcome)
    return outcome


def _rows() -> Iterator[PeriodicTask]:
    found = PeriodicTask.objects.select_for_update(of=("self",))
    yield from found.select_related("declared", "crontab", "interval", "terms")


def _create(declaration: Declaration, outcome: Outcome) -> None:
    row, said = PeriodicTask(name=declaration.name), _said(declaration)
    _write(row, said)
    _save(row, said)
    LastDeclared.objects.create(row=row, **said)
    outcome.created.append(declaration.name)


def _meet(row: PeriodicTask, declaration: Declaration, outcome: Outcome) -> None:
    wanted, actual = _said(declaration), _in_force(row)
    before = _said(row.declared) if hasattr(row, "declared") else {}
    differing = {name for name in wanted if actual[name] != wanted[name]}
    ours = {name: wanted[name] for name in differing if actual[name] == before.get(name)}
    if kept := sorted(differing - ours.keys()):
        outcome.kept[row.name] = kept
    comes_back = bool(before) and row.declared.left_at is not None and not row.enabled
    if comes_back:
        row.enabled = True
        outcome.enabled.append(row.name)
    if ours or comes_back:
        _write(row, ours)
        _save(row, ours)
        outcome.updated.extend([row.name] if ours else [])
    if before != wanted or comes_back:
        LastDeclared.objects.update_or_create(row=row, defaults=wanted | {"left_at": None})


def _retire(row: PeriodicTask, outcome: Outcome) -> None:
    if row.declared.left_at or not row.enabled:
        return
    row.enabled = False
    row.save()
    LastDeclared.objects.filter(row=row).update(left_at=timezone.now())
    outcome.disabled.append(row.name)


def _said(declaration: Declaration | LastDeclared) -> dict[str, Any]:
    """Return what code says, or said, field by field; a pattern and its zone are one field."""
    return {
        "job": declaration.job,
        "timing": list(declaration.timing),
        "args": dict(declaration.args),
        "grace": declaration.grace,
        "longest": declaration.longest,
        "description": declaration.description,
    }


def _in_force(row: PeriodicTask) -> dict[str, Any]:
    """Return what the row says, in the same terms."""
    terms = read_terms(row)
    return {
        "job": row.task,
        "timing": _timing(row),
        "args": _args(row),
        "grace": terms.grace,
        "longest": terms.longest,
        "description": row.description,
    }


def _save(row: PeriodicTask, said: Mapping[str, Any]) -> None:
    row.save()
    if terms := {name: said[name] for name in ("grace", "longest") if name in said}:
        Terms.objects.update_or_create(row=row, defaults=terms)


def _timing(row: PeriodicTask) -> list[str] | None:
    with suppress(BadTiming):
        timing = read_timing(row)
        return [timing.pattern, timing.zone] if isinstance(timing, Cron) else None
    return None


def _args(row: PeriodicTask) -> dict[str, Any] | None:
    with suppress(BadPayload):
        return read_args(row)
    return None


def _write(row: PeriodicTask, said: Mapping[str, Any]) -> None:
    if "timing" in said:
        pattern, zone = said["timing"]
        row.crontab, row.interval = find_or_store_pattern(read_cron(pattern, zone=zone)), None
    if "args" in said:
        row.kwargs = write_args(said["args"])
    row.task = said.get("job", row.task)
    row.description = said.get("description", row.description)
