"""What gunicorn refuses by itself, as a problem: a request that is too long, or none at all.

For `gunicorn --worker-class storychain.api.gunicorn_worker.GunicornWorker`.
"""

from http import HTTPStatus
from socket import socket
from uuid import uuid4

from gunicorn import util  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]


class GunicornWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """A worker with threads whose own refusals have the one form of all errors."""

    def init_process(self) -> None:
        """Serve; gunicorn has no other place than this function to say how a refusal looks."""
        util.write_error = _send_problem
        super().init_process()


def _send_problem(client: socket, status: int, reason: str, detail: str) -> None:
    """Refuse a request, as gunicorn's `write_error` does in HTML."""
    # Only here: the arbiter loads this module before anybody has named the settings.
    from storychain.api.handlers import DEFECT  # noqa: PLC0415
    from storychain.api.problems import MEDIA_TYPE, Description, encode_problem  # noqa: PLC0415

    code = reason.lower().replace(" ", "-")
    is_ours = status == HTTPStatus.INTERNAL_SERVER_ERROR
    what = DEFECT if is_ours else Description(status, code, reason, detail)
    request_id = uuid4().hex
    body = encode_problem(what, path="", request_id=request_id)
    head = [
        f"HTTP/1.1 {status} {reason}",
        f"Content-Type: {MEDIA_TYPE}",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        f"X-Request-ID: {request_id}",
        "Connection: close",
    ]
    util.write_nonblock(client, "\r\n".join([*head, "", ""]).encode("ascii") + body)
