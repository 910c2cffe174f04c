"""Dead letters: jobs that came to nothing, to be replayed or discarded."""

from django.http import HttpRequest, HttpResponse

from storychain.ops.pages import do, operations_page, show
from storychain.ops.turning import PER_PAGE, read_page, turn
from storychain.queues.deadletters import discard, list_dead_letters, replay
from storychain.queues.topology import QUEUES

STATUSES = ("dead", "replayed", "discarded")
ACTIONS = {"replay": replay, "discard": discard}


@operations_page("dead_letters", "queues/dead-letters/", title="Dead letters")
def show_dead_letters(request: HttpRequest) -> HttpResponse:
    """List them; replay or discard those that are chosen."""
    verb, chosen = request.POST.get("action", ""), request.POST.getlist("id")[:PER_PAGE]
    if request.method == "POST" and verb in ACTIONS:
        return do(request, what=verb.capitalize(), ids=chosen, action=ACTIONS[verb])
    status = request.GET.get("status", "dead")
    queue = request.GET.get("queue", "")
    letters = list_dead_letters(
        status=status if status in STATUSES else "dead",
        queue=queue if queue in QUEUES else None,
        offset=read_page(request) * PER_PAGE,
        limit=PER_PAGE + 1,
    )
    return show(
        request,
        "letters",
        title="Dead letters",
        status=status,
        statuses=STATUSES,
        queue=queue,
        queues=tuple(QUEUES),
        **turn(request, letters),
    )
