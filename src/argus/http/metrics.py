"""What this process counts of its requests.

Labels are names of views, methods and status codes, so that clients cannot create new ones.
"""

from django.http import HttpRequest
from prometheus_client import Counter, Histogram

REQUESTS = Counter("argus_http_requests", "Requests answered.", ["view", "method", "status"])
DURATION = Histogram(
    "argus_http_request_duration_seconds",
    "Time until the first byte of the response.",
    ["view"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
REFUSED = Counter("argus_http_refused", "Requests refused by a rate limit.", ["reason"])
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
OTHER = "other"


def count_request(request: HttpRequest, status: int, seconds: float) -> None:
    """Count a request that has been answered."""
    match = request.resolver_match
    view = match.view_name if match else OTHER
    method = request.method if request.method in METHODS else OTHER
    REQUESTS.labels(view, method, status).inc()
    DURATION.labels(view).observe(seconds)
