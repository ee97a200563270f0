"""Chromium without a window, driven over its own DevTools protocol: no driver, and nothing to download."""

import contextlib
import itertools
import json
import shutil
import subprocess
import time
from pathlib import Path

import requests
from websockets.sync.client import connect

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TIMEOUT = 90  # seconds


class Chromium:
    """A browser with a profile of its own and one tab."""

    def __init__(self, folder: Path):
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        self.folder = folder
        self.log = (folder / "chromium.log").open("wb")
        self.process = subprocess.Popen(
            [PROGRAM, *flags, "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"],
            stdout=self.log,
            stderr=self.log,
        )
        self.numbers = itertools.count(1)
        self.resources = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as resources:
            resources.callback(self.end)
            port = until(self.port)
            tab = until(lambda: next(iter(self.tabs(port)), None))
            address = tab["webSocketDebuggerUrl"]
            self.socket = resources.enter_context(connect(address, max_size=None, compression=None))
            self.resources = resources.pop_all()
        return self

    def __exit__(self, *exception):
        self.resources.close()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()

    def port(self) -> str | None:
        assert self.process.poll() is None, (self.folder / "chromium.log").read_text(errors="replace")
        file = self.folder / "DevToolsActivePort"
        return file.read_text().splitlines()[0] if file.exists() and file.read_text() else None

    def tabs(self, port: str) -> list[dict]:
        tabs = requests.get(f"http://127.0.0.1:{port}/json/list", timeout=TIMEOUT).json()
        return [tab for tab in tabs if tab["type"] == "page"]

    def command(self, method: str, **parameters) -> dict:
        """Have the tab do something, and return what came of it."""
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv(timeout=TIMEOUT))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, url: str) -> None:
        self.command("Page.navigate", url=url)
        self.wait_for(f"location.href === {json.dumps(url)} && document.readyState === 'complete'")

    def value(self, expression: str):
        """Return what an expression in the page comes to."""
        result = self.command("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait_for(self, expression: str) -> None:
        """Wait until the expression is true in the page."""
        until(lambda: self.value(expression), expression)


def until(condition, what: str = "the browser"):
    """Return what the condition gives, once that is something."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"Waited in vain for {what}")
