"""Rate limits: each accepted credential has its own, all other requests share that of their client address."""

import threading

import pytest
from django.contrib.auth import SESSION_KEY
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from argus.http.rate_limit import BURST_SECONDS, RateLimitMiddleware, TokenBuckets
from tests.factories import INCIDENTS, make_client, make_user

pytestmark = pytest.mark.once

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


class Clock:
    """A clock that the test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_bucket_holds_a_burst_and_is_filled_at_its_rate(clock):
    buckets = TokenBuckets(2, clock=clock)

    assert [buckets.take("a") for _ in range(2 * BURST_SECONDS)] == [0.0] * 2 * BURST_SECONDS
    assert buckets.take("a") == 0.5
    assert buckets.take("b") == 0
    clock.now += 0.5
    assert buckets.take("a") == 0
    assert buckets.take("a") == 0.5
    clock.now += 1_000
    assert [buckets.take("a") > 0 for _ in range(2 * BURST_SECONDS + 1)] == [False] * 2 * BURST_SECONDS + [True]


@given(steps=st.lists(st.floats(0, 3), min_size=1, max_size=60), rate=st.integers(1, 5))
def test_no_more_requests_pass_than_burst_and_rate_allow(steps, rate):
    clock = Clock()
    buckets, passed = TokenBuckets(rate, clock=clock), 0
    for step in steps:
        clock.now += step
        passed += sum(not buckets.take("a") for _ in range(30))
        assert passed <= rate * (BURST_SECONDS + clock.now) + 1e-6


def test_refused_requests_do_not_delay_the_next_token(clock):
    buckets = TokenBuckets(1, clock=clock)
    for _ in range(1_000):
        buckets.take("a")
    clock.now += 1
    assert buckets.take("a") == 0


def test_rate_of_zero_is_no_limit():
    buckets = TokenBuckets(0)
    assert {buckets.take("a") for _ in range(1_000)} == {0.0}


def test_number_of_buckets_is_bounded(clock):
    buckets = TokenBuckets(1, max_buckets=3, clock=clock)
    for number in range(100):
        buckets.take(str(number))
    assert list(buckets.buckets) == ["97", "98", "99"]


def test_threads_take_no_token_twice(clock):
    buckets, passed = TokenBuckets(10, clock=clock), []

    def take() -> None:
        passed.extend(not buckets.take("a") for _ in range(200))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(passed) == 10 * BURST_SECONDS


@pytest.fixture
def slow(settings, monkeypatch, clock):
    """Only the burst passes: 30 requests of a credential, 10 of an address."""
    monkeypatch.setattr(RateLimitMiddleware, "clock", clock)
    settings.ARGUS_RATE_LIMIT, settings.ARGUS_ADDRESS_RATE_LIMIT = 3, 1


class Sender:
    """Clients of one server, which remembers their rates."""

    def __init__(self):
        self.client = make_client()

    def send(self, number: int, *, token: str = "", address: str = HERE, path: str = INCIDENTS) -> list[int]:
        """Send so many requests and return their statuses."""
        headers = {"authorization": f"Token {token}"} if token else {}
        self.last = [self.client.get(path, headers=headers, REMOTE_ADDR=address) for _ in range(number)]
        return [answer.status_code for answer in self.last]


@pytest.fixture
def sender(db, slow) -> Sender:
    return Sender()


@pytest.fixture
def token(db) -> str:
    return make_client(make_user()).token.key


def test_credential_over_its_rate_is_429_from_any_address_and_others_are_not(sender, token):
    other = make_client(make_user()).token.key
    assert sender.send(31, token=token) == [200] * 30 + [429]
    assert sender.send(1, token=token, address=ELSEWHERE) == [429]
    assert int(sender.last[0]["Retry-After"]) >= 1
    assert sender.last[0]["X-Request-ID"]
    assert list(sender.last[0].json()) == ["detail"]
    assert sender.send(5, token=other) == [200] * 5


def test_spellings_of_a_token_are_one_credential(sender, token):
    sender.send(31, token=token)
    for spelling in (f"token {token}", f"TOKEN   {token} "):
        headers = {"authorization": spelling}
        assert sender.client.get(INCIDENTS, headers=headers, REMOTE_ADDR=HERE).status_code == 429


def test_made_up_tokens_share_the_rate_of_their_address(sender, token):
    statuses = [status for number in range(12) for status in sender.send(1, token=f"{number:040x}")]
    assert statuses == [401] * 10 + [429] * 2
    assert sender.send(1, token=f"{99:040x}", address=ELSEWHERE) == [401]


def test_accepted_credential_is_not_refused_for_others_at_its_address(sender, token):
    assert sender.send(1, token=token) == [200]
    sender.send(20)
    assert sender.send(1) == [429]
    assert sender.send(5, token=token) == [200] * 5


def test_token_that_is_revoked_counts_for_its_address_again(sender, token, django_user_model):
    assert sender.send(2, token=token) == [200] * 2
    django_user_model.objects.update(is_active=False)
    assert sender.send(12, token=token) == [401] * 10 + [429] * 2


def test_made_up_token_with_a_session_is_no_credential_of_its_own(sender, django_user_model):
    sender.client.force_login(django_user_model.objects.create_user("kari"))
    for number in range(3):
        headers = {"authorization": f"Basic {number}"}
        assert sender.client.get(INCIDENTS, headers=headers, REMOTE_ADDR=HERE).status_code == 200
    assert sender.send(28) == [200] * 27 + [429]


def test_session_is_a_credential(sender, django_user_model):
    user = django_user_model.objects.create_user("kari")
    sender.client.force_login(user)
    assert sender.client.session[SESSION_KEY] == str(user.pk)
    assert sender.send(31) == [200] * 30 + [429]
    assert sender.send(1, address=ELSEWHERE) == [429]


def test_made_up_session_counts_for_its_address(sender):
    statuses = []
    for number in range(12):
        sender.client.cookies["sessionid"] = f"{number:032x}"
        statuses += sender.send(1)
    assert statuses == [401] * 10 + [429] * 2


def test_address_is_that_behind_trusted_proxies(sender, settings):
    from ipaddress import ip_network

    settings.ARGUS_TRUSTED_PROXIES = [ip_network("10.0.0.1")]
    for number in range(12):
        answer = sender.client.get("/", headers={"X-Forwarded-For": f"192.0.2.{number}"}, REMOTE_ADDR="10.0.0.1")
        assert answer.status_code == 200
    forged = [
        sender.client.get("/", headers={"X-Forwarded-For": f"192.0.2.{number}, {HERE}"}, REMOTE_ADDR="10.0.0.1")
        for number in range(12)
    ]
    assert [answer.status_code for answer in forged].count(429) >= 1


def test_probes_are_not_limited(sender):
    assert sender.send(30, path="/healthz") == [200] * 30


def test_frontend_can_read_a_refusal(sender, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://argus.example.org"]
    sender.send(11)
    for origin, readable in (("https://argus.example.org", True), ("https://evil.example", False)):
        answer = sender.client.get(INCIDENTS, headers={"origin": origin}, REMOTE_ADDR=HERE)
        assert answer.status_code == 429
        assert (answer.get("access-control-allow-origin") == origin) == readable
        assert ("Retry-After" in answer.get("access-control-expose-headers", "")) == readable


def test_refusals_are_counted_and_cost_no_query(sender, token, django_assert_num_queries):
    def refused() -> float:
        return REGISTRY.get_sample_value("argus_http_refused_total", {"reason": "credential"}) or 0

    sender.send(31, token=token)
    before = refused()
    with django_assert_num_queries(0):
        assert sender.send(3, token=token) == [429] * 3
    assert refused() == before + 3
