"""What this process counts of its requests. With ``PROMETHEUS_MULTIPROC_DIR`` all processes of a host count together.

Labels are names of views, methods and status codes: nobody can make up new ones by asking for strange things.
"""

from prometheus_client import Counter, Histogram

REQUESTS = Counter("argus_http_requests", "Requests answered.", ["view", "method", "status"])
LATENCY = Histogram(
    "argus_http_request_duration_seconds",
    "How long they took, up to the first byte of the answer.",
    ["view"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
REFUSED = Counter("argus_http_refused", "Requests turned away before anybody looked into them.", ["reason"])
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
OTHER = "other"


def count_request(request, status: int, seconds: float) -> None:
    """Count a request that has been answered."""
    match = request.resolver_match
    view = match.view_name if match else OTHER
    method = request.method if request.method in METHODS else OTHER
    REQUESTS.labels(view, method, status).inc()
    LATENCY.labels(view).observe(seconds)
