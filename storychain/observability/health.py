"""Is the process alive (/livez), can it serve (/readyz), how is the whole system (/health).

A part registers a probe: a function that raises when the part does not answer. Whoever has
figures to show registers a section. Both are asked in the background, at the same time and at
most once a second, however many want to know.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from storychain.errors import Unavailable
from storychain.observability.figures import SHAPES, read_figures
from storychain.observability.onlookers import is_staff
from storychain.observability.parts import Outcome, Part, look_at, start
from storychain.observability.shared_call import SharedCall

Section = Mapping[str, Any] | Sequence[Mapping[str, Any]]
UNCACHED = {"Cache-Control": "no-store"}


class NotReady(Unavailable):
    """A part that this process cannot do without does not answer."""

    code, title = "not-ready", "A part that this process needs does not answer"


def _ask_sql() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


_probes: dict[str, Part] = {"sql": Part(SharedCall(_ask_sql), is_needed=True)}
_sections: dict[str, Part] = {}


def register_probe(name: str, fn: Callable[[], Any], *, needed_for_ready: bool) -> None:
    """Ask `fn` whether the part answers: it returns if so and raises if not."""
    _probes[name] = Part(SharedCall(fn), is_needed=needed_for_ready)


def register_section(name: str, fn: Callable[[], Section]) -> None:
    """Show what `fn` returns in /health: the seed's figures to all, anything beyond to staff."""
    _sections[name] = Part(SharedCall(fn))


def check_parts() -> dict[str, Outcome]:
    """Ask every probe and every section, and return what each said, by name."""
    start(*_probes.values(), *_sections.values())
    return look_at(_probes) | look_at(_sections)


@csrf_exempt
@require_safe
def livez(_request: HttpRequest) -> HttpResponse:
    """Say that the process answers; touches nothing."""
    return JsonResponse({"status": "ok"}, headers=UNCACHED)


@csrf_exempt
@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """Say that this process can serve; raise NotReady, which names the parts, if it cannot."""
    outcomes = look_at({name: part for name, part in _probes.items() if part.is_needed})
    failing = {name: [found.reason] for name, found in outcomes.items() if found.reason}
    if failing:
        raise NotReady(f"Not answering: {', '.join(sorted(failing))}.", fields=failing)
    return JsonResponse({"status": "ready", "parts": sorted(outcomes)}, headers=UNCACHED)


@csrf_exempt
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Show how everything is: the seed's JSON to all, and what failed, why and how slow to staff.

    `status` is "ok", "degraded" (it serves without what fails) or "down" (answered with 503).
    """
    start(*_probes.values(), *_sections.values())
    probes, sections = look_at(_probes), look_at(_sections)
    figures, unfit = _read_sections(sections)
    failing = unfit | {n for n, found in (*probes.items(), *sections.items()) if found.reason}
    is_down = any(part.is_needed and probes[name].reason for name, part in _probes.items())
    status = "down" if is_down else "degraded" if failing else "ok"
    body = {"status": status, **figures, "failing": sorted(failing)}
    if is_staff(request):
        body |= {"details": {"probes": _details(probes), "sections": _details(sections)}}
    content = msgspec.json.encode(body, enc_hook=str)
    return HttpResponse(content, "application/json", 503 if is_down else 200, headers=UNCACHED)


def _read_sections(sections: Mapping[str, Outcome]) -> tuple[dict[str, Any], set[str]]:
    """Return the public figures, and the sections whose figures cannot be read."""
    values = {name: found.value for name, found in sections.items()}
    read = {name: read_figures(name=name, value=values.get(name)) for name in SHAPES}
    figures = {name: figure for name, (figure, _) in read.items()}
    return figures, {name for name, (_, fits) in read.items() if not fits}


def _details(outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    return {
        name: {"ms": found.ms, "error": found.error, "figures": found.value}
        for name, found in outcomes.items()
    }
