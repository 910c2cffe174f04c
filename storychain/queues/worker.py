"""What a Celery worker does for the ledger: answer bells, renew leases, promote and sweep."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from celery import Celery, Task, bootsteps, shared_task
from celery.signals import (
    celeryd_init,
    import_modules,
    setup_logging,
    worker_process_shutdown,
    worker_shutting_down,
)
from celery.utils.text import str_to_list
from django.conf import settings

from storychain.observability.logging import apply_logging
from storychain.patience import be_patient
from storychain.queues import recording
from storychain.queues.bells import BELL
from storychain.queues.jobs import Job
from storychain.queues.keeper import Keeper
from storychain.queues.monitoring import send_task_events
from storychain.queues.registry import list_jobs
from storychain.queues.station import Station, begin_worker
from storychain.queues.ticking import Ticker
from storychain.queues.topology import QUEUES

POOL_THREADS = 4  # for bells, which only wake a drain, and for tasks that enqueue
_station: Station | None = None


@shared_task(name=BELL, bind=True, acks_late=True, ignore_result=True, send_events=False)
def answer_bell(task: "Task[Any, Any]", queue: str) -> None:
    """Work for a queue; Celery's message says no more than that."""
    (_station or _open_child(task)).answer(queue)


def _open_child(task: "Task[Any, Any]") -> Station:
    """Open the station of a prefork pool's child, at its first bell."""
    station = _open(task.app, worker=task.request.hostname or "", is_threaded=False)
    Ticker({station.heart.beat: settings.QUEUE_HEARTBEAT_SECONDS}).start()
    return station


def _open(app: Celery, *, worker: str, is_threaded: bool) -> Station:
    global _station  # noqa: PLW0603 - a process has one
    _station = Station(worker=worker, is_threaded=is_threaded)
    if app.conf.worker_send_task_events:
        send_task_events(app, worker=worker)
    return _station


class Upkeep(bootsteps.StartStopStep):
    """The part of a worker that looks after all queues, whichever it works for itself."""

    requires = ("celery.worker.components:Pool",)

    def start(self, worker: Any) -> None:
        """Begin; in the threads pool also open the station of this process."""
        tasks: dict[Callable[[], object], float] = {}
        if worker.pool_cls.__module__.endswith(".thread"):
            station = _open(worker.app, worker=worker.hostname, is_threaded=True)
            worker_shutting_down.connect(lambda **_: station.close(), weak=False)
            tasks[station.heart.beat] = settings.QUEUE_HEARTBEAT_SECONDS
            tasks[station.answer_unrung] = settings.QUEUE_SWEEP_SECONDS
        queues = sorted(set(QUEUES) & set(worker.app.amqp.queues.consume_from))
        self._keeper = Keeper(worker=worker.hostname, queues=queues, tasks=tasks)
        self._keeper.start()

    def stop(self, worker: Any) -> None:
        """End when all jobs of this process have: until then their leases are to be renewed.

        Celery stops us before the pool, and that is the first to wait for anything.
        """
        if _station:
            _station.close()
            _station.wait()
        self._keeper.stop()


@celeryd_init.connect
def _configure(conf: Any, options: Any, **_: Any) -> None:
    """Begin a worker as the command line says: size its pool, and tell its children of -E."""
    begin_worker()
    be_patient()
    conf.worker_send_task_events = conf.worker_send_task_events or options.get("task_events")
    if "thread" in str(options.get("pool_cls") or options.get("pool")):
        conf.worker_concurrency = POOL_THREADS
    else:
        names = str_to_list(options.get("queues")) or list(QUEUES)
        conf.worker_concurrency = sum(QUEUES[name].concurrency for name in names if name in QUEUES)


def _close_child(**_: Any) -> None:
    recording.close()


@setup_logging.connect
def _set_up_logging(loglevel: int, **_: Any) -> None:
    """Log as the settings say; the command line's --loglevel is for Celery's own lines."""
    apply_logging()
    logging.getLogger("celery").setLevel(loglevel)


def set_up(app: Celery) -> None:
    """Make an app's workers work for the ledger, and every job a task of its name."""
    app.steps["worker"].add(Upkeep)
    worker_process_shutdown.connect(_close_child, weak=False)
    import_modules.connect(partial(_register_jobs, app), sender=app, weak=False)


def _register_jobs(app: Celery, **_: Any) -> None:
    routes = {job.name: {"queue": job.queue} for job in list_jobs()}
    app.conf.task_routes = routes
    for job in list_jobs():
        _register(app, job)


def _register(app: Celery, job: Job[Any, Any]) -> None:
    def enqueue(task: "Task[Any, Any]", /, **payload: Any) -> str:
        # A message that is delivered twice is one job.
        return job.enqueue(job_id=f"task:{task.request.id}", **payload)

    enqueue.__doc__ = job.function.__doc__
    app.task(name=job.name, bind=True, acks_late=True, send_events=False)(enqueue)
