"""Rate limits: for each accepted credential, and for each client address for all other requests.

A credential (API token or session) is accepted once a request with it was authenticated. Until then, its requests count
for the client's address, so made-up tokens share the limit of the address that sends them. A refusal costs no query.

The buckets are in this process's memory: with several web processes, a client may send the rate to each of them.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from math import ceil
from time import monotonic

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse

from argus.util.authorization import parse_token

from .access_log import known_user
from .client_ip import client_address
from .metrics import REFUSED

# A client may send the requests of so many seconds at once.
BURST_SECONDS = 10
MAX_BUCKETS = 10_000


class TokenBuckets:
    """A token bucket for each key, filled at ``rate`` tokens a second (0: no limit).

    Only the ``max_buckets`` that were used last are kept.
    """

    def __init__(self, rate: float, *, max_buckets: int = MAX_BUCKETS, clock: Callable[[], float] = monotonic):
        self.rate, self.max_buckets, self.clock = rate, max_buckets, clock
        self.buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self.lock = threading.Lock()

    def __contains__(self, key: str) -> bool:
        return key in self.buckets

    def take(self, key: str) -> float:
        """Take a token and return 0, or return the seconds until there is one."""
        with self.lock:
            now, capacity = self.clock(), self.rate * BURST_SECONDS
            tokens, updated = self.buckets.pop(key, (capacity, now))
            tokens = min(tokens + (now - updated) * self.rate, capacity)
            wait = (1 - tokens) / self.rate if self.rate and tokens < 1 else 0.0
            self.buckets[key] = (tokens if wait else tokens - 1, now)
            if len(self.buckets) > self.max_buckets:
                self.buckets.popitem(last=False)
            return wait

    def remove(self, key: str) -> None:
        """Remove the bucket."""
        with self.lock:
            self.buckets.pop(key, None)


class RateLimitMiddleware:
    """Answer 429 with ``Retry-After`` to a credential or an address that exceeds its rate."""

    clock = staticmethod(monotonic)

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response
        self.credentials = TokenBuckets(settings.ARGUS_RATE_LIMIT, clock=self.clock)
        self.addresses = TokenBuckets(settings.ARGUS_ADDRESS_RATE_LIMIT, clock=self.clock)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        credential = credential_of(request)
        if credential in self.credentials:
            wait, kind = self.credentials.take(credential), "credential"
        else:
            wait, kind = self.addresses.take(client_address(request)), "address"
        if wait:
            return refuse(wait, kind)
        response = self.get_response(request)
        if credential:
            self.note(credential, request, response)
        return response

    def note(self, credential: str, request: HttpRequest, response: HttpResponseBase) -> None:
        """Accept the credential if the request was authenticated; reject it if it has expired or was revoked."""
        user = known_user(request)
        if user is not None and user.is_authenticated:
            if credential not in self.credentials:
                self.credentials.take(credential)
        elif response.status_code == 401:
            self.credentials.remove(credential)


def refuse(wait: float, kind: str) -> JsonResponse:
    """Count the refusal and return the 429."""
    REFUSED.labels(kind).inc()
    detail = f"Too many requests from this {kind}. Try again later."
    return JsonResponse({"detail": detail}, status=429, headers={"Retry-After": str(ceil(wait))})


def credential_of(request: HttpRequest) -> str:
    """Return a digest of the API token or session that the request would be authenticated by; "" without one."""
    token = parse_token(request.headers.get("Authorization", ""))
    if token is None:
        token = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "").strip()
    return blake2b(token.encode(errors="replace"), digest_size=16).hexdigest() if token else ""
