"""CPU time and memory of the dearest accepted and the dearest refused request of every address."""

import json
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import psutil
import requests

from tests.servers import running_postgres

from .report import Table, progress
from .scale import Scale
from .servers import POSTGRES_SETTINGS, WebServer, prepare, running
from .workload import incident_body

INCIDENTS = "/api/v1/incidents/"
BULK, OPEN_SET = f"{INCIDENTS}bulk/", f"{INCIDENTS}mine/open-set/"
UNSAFE = ("post", "put", "patch")
# Just below the limits of a body and of a query.
SIZES = dict.fromkeys([BULK, OPEN_SET], 8 * 1024 * 1024 - 10_000)
SIZE, QUERY_SIZE = 250 * 1024, 20_000
# Revokes the token that the other requests need; views of the benchmarks.
SKIPPED = {"/api/v1/auth/logout/", "/bare/", "/bare/list/"}
# Normalizing such characters takes quadratic time.
COMBINING = "\u0300\u0327"


class Cost(NamedTuple):
    """CPU seconds of the server, the bytes by which its peak exceeds its memory before, the status, and the shape."""

    seconds: float
    memory: int
    status: int
    shape: str


class Meter:
    """Sends requests to a server and measures what each costs in its processes."""

    def __init__(self, server: WebServer, token: str):
        self.url, self.session = server.url, requests.Session()
        self.session.headers["Authorization"] = f"Token {token}"
        parent = psutil.Process(server.process.pid)
        self.processes = [parent, *parent.children(recursive=True)]

    def cost(self, method: str, path: str, shape: str, body: bytes | None = None) -> Cost:
        """Return the cost of a request."""
        for process in self.processes:
            # The kernel forgets the peak.
            Path(f"/proc/{process.pid}/clear_refs").write_text("5")
        seconds, memory = self.cpu(), self.sum_of("VmRSS")
        headers = {"Content-Type": "application/json"}
        response = self.session.request(
            method, f"{self.url}{path}", data=body, headers=headers, timeout=300, allow_redirects=False
        )
        return Cost(self.cpu() - seconds, self.sum_of("VmHWM") - memory, response.status_code, shape)

    def cpu(self) -> float:
        return sum(sum(process.cpu_times()[:2]) for process in self.processes)

    def sum_of(self, name: str) -> int:
        """Return the sum of a line in ``/proc/PID/status``, in bytes."""
        texts = (Path(f"/proc/{process.pid}/status").read_text() for process in self.processes)
        return 1024 * sum(int(found[1]) for text in texts if (found := re.search(rf"{name}:\s*(\d+)", text)))


def measure(scale: Scale) -> dict[str, Table]:
    """Send hostile requests to every operation of the OpenAPI description, and known large ones."""
    with running_postgres(durable=True, **POSTGRES_SETTINGS) as postgres:
        accounts = prepare(postgres.url)
        with running(WebServer(postgres.url, ARGUS_RATE_LIMIT="0", ARGUS_ADDRESS_RATE_LIMIT="0")) as server:
            meters = [Meter(server, token) for token in (accounts.sources[0]["token"], accounts.operator)]
            description = requests.get(f"{server.url}/api/v1/schema/?format=json", timeout=60).json()
            rows = measure_all(meters, description, scale)
    titles = ["Address", "accepted, CPU s", "MiB", "request", "refused, CPU s", "MiB", "request"]
    return {"cost": Table(titles, rows)}


def measure_all(meters: list[Meter], description: dict, scale: Scale) -> list[list]:
    """Return a row for each operation: the dearest accepted and the dearest refused request."""
    accepted = dict(large_requests(meters[0], scale))
    rows = []
    for template, methods in description["paths"].items():
        if template in SKIPPED:
            continue
        for method, operation in methods.items():
            path = re.sub(r"\{\w*uuid\}", "0" * 32, template)
            path = re.sub(r"\{\w+\}", "1", path)
            requests_ = chain(queries(path, operation), bodies(path, method, operation, description))
            costs = [meter.cost(method, target, shape, body) for target, shape, body in requests_ for meter in meters]
            costs += accepted.get((method, template), [])
            good = [cost for cost in costs if cost.status < 400]
            rows.append(
                [f"{method.upper()} {template}", *cells(good), *cells([one for one in costs if one not in good])]
            )
            progress(f"cost: {rows[-1][0]}: {len(costs)} requests")
    return sorted(rows, key=lambda row: (row[4] == "", row[0]))


def cells(costs: list[Cost]) -> list[str]:
    """Return seconds, memory and shape of the dearest request."""
    if not costs:
        return ["", "", ""]
    dearest = max(costs)
    return [f"{dearest.seconds:.2f}", f"{max(one.memory for one in costs) / 2**20:.0f}", dearest.shape]


def queries(path: str, operation: dict) -> Iterator[tuple[str, str, None]]:
    """Yield requests without a body: as it is, the largest page, and each parameter with many or long values."""
    if "requestBody" in operation:
        return
    yield path, "plain", None
    names = [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"]
    if "page_size" in names:
        yield f"{path}?page_size=1000", "largest page", None
    for name in names:
        many = ",".join(f"a{number}=b" for number in range(QUERY_SIZE // 8))
        repeated = "&".join(f"{name}={number}" for number in range(QUERY_SIZE // (len(name) + 6)))
        yield f"{path}?{name}={quote(many)}"[:QUERY_SIZE], f"{name}: many values", None
        yield f"{path}?{repeated}", f"{name}: repeated", None


def bodies(path: str, method: str, operation: dict, description: dict) -> Iterator[tuple[str, str, bytes]]:
    """Yield bodies near the limit: lists of cheap elements, long texts, and many names, in each field."""
    if method not in UNSAFE or "requestBody" not in operation:
        return
    size = SIZES.get(path, SIZE)
    fields = sorted(fields_of(operation, description)) or ["body"]
    share = size // len(fields) - 100
    fillings = {
        "numbers": lambda: "[" + ",".join("0" * (share // 2)) + "]",
        "objects": lambda: "[" + ",".join(["{}"] * (share // 3)) + "]",
        "tags": lambda: "[" + ",".join(['{"tag":"x"}'] * (share // 12)) + "]",
        "combining characters": lambda: f'"http://{COMBINING * (share // 5)}"',
        "text": lambda: f'"{"x" * share}"',
        "lists": lambda: "[" + ",".join(["[" * 400 + "]" * 400] * (share // 801)) + "]",
    }
    for shape, fill in fillings.items():
        text = fill()
        yield path, shape, ("{" + ",".join(f'"{field}":{text}' for field in fields) + "}").encode()
        if shape in {"objects", "tags"}:
            yield path, f"{shape}, 1 000", json.dumps({field: [{"tag": "x"}] * 1000 for field in fields}).encode()
    yield path, "names", ("{" + ",".join(f'"{number:x}":0' for number in range(size // 9)) + "}").encode()


def fields_of(operation: dict, description: dict) -> set[str]:
    """Return the names at the top of the body."""
    schema = next(iter(operation["requestBody"]["content"].values()))["schema"]
    name = schema.get("$ref", "").rpartition("/")[2]
    return set(description["components"]["schemas"].get(name, schema).get("properties", {}))


def large_requests(meter: Meter, scale: Scale) -> Iterator[tuple[tuple[str, str], list[Cost]]]:
    """Send the largest requests that are accepted, and those that are refused as late as possible."""
    numbers = range(10_000_000, 10_000_000 + scale.cost_incidents)
    many = [incident_body(number) | {"tags": [{"tag": "a=b"}, {"tag": f"c={number}"}]} for number in numbers]
    tagged = [incident_body(n) | {"tags": [{"tag": f"n={n}-{tag}"} for tag in range(20)]} for n in range(1000)]
    wrong = [*many[:-1], {**many[-1], "details_url": "file:///x"}]
    repeated = [*many[:-1], many[0]]
    one = {**incident_body(-1), "tags": [{"tag": f"one={tag}"} for tag in range(1000)]}
    cases = {
        ("post", INCIDENTS): [("1 000 tags", one)],
        ("put", OPEN_SET): [
            (f"{len(many)} new", {"incidents": many}),
            ("the last is invalid", {"incidents": wrong}),
            ("the last is repeated", {"incidents": repeated}),
        ],
        ("post", BULK): [("1 000 with 20 tags", {"incidents": tagged})],
    }
    for (method, path), requests_ in cases.items():
        yield (
            (method, path),
            [meter.cost(method, path, shape, json.dumps(body).encode()) for shape, body in requests_],
        )
    page = meter.session.get(f"{meter.url}{INCIDENTS}?page_size=1000", timeout=60).json()
    ids = [incident["pk"] for incident in page["results"]]
    event = {"type": "OTH", "timestamp": "2024-05-15T14:00:00Z", "description": "x" * 10_000}
    for name, part in {"events": {"event": event}, "ticket_url": {"ticket_url": "https://example.org/1"}}.items():
        path, body = f"{INCIDENTS}{name}/bulk/", {"ids": ids, **part}
        yield (("post", path), [meter.cost("post", path, f"{len(ids)} incidents", json.dumps(body).encode())])
