"""Where the time of a request goes, in a process with Django: ``python -m benchmarks.profiling TOKEN REQUESTS``.

Prints, for each kind of request, ``{"plain": milliseconds, "profiled": milliseconds, "parts": {part: milliseconds}}``.
"""

import json
import pstats
import sys
from collections import Counter
from collections.abc import Callable
from cProfile import Profile
from io import BytesIO
from itertools import count
from time import perf_counter
from wsgiref.util import setup_testing_defaults

from .ingest import INCIDENTS, YARDSTICK
from .servers import ROOT
from .workload import incident_body

# What a function belongs to, by what is in the name of its file: the first that fits.
PARTS = {
    "/django/db/": "Django, statements and rows",
    "/rest_framework/": "REST framework",
    "/django/": "Django, the rest",
    f"{ROOT}/src/": "Argus",
}
DATABASE, REST = "PostgreSQL, and waiting for it", "middleware of others, Python's library"


class Caller:
    """Somebody with a token, who calls the application without a server or a socket between."""

    def __init__(self, application: Callable, token: str):
        self.application, self.token, self.numbers = application, token, count(1)

    def post(self, path: str) -> None:
        """Post the next incident."""
        self.call("POST", path, json.dumps(incident_body(next(self.numbers))).encode())

    def call(self, method: str, path: str, body: bytes = b"", query: str = "") -> None:
        """Raises ``RuntimeError`` unless the answer is 2xx."""
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "application/json",
            "HTTP_AUTHORIZATION": f"Token {self.token}",
            "HTTP_HOST": "localhost",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.input": BytesIO(body),
        }
        setup_testing_defaults(environ)
        statuses: list[str] = []
        answer = self.application(environ, lambda status, headers: statuses.append(status))
        b"".join(answer)
        answer.close()
        if not statuses[0].startswith("2"):
            raise RuntimeError(f"{method} {path}: {statuses[0]}")


def main(token: str, number: int) -> None:
    """Make so many requests of each kind, once as they are and once with a profiler."""
    from argus.site.wsgi import application

    caller = Caller(application, token)
    kinds = {
        "one INSERT": lambda: caller.post(YARDSTICK),
        "an incident": lambda: caller.post(INCIDENTS),
        "a page of 100": lambda: caller.call("GET", INCIDENTS, query="page_size=100"),
    }
    for _ in range(max(number, 100)):
        for request in kinds.values():
            request()
    json.dump({name: measure(request, number) for name, request in kinds.items()}, sys.stdout)


def measure(request: Callable[[], None], number: int) -> dict:
    """Repeat a request without a profiler, and then with one."""
    plain, profiler = timed(request, number), Profile()
    profiler.enable()
    profiled = timed(request, number)
    profiler.disable()
    parts = {part: seconds * 1000 / number for part, seconds in shares(pstats.Stats(profiler)).items()}
    return {"plain": plain * 1000 / number, "profiled": profiled * 1000 / number, "parts": parts}


def timed(request: Callable[[], None], number: int) -> float:
    began = perf_counter()
    for _ in range(number):
        request()
    return perf_counter() - began


def shares(stats: pstats.Stats) -> Counter:
    """Return the seconds of each part: a function's own time is that of its file, a built-in's that of who calls it."""
    seconds: Counter = Counter()
    for (file, _, name), (_, _, own, _, callers) in stats.stats.items():
        if "psycopg2" in name:
            seconds[DATABASE] += own
        elif file == "~":
            for (caller, _, _), (_, _, part, _) in callers.items():
                seconds[part_of(caller)] += part
        else:
            seconds[part_of(file)] += own
    return seconds


def part_of(file: str) -> str:
    return next((part for words, part in PARTS.items() if words in file), REST)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
