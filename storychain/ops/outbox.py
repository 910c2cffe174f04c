"""The outbox: what writes have left to be done, and what of it is blocked."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from storychain import outbox
from storychain.ops.pages import operations_page, show
from storychain.ops.turning import PER_PAGE, read_page, turn


@operations_page("outbox", "queues/outbox/", title="Outbox")
def show_outbox(request: HttpRequest) -> HttpResponse:
    """List the rows; offer those again that are chosen."""
    if request.method == "POST":
        found, taken = outbox.offer_again(request.POST.getlist("id")[:PER_PAGE])
        messages.success(request, f"{found} offered, {taken} taken.")
        return HttpResponseRedirect(request.get_full_path())
    is_overdue = request.GET.get("show") == "overdue"
    rows = outbox.list_rows(
        overdue_only=is_overdue, offset=read_page(request) * PER_PAGE, limit=PER_PAGE + 1
    )
    now = datetime.now(UTC)
    return show(
        request,
        "outbox",
        title="Outbox",
        depth=outbox.depth(),
        is_overdue=is_overdue,
        **turn(request, [_describe(row, now=now) for row in rows]),
    )


def _describe(row: outbox.OutboxRow, *, now: datetime) -> dict[str, Any]:
    state = "blocked" if row.tries else "pending"
    return {
        "id": row.row_id,
        "kind": row.kind,
        "what": row.payload.get("job", "") if isinstance(row.payload, dict) else "",
        "state": "taken" if row.is_taken else state,
        "tries": row.tries,
        "age": (now - row.created_at).total_seconds(),
        "due_in": (row.next_at - now).total_seconds(),
    }
