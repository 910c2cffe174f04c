"""The queues: how they are, their jobs, and one job with all that is known of it."""

import msgspec
from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from storychain import outbox
from storychain.observability.logging import hide_secrets
from storychain.ops.pages import do, operations_page, show
from storychain.ops.turning import PER_PAGE, read_page, turn
from storychain.queues import deadletters, desk
from storychain.queues.alerts import find_alerts
from storychain.queues.lookup import JobHistory, look_up
from storychain.queues.presence import worker_health
from storychain.queues.records import STATES, JobNotFound, list_jobs
from storychain.queues.stats import stats
from storychain.queues.topology import QUEUES

QUEUE_ACTIONS = {"pause": desk.pause_queue, "resume": desk.resume_queue}
JOB_ACTIONS = {
    "retry": deadletters.replay,
    "discard": deadletters.discard,
    "cancel": desk.cancel_job,
}
FITTING = {
    "dead": ("retry", "discard"),
    "failed": ("retry",),
    "delayed": ("retry", "cancel"),
    "waiting": ("cancel",),
    "parked": ("cancel",),
    "active": ("cancel",),
}


@operations_page("queues", "queues/overview/", title="Queues")
def show_queues(request: HttpRequest) -> HttpResponse:
    """Show all queues and workers; pause or resume one."""
    verb, queue = request.POST.get("action", ""), request.POST.get("queue", "")
    if request.method == "POST" and verb in QUEUE_ACTIONS:
        action = QUEUE_ACTIONS[verb]
        return do(request, what=f"{verb.capitalize()} {queue}", ids=[queue], action=action)
    return show(
        request,
        "queues",
        title="Queues",
        queues=stats(),
        workers=worker_health()["workers"],
        alerts=find_alerts(),
        outbox=outbox.depth(),
        is_live="live" in request.GET,
    )


@operations_page("queues_jobs", "queues/jobs/<str:queue>/<str:state>/")
def show_jobs(request: HttpRequest, queue: str, state: str) -> HttpResponse:
    """List the jobs of a queue that are in a state."""
    if queue not in QUEUES or state not in STATES:
        messages.error(request, f"There is no queue {queue!r} with jobs that are {state!r}.")
        return show(request, "jobs", title="Jobs", **turn(request, []))
    offset = read_page(request) * PER_PAGE
    rows = list_jobs(queue=queue, state=state, offset=offset, limit=PER_PAGE + 1)
    return show(
        request,
        "jobs",
        title=f"{queue}: {state}",
        queue=queue,
        states=STATES,
        **turn(request, rows),
    )


@operations_page("queues_job", "queues/job/", title="Find a job")
def show_job(request: HttpRequest) -> HttpResponse:
    """Show a job; retry, discard or cancel it."""
    job_id, verb = request.GET.get("id", "").strip(), request.POST.get("action", "")
    if request.method == "POST" and verb in JOB_ACTIONS:
        return do(request, what=verb.capitalize(), ids=[job_id], action=JOB_ACTIONS[verb])
    if not job_id:
        return show(request, "job", title="Find a job")
    try:
        found = look_up(job_id)
    except JobNotFound as error:
        return show(request, "job", title="Find a job", job_id=job_id, missing=error.detail)
    return show(
        request,
        "job",
        title="Job",
        job_id=job_id,
        found=found,
        payload=_read_payload(found),
        actions=FITTING.get(_state_of(found), ()),
    )


def _state_of(found: JobHistory) -> str:
    if found.job is not None:
        return found.job.state
    return "dead" if found.letter is not None and found.letter.status == "dead" else ""


def _read_payload(found: JobHistory) -> str:
    """Return the payload as text, without what is named like a secret."""
    if found.job is not None:
        args = found.job.args
    else:
        args = msgspec.json.decode(found.letter.args) if found.letter is not None else {}
    hidden = hide_secrets(None, "", dict(args))
    return msgspec.json.format(msgspec.json.encode(hidden)).decode()
