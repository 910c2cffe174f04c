"""What may be asked of a mail, and how a refusal reads."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from email.utils import getaddresses
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.emails.addresses import check_subject, read_mailbox
from apps.emails.composing import compose
from apps.emails.jobs import email_call
from apps.emails.letters import LETTERS, get_letter, read_context
from apps.emails.samples import SAMPLES
from storychain.queues.payloads import BadPayload
from tests.emailing.mails import DIGEST, INVITATION, WELCOME


@pytest.mark.parametrize(
    ("text", "name", "header"),
    [
        ("ada@example.org", "", "ada@example.org"),
        ("Ada Lovelace <ada@example.org>", "Ada Lovelace", "Ada Lovelace <ada@example.org>"),
        ('"Lovelace, Ada" <ada@example.org>', "Lovelace, Ada", '"Lovelace, Ada" <ada@example.org>'),
        ("نور <n@example.org>", "نور", "=?utf-8?b?2YbZiNix?= <n@example.org>"),
        ("ada@bücher.example", "", "ada@xn--bcher-kva.example"),
    ],
)
def test_an_address_is_taken_with_or_without_a_name(text: str, name: str, header: str) -> None:
    assert read_mailbox(text).name == name
    assert read_mailbox(text).header == header


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "a@b.example, c@d.example",
        "aña@example.org",
        "\u017f@example.org",  # an s to whoever ignores the case
        "a@b.example,c@d.example",
        "<a@b.example> <c@d.example>",
        "a@b.example\nBcc: c@d.example",
        "a@b.example\r\n",
        "Ada\nBcc: c@d.example <a@b.example>",
        "a@b.example\0",
        "\ud800 <a@b.example>",
        f"{'a' * 250}@example.org",
    ],
)
def test_what_is_no_single_address_is_refused_when_it_is_enqueued(text: str) -> None:
    with pytest.raises(BadPayload, match=r"^email.send: to: "):
        email_call(to=text, **WELCOME)


@pytest.mark.parametrize(
    "text", ["", "  ", "a\nBcc: b@c.example", "a\r", "a\0", "a\u2028b", "a" * 201]
)
def test_a_subject_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadPayload, match=r"^email.send: subject: "):
        email_call(to="ada@example.org", **{**WELCOME, "subject": text})


@hypothesis.settings(deadline=None)  # the first loads the templates
@given(to=st.text(max_size=60), subject=st.text(max_size=60))
def test_no_input_can_forge_a_header(to: str, subject: str) -> None:
    try:
        mailbox = read_mailbox(f"{to} <ada@example.org>")
        check_subject(subject)
    except ValueError:
        return
    letter = LETTERS["welcome"]
    message = compose(
        letter=letter,
        to=mailbox,
        subject=subject,
        context=read_context(letter, WELCOME["context"]),
        links={},
        message_id="<x@example.org>",
    )
    sent = email.message_from_bytes(message.message().as_bytes(), policy=email.policy.default)
    named = {"Content-Type", "MIME-Version", "Subject", "From", "To", "Date", "Message-ID"}
    assert sorted(sent.keys()) == sorted({*named, "Auto-Submitted"})
    assert [address for _, address in getaddresses([str(sent["To"])])] == ["ada@example.org"]


@pytest.mark.parametrize(
    ("mail", "changes", "said"),
    [
        (WELCOME, {"username": None}, "Expected `str`, got `null` - at `context.username`"),
        (WELCOME, {"name": "x"}, "Object contains unknown field `name`"),
        (WELCOME, {"start_url": "javascript:alert(1)"}, "Expected a web address (https://...)"),
        (WELCOME, {"username": "a\nb"}, "Expected one line of text without control characters"),
        (INVITATION, {"expires_at": datetime(2026, 1, 1)}, "context.expires_at"),  # noqa: DTZ001
        (DIGEST, {"items": []}, "length >= 1 - at `context.items`"),
        (DIGEST, {"period": "hourly"}, "Invalid enum value 'hourly' - at `context.period`"),
        (DIGEST, {"items": [{"message": "x"}]}, "missing required field `title`"),
    ],
)
def test_a_wrong_context_is_refused_and_named(
    mail: dict[str, Any], changes: dict[str, Any], said: str
) -> None:
    context = {**mail["context"], **changes}
    with pytest.raises(BadPayload) as refused:
        email_call(to="ada@example.org", **{**mail, "context": context})
    assert f"context of {mail['template']}: " in refused.value.detail
    assert said in refused.value.detail


def test_a_context_that_lacks_something_is_refused() -> None:
    with pytest.raises(BadPayload, match="missing required field `username`"):
        email_call(to="ada@example.org", **{**WELCOME, "context": {}})


def test_a_template_that_is_none_is_refused_with_those_that_are() -> None:
    with pytest.raises(BadPayload, match="'newsletter' is none of welcome, password-reset"):
        email_call(to="ada@example.org", **{**WELCOME, "template": "newsletter"})


def test_a_moment_is_taken_as_such_and_as_text() -> None:
    letter = get_letter("collaboration-invite")
    for moment in (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00Z"):
        context = read_context(letter, {**INVITATION["context"], "expires_at": moment})
        assert context.expires_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_call_has_its_letters_priority() -> None:
    calls = {name: _call_sample(name) for name in LETTERS}
    assert sorted(calls, key=lambda name: calls[name].priority) == [
        "password-reset",
        "collaboration-invite",
        "welcome",
        "notification-digest",
    ]


def _call_sample(name: str) -> Any:
    sample = SAMPLES[name]
    return email_call(
        to="ada@example.org", subject=sample.subject, template=name, context=dict(sample.context)
    )
