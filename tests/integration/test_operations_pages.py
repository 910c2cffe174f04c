"""The queues in the admin: what an operator sees of them, does to them, and is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pymongo.errors import ServerSelectionTimeoutError

from storychain import documents, outbox, redis
from storychain.outbox import OutboxRow
from storychain.queues import ledger
from storychain.queues.deadletters import DeadLetter, mirror_dead
from storychain.queues.models import JobRun
from storychain.queues.records import get_job
from storychain.queues.stats import stats
from storychain.queues.wire import Ask, Outcome
from tests.queueing import jobs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_bells")]
QUEUES, LETTERS, OUTBOX, JOB, RUNS = (
    f"/admin/queues/{path}/" for path in ("overview", "dead-letters", "outbox", "job", "jobrun")
)
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def no_bells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is there to come."""
    monkeypatch.setattr("storychain.queues.bells._send", lambda _: None)


def sign_in(*permissions: str, **flags: bool) -> Client:
    """Return the client of somebody with these permissions."""
    user = User.objects.create(username=f"u{User.objects.count()}", **{"is_staff": True, **flags})
    for codename in permissions:
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label="queues", codename=codename)
        )
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def operator() -> Client:
    return sign_in("view_jobrun", "operate")


def read(client: Client, url: str, **query: str) -> str:
    answer = client.get(url, query)
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


def act(client: Client, url: str, **form: Any) -> str:
    """Send a form; return the page that follows."""
    answer = client.post(url, form, follow=True)
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


def die(text: str = "ValueError: why", **payload: Any) -> str:
    """Let a job die; return its id."""
    job_id = jobs.typed.enqueue(at=datetime.now(UTC), **payload)
    _, (held,) = ledger.exchange(queue="notification", holder="w/1#1", ask=Ask(1, 9, job_id))
    outcome = Outcome(job_id, held.token, "dead", text)
    ledger.exchange(queue="notification", holder="w/1#1", outcomes=[outcome], ask=None)
    mirror_dead()
    return job_id


def keep_run(**fields: Any) -> JobRun:
    row = {"token": 1, "job_id": "j", "name": "test.nothing", "queue": "analytics", "attempt": 1}
    row |= {"started_at": datetime.now(UTC), "duration": 0.5, "outcome": "completed"}
    return JobRun.objects.create(**row | fields)


@documents.unit_of_work
def leave_row(kind: str = "nobody's", **payload: Any) -> str:
    return outbox.add(kind=kind, payload=payload)


# Who may


@pytest.mark.parametrize("url", [QUEUES, LETTERS, OUTBOX, JOB, RUNS])
def test_only_those_who_may_look_see_anything(url: str) -> None:
    assert Client().get(url)["Location"].startswith("/admin/login/")
    assert sign_in(is_staff=False).get(url)["Location"].startswith("/admin/login/")
    assert sign_in().get(url).status_code == 403
    assert sign_in("view_jobrun").get(url).status_code == 200


def test_who_may_look_may_not_act() -> None:
    looker, job_id = sign_in("view_jobrun"), die()
    row = leave_row()
    forms: list[tuple[str, dict[str, Any]]] = [
        (QUEUES, {"action": "pause", "queue": "email"}),
        (LETTERS, {"action": "replay", "id": [job_id]}),
        (f"{JOB}?id={job_id}", {"action": "discard"}),
        (OUTBOX, {"id": [row]}),
    ]
    for url, form in forms:
        assert looker.post(url, form).status_code == 403
    assert get_job(job_id).state == "dead"
    assert not any(queue["paused"] for queue in stats())
    assert 'value="pause"' not in read(looker, QUEUES)
    assert 'value="replay"' not in read(looker, LETTERS)


def test_a_form_without_its_token_changes_nothing() -> None:
    client = sign_in("view_jobrun", "operate")
    client.handler.enforce_csrf_checks = True
    assert client.post(QUEUES, {"action": "pause", "queue": "email"}).status_code == 403
    assert not any(queue["paused"] for queue in stats())


def test_the_menu_leads_there(operator: Client) -> None:
    menu = read(operator, "/admin/")
    for url in (QUEUES, LETTERS, OUTBOX, JOB, RUNS):
        assert f'href="{url}"' in menu
    assert LETTERS not in read(sign_in(), "/admin/")


# Queues and jobs


def test_the_queues_are_shown_paused_and_resumed(operator: Client) -> None:
    jobs.nothing.enqueue(n=1)
    page = read(operator, QUEUES)
    assert all(text in page for text in ("analytics", "p99", "No worker has been here"))
    assert "Pause email: 1 done" in act(operator, QUEUES, action="pause", queue="email")
    assert next(row for row in stats() if row["name"] == "email")["paused"]
    act(operator, QUEUES, action="resume", queue="email")
    assert not any(row["paused"] for row in stats())
    assert "No queue is named" in act(operator, QUEUES, action="pause", queue=SCRIPT)


def test_the_jobs_of_a_state_are_listed_by_the_page(operator: Client) -> None:
    for n in range(51):
        jobs.nothing.enqueue(n=n)
    url = "/admin/queues/jobs/analytics/waiting/"
    assert read(operator, url).count("test.nothing") == 50
    assert "?p=1" in read(operator, url)
    second = read(operator, url, p="1")
    assert second.count("test.nothing") == 1
    assert "?p=0" in second
    for nonsense in ("-1", "x", "9" * 30, "²"):
        read(operator, url, p=nonsense)
    assert "There is no queue" in read(operator, "/admin/queues/jobs/nope/waiting/")


def test_jobs_that_wait_for_a_lock_are_shown_and_cancelled(operator: Client) -> None:
    ids = [jobs.exclusive.enqueue(trace="-", kind="logs") for _ in range(2)]
    ledger.exchange(queue="cleanup", holder="w/1#1", ask=Ask(2, 9, "1"))
    url = "/admin/queues/jobs/cleanup/parked/"
    assert f'<a href="{url}">1 parked</a>' in read(operator, QUEUES)
    assert ids[1] in read(operator, url)
    assert "parked for test.exclusive:logs" in read(operator, "/admin/queues/jobs/cleanup/waiting/")
    assert "which another job holds" in read(operator, JOB, id=ids[1])
    act(operator, f"{JOB}?id={ids[1]}", action="cancel")
    assert "There are none" in read(operator, url)


def test_a_job_is_found_with_attempts_errors_and_log(operator: Client) -> None:
    job_id = die()
    keep_run(job_id=job_id, outcome="dead", error="ValueError: why", worker="io@host")
    page = read(operator, JOB, id=f" {job_id} ")
    for text in ("test.typed", "ValueError: why", "io@host", "&quot;count&quot;: 1", "1 of 3"):
        assert text in page
    assert "No job has the id" in read(operator, JOB, id="nobody")
    assert "Retry" not in read(operator, JOB)


def test_a_job_is_retried_cancelled_and_discarded(operator: Client) -> None:
    job_id = die()
    url = f"{JOB}?id={job_id}"
    act(operator, url, action="retry")
    assert get_job(job_id).state == "waiting"
    assert DeadLetter.objects.get(job_id=job_id).status == "replayed"
    assert "this takes dead" in act(operator, url, action="discard")
    act(operator, url, action="cancel")
    assert get_job(job_id).state == "failed"


def test_a_job_that_all_but_its_letter_have_forgotten_is_still_there(operator: Client) -> None:
    job_id = die(note="remember me")
    client = redis.client("queue")
    client.delete(*client.keys(redis.key("*")))
    page = read(operator, JOB, id=job_id)
    assert "the ledger does not have it any more" in page
    assert "remember me" in page
    act(operator, f"{JOB}?id={job_id}", action="retry")
    assert get_job(job_id).state == "waiting"


def test_what_is_named_like_a_secret_is_hidden(operator: Client, monkeypatch) -> None:
    from storychain.ops import queues

    found = queues.look_up(die(note="x"))
    found.job.args["token"] = "abc"
    monkeypatch.setattr(queues, "look_up", lambda _: found)
    page = read(operator, JOB, id="x")
    assert "abc" not in page
    assert "[hidden]" in page


# Dead letters


def test_dead_letters_are_listed_by_queue_and_status(operator: Client) -> None:
    job_id = die()
    assert job_id in read(operator, LETTERS)
    assert job_id in read(operator, LETTERS, queue="notification", status="dead")
    assert job_id not in read(operator, LETTERS, queue="email")
    assert job_id not in read(operator, LETTERS, status="replayed")
    read(operator, LETTERS, status=SCRIPT, queue=SCRIPT)


def test_some_are_replayed_others_discarded_and_what_moved_on_is_said(operator: Client) -> None:
    first, second, third = die(), die(), die()
    assert "Replay: 2 done" in act(operator, LETTERS, action="replay", id=[first, second])
    assert "Discard: 1 done" in act(operator, LETTERS, action="discard", id=[third])
    assert [get_job(j).state for j in (first, second, third)] == ["waiting", "waiting", "failed"]
    assert "this takes dead" in act(operator, LETTERS, action="discard", id=[first])
    assert "No job has the id" in act(operator, LETTERS, action="replay", id=["gone"])


# Outbox


def test_the_outbox_shows_what_is_blocked_and_offers_it_again(operator: Client) -> None:
    row = leave_row(kind="test", job="test.nothing")
    page = read(operator, OUTBOX)
    assert row in page
    assert "blocked" in page  # nobody took it inline
    outbox.handles("test")(lambda rows: {each.row_id for each in rows})
    try:
        assert "1 offered, 1 taken" in act(operator, OUTBOX, id=[row, "gone"])
    finally:
        outbox._handlers.pop("test")
    assert OutboxRow.objects.get(row_id=row).is_taken
    assert "taken" in read(operator, OUTBOX)
    assert row not in read(operator, OUTBOX, show="overdue")


# Job runs


def test_runs_are_filtered_and_found_by_id(operator: Client) -> None:
    keep_run(token=1, job_id="one", request_id="req-1", error=SCRIPT)
    keep_run(token=2, job_id="two", outcome="dead", queue="email", schedule="nightly")

    def shown(**query: str) -> list[bool]:
        page = read(operator, RUNS, **query)
        return [f"id={job_id}" in page for job_id in ("one", "two")]

    assert shown() == [True, True]
    assert shown(queue="email") == [False, True]
    assert shown(outcome__exact="completed") == [True, False]
    assert shown(name="test.nothing") == [True, True]
    assert shown(q="one") == [True, False]
    assert shown(q="req-1") == [True, False]
    assert shown(q="nightly") == [False, True]
    assert shown(q="on") == [False, False]
    assert SCRIPT not in read(operator, RUNS)
    for url in (f"{RUNS}add/", f"{RUNS}1/delete/"):
        assert operator.get(url).status_code == 403
    assert "one" in read(operator, f"{RUNS}1/change/")


def test_a_long_history_is_not_counted_to_its_end(operator: Client, monkeypatch) -> None:
    monkeypatch.setattr("storychain.queues.admin.MOST_COUNTED", 2)
    for n in range(3):
        keep_run(token=n, job_id=f"j{n}")
    assert "2 job runs" in read(operator, RUNS)


# What somebody else has written


@pytest.mark.parametrize("text", [SCRIPT, '"><img src=x onerror=alert(1)>', "' onclick='alert(1)"])
def test_nothing_that_a_payload_or_error_holds_becomes_markup(operator: Client, text: str) -> None:
    job_id = die(f"ValueError: {text}", note=text)
    keep_run(job_id=job_id, error=text, worker=text, schedule=text, request_id=text)
    leave_row(kind=text, job=text)
    marked = jobs.typed.enqueue(job_id=f"x{text}", at=datetime.now(UTC), note=text)
    pages = [read(operator, url) for url in (LETTERS, OUTBOX, RUNS)]
    pages += [read(operator, JOB, id=each) for each in (job_id, marked, text)]
    pages.append(read(operator, "/admin/queues/jobs/notification/waiting/"))
    for page in pages:
        assert text not in page


# A part is away


@pytest.fixture
def no_ledger(settings) -> Iterator[None]:
    """Nobody answers where the ledger was."""
    settings.REDIS_QUEUE_URL = "redis://127.0.0.1:1/0"
    redis.disconnect()
    yield
    redis.disconnect()


@pytest.mark.parametrize("url", [QUEUES, "/admin/queues/jobs/email/waiting/", f"{JOB}?id=x"])
def test_without_the_ledger_the_page_says_so_in_one_line(
    operator: Client, no_ledger: None, url: str
) -> None:
    answer = operator.get(url)
    assert answer.status_code == 503
    page = answer.content.decode()
    assert "The ledger does" in page
    assert "Traceback" not in page


@pytest.mark.parametrize("url", [QUEUES, LETTERS, OUTBOX])
def test_without_mongodb_the_page_says_so_in_one_line(
    operator: Client, monkeypatch, url: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ServerSelectionTimeoutError("mongodb://me:secret@host: no route")

    monkeypatch.setattr("storychain.ops.letters.list_dead_letters", fail)
    monkeypatch.setattr(outbox, "depth", fail)
    answer = operator.get(url)
    assert answer.status_code == 503
    page = answer.content.decode()
    assert "MongoDB does not answer" in page
    assert "secret" not in page
