"""Send jobs to the client process, and single requests directly."""

import http.client
import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import asdict
from urllib.parse import urlsplit
from urllib.request import urlopen

from .counting import ANSWER, QUESTION
from .load import Job, Outcome
from .servers import ROOT


class RefusedError(RuntimeError):
    """The server answered with another status than 2xx, so the figures are meaningless."""


class LoadClient:
    """The client process. ``run`` passes it a job and waits for the outcome."""

    def __init__(self, process: subprocess.Popen):
        self.process = process

    def run(self, job: Job, *, strict: bool = True) -> Outcome:
        """Run the job. Raises ``RefusedError`` if any answer is not 2xx, unless ``strict`` is off."""
        self.process.stdin.write(json.dumps(asdict(job)) + "\n")
        self.process.stdin.flush()
        outcome = Outcome(**json.loads(self.process.stdout.readline()))
        if strict and outcome.refused:
            raise RefusedError(f"{outcome.statuses}: {outcome.refused[0]}")
        return outcome


@contextmanager
def running_client():
    """Run a ``LoadClient``. Its process ends with the context."""
    command = [sys.executable, "-m", "benchmarks.load"]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield LoadClient(process)


def scrape(url: str) -> None:
    """Read the server's metrics like Prometheus."""
    with urlopen(f"{url}/metrics", timeout=120) as answer:
        answer.read()


def ask(
    url: str, path: str, token: str = "", *, session: str = "", method: str = "GET", body: dict | None = None
) -> tuple[bytes, int]:
    """Send one request; return the body of the answer and the number of queries. Raises ``RefusedError``."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
    who = {"Cookie": f"sessionid={session}"} if session else {"Authorization": f"Token {token}"}
    headers = {**who, "Content-Type": "application/json", QUESTION: "1"}
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        content = response.read()
        if response.status // 100 != 2:
            raise RefusedError(f"{method} {path}: {response.status} {content[:1000].decode(errors='replace')}")
        return content, int(response.headers[ANSWER])
    finally:
        connection.close()
