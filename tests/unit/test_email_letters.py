"""What a letter looks like to whoever reads its source: two parts that say the same, safely."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.emails.addresses import read_mailbox
from apps.emails.composing import compose
from apps.emails.letters import LETTERS, get_letter, read_context
from apps.emails.samples import SAMPLES, compose_sample
from tests.emailing.mails import INVITATION


def html_of(name: str) -> str:
    return str(compose_sample(name).alternatives[0].content)


@pytest.mark.parametrize("name", LETTERS)
def test_each_letter_has_two_parts_and_nothing_to_fetch(name: str) -> None:
    html, text = html_of(name), compose_sample(name).body
    assert re.search(r'<td class="card" style="[^"]*padding: 28px', html)  # inlined
    assert "prefers-color-scheme: dark" in html
    assert not re.search(r"<(?:link|img|script|iframe)|url\(|@import", html)
    for link in [*SAMPLES[name].links.values(), *re.findall(r'href="([^"]+)"', html)]:
        assert link in html
        assert link in text
    assert "{{" not in html + text
    assert "{%" not in html + text


def test_what_members_wrote_is_text_in_both_parts() -> None:
    evil = '<script>alert(1)</script> & "quotes"'
    letter = get_letter("collaboration-invite")
    context = {**INVITATION["context"], "story_title": evil, "message": "{{ username }}"}
    message = compose(
        letter=letter,
        to=read_mailbox("ada@example.org"),
        subject="x",
        context=read_context(letter, context),
        links={},
        message_id="<x@example.org>",
    )
    html = str(message.alternatives[0].content)
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; " in html
    assert evil in message.body
    assert "{{ username }}" in html
    assert "{{ username }}" in message.body


def test_only_the_digest_can_be_unsubscribed_at_once() -> None:
    with_header = {n for n in LETTERS if "List-Unsubscribe" in compose_sample(n).extra_headers}
    assert with_header == {"notification-digest"}
    headers = compose_sample("notification-digest").extra_headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (
        headers["List-Unsubscribe"]
        == f"<{SAMPLES['notification-digest'].links['unsubscribe_url']}>"
    )


def test_the_command_shows_a_letter_or_a_part_of_it(tmp_path: Path) -> None:
    assert "Subject: Welcome to StoryChain" in preview("welcome")
    assert preview("welcome", "--text").startswith("Welcome, zoë-müller")
    assert preview("welcome", "--html").startswith("<!DOCTYPE html>")
    out = tmp_path / "letter.html"
    assert str(out) in preview("notification-digest", "--html", "--out", str(out))
    assert "דנה" in out.read_text()
    with pytest.raises(CommandError, match="newsletter"):
        preview("newsletter")


def preview(*words: str) -> str:
    out = StringIO()
    call_command("preview_email", *words, stdout=out)
    return out.getvalue()
