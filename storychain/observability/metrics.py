"""Figures for Prometheus: how many requests, how they ended, how long they took.

With PROMETHEUS_MULTIPROC_DIR in the environment (prometheus-client's own variable) `/metrics`
shows the sum over all processes that share this directory, else those of the one that answers.
`manage.py supervise` sets it (`sharing.py`).
"""

import os
from pathlib import Path

import psutil
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from storychain.errors import Unauthenticated
from storychain.observability.onlookers import is_scraper, is_staff

_collectors: list[Collector] = []
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})

REQUESTS = Counter(
    "storychain_http_requests",
    "Requests answered.",
    ["method", "route", "status", "cache"],
)
SECONDS = Histogram(
    "storychain_http_request_seconds",
    "Seconds from a request's arrival to its answer.",
    ["method", "route"],
)


def count_request(*, method: str, route: str, status: int, cache: str, seconds: float) -> None:
    """Count one answered request; `cache` is what X-Cache said, or "-"."""
    known = method if method in METHODS else "OTHER"
    REQUESTS.labels(known, route, str(status), cache).inc()
    SECONDS.labels(known, route).observe(seconds)


@csrf_exempt
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Show the figures, in the format that the scraper asks for, to whom `onlookers.py` lets in."""
    if not (is_scraper(request) or is_staff(request)):
        raise Unauthenticated("The figures are for staff, and for who sends the METRICS_TOKEN.")
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(_registry()), content_type=content_type)


def register_figures(collector: Collector) -> None:
    """Show also what a collector finds whenever somebody looks; it is to describe nothing."""
    REGISTRY.register(collector)
    _collectors.append(collector)


def _forget_dead(folder: Path) -> None:
    """Drop what dead processes said of how they are; what they have counted stays counted."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not psutil.pid_exists(pid):
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


def _registry() -> CollectorRegistry:
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder is None:
        return REGISTRY
    _forget_dead(Path(folder))
    summed = CollectorRegistry()
    MultiProcessCollector(summed)  # type: ignore[no-untyped-call]
    for collector in _collectors:
        summed.register(collector)
    return summed
