"""A real browser, headless, driven by plain WebDriver calls (W3C WebDriver, chromedriver)."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.acceptance.running import Running
from tests.waiting import wait_until

DRIVER, CHROMIUM = shutil.which("chromedriver"), shutil.which("chromium")
MISSING = "chromium and chromedriver are not installed, so no browser looked at the admin"
SWITCHES = (
    "headless",
    "no-sandbox",
    "disable-gpu",
    "disable-quic",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
    "disable-breakpad",
    "disable-crash-reporter",
    "window-size=1280,1000",
)
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key that the standard gives to elements


class Browser:
    """One window."""

    def __init__(self, session: str) -> None:
        self._session = session
        self._http = httpx.Client(timeout=30, trust_env=False)

    def open(self, url: str) -> None:
        self._call("POST", "/url", url=url)

    @property
    def url(self) -> str:
        return str(self._call("GET", "/url"))

    @property
    def text(self) -> str:
        """What the page shows, as a reader sees it."""
        return str(self.run("return document.body.innerText"))

    def wait_for(self, text: str) -> None:
        """Wait until the page shows this; fail with what it shows instead."""
        try:
            wait_until(lambda: text in self.text, seconds=10)
        except AssertionError:
            raise AssertionError(f"no {text!r} in:\n{self.text}") from None

    def fill(self, selector: str, text: str) -> None:
        element = self._find(selector)
        self._call("POST", f"/element/{element}/clear")
        self._call("POST", f"/element/{element}/value", text=text)

    def click(self, selector: str) -> None:
        self._call("POST", f"/element/{self._find(selector)}/click")

    def run(self, script: str) -> Any:
        return self._call("POST", "/execute/sync", script=script, args=[])

    def resize(self, width: int, height: int) -> None:
        """Give the page itself this size; the window around it would not become this narrow."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._call(
            "POST", "/goog/cdp/execute", cmd="Emulation.setDeviceMetricsOverride", params=size
        )

    def keep_picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._call("GET", "/screenshot")))

    def close(self) -> None:
        self._call("DELETE", "")
        self._http.close()

    def _find(self, selector: str) -> str:
        found = self._call("POST", "/element", using="css selector", value=selector)
        return str(found[ELEMENT])

    def _call(self, method: str, path: str, **body: Any) -> Any:
        answer = self._http.request(
            method, self._session + path, json=body if method == "POST" else None
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]


@contextmanager
def open_browser(folder: Path) -> Iterator[Browser]:
    """Start a browser with a profile of its own; nothing of it is left at the end."""
    command = [str(DRIVER), "--port=0", f"--log-path={folder / 'chromedriver.log'}"]
    home = {**os.environ, "HOME": str(folder)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=home) as driver:
        assert driver.stdout
        url = f"http://127.0.0.1:{_read_port(driver.stdout)}"
        started: list[psutil.Process] = []
        try:
            browser = Browser(f"{url}/session/{_start(url, folder)}")
            started = psutil.Process(driver.pid).children(recursive=True)
            yield browser
            browser.close()
        finally:
            driver.terminate()
            for process in psutil.wait_procs(started, timeout=5)[1]:
                process.kill()


@contextmanager
def sign_in(running: Running, folder: Path) -> Iterator[Browser]:
    """Start a browser in which the first admin has signed in."""
    with open_browser(folder) as browser:
        browser.open(f"{running.url}/admin/")
        name, password = running.admin
        browser.fill("#id_username", name)
        browser.fill("#id_password", password)
        browser.click("input[type=submit]")
        browser.wait_for("Recent actions")  # or the page after the login comes after the next one
        yield browser


def _read_port(lines: Iterator[str]) -> int:
    said = next(line for line in lines if "started successfully" in line)
    return int(said.rsplit(" ", 1)[1].strip(" .\n"))


def _start(url: str, folder: Path) -> str:
    switches = [f"--{switch}" for switch in SWITCHES] + [f"--user-data-dir={folder / 'profile'}"]
    options = {"goog:chromeOptions": {"binary": CHROMIUM, "args": switches}}
    wanted = {"capabilities": {"alwaysMatch": options}}
    answer = httpx.post(f"{url}/session", json=wanted, timeout=60, trust_env=False)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["value"]["sessionId"])
