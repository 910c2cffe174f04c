"""What the letters and the page to unsubscribe look like in a real browser, narrow and wide.

EMAIL_PICTURES=FOLDER keeps the pictures, for somebody to look at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.template.loader import render_to_string

from apps.emails.letters import LETTERS
from apps.emails.samples import SAMPLES, compose_sample
from tests.acceptance.browser import CHROMIUM, DRIVER, MISSING, Browser, open_browser

pytestmark = pytest.mark.skipif(not (DRIVER and CHROMIUM), reason=MISSING)
WIDTHS = (375, 800)
BUTTON = "document.querySelector('.button').getBoundingClientRect()"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all looks."""
    with open_browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures are kept."""
    return Path(os.environ.get("EMAIL_PICTURES", tmp_path))


def show(browser: Browser, html: str, *, width: int, picture: Path) -> None:
    page = picture.with_suffix(".html")
    page.write_text(html)
    browser.resize(width, 1000)
    browser.open(page.as_uri())
    browser.keep_picture(picture)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_fits_its_window_and_shows_everything(
    name: str, width: int, browser: Browser, pictures: Path
) -> None:
    html = str(compose_sample(name).alternatives[0].content)
    show(browser, html, width=width, picture=pictures / f"{name}-{width}.png")
    assert browser.run("return window.innerWidth") == width
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert browser.run("return performance.getEntriesByType('resource').length") == 0
    for value in SAMPLES[name].context.values():
        if isinstance(value, str) and "Z" not in value and name != "notification-digest":
            assert value in browser.text
    card = browser.run("return document.querySelector('.card').getBoundingClientRect().width")
    assert card <= 600
    if name != "notification-digest":
        assert browser.run(f"return {BUTTON}.height") >= 40  # a finger's width
        colour = browser.run(
            "return getComputedStyle(document.querySelector('.button')).backgroundColor"
        )
        assert colour == "rgb(140, 63, 45)"


@pytest.mark.parametrize("width", WIDTHS)
def test_text_runs_as_its_language_does(width: int, browser: Browser, pictures: Path) -> None:
    html = str(compose_sample("notification-digest").alternatives[0].content)
    show(browser, html, width=width, picture=pictures / f"digest-rtl-{width}.png")
    directions = browser.run(
        "return [...document.querySelectorAll('.item > div:first-child')]"
        ".map(e => getComputedStyle(e).direction)"
    )
    assert directions == ["ltr", "rtl", "ltr"]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("state", ["ask", "done", "unknown"])
def test_the_page_to_unsubscribe_fits(
    state: str, width: int, browser: Browser, pictures: Path
) -> None:
    html = render_to_string("emails/unsubscribe.html", {"state": state})
    show(browser, html, width=width, picture=pictures / f"unsubscribe-{state}-{width}.png")
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert ("Unsubscribe" in browser.text) == (state == "ask")
