"""Concurrent token requests of one user."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from argus.auth.authtoken.models import Token, digest_of
from tests.factories import PASSWORD, Client, make_user

ADDRESS = "/api/v1/token-auth/"
CALLERS = 6


@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_get_tokens_and_one_remains():
    if connection.vendor == "sqlite":
        pytest.skip("SQLite in memory has one connection; tests/flows has the same story with a file")
    user = make_user("operator")
    barrier = Barrier(CALLERS)

    def log_in(_):
        try:
            barrier.wait(10)
            return Client(raise_request_exception=False).post(ADDRESS, {"username": "operator", "password": PASSWORD})
        finally:
            connection.close()

    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(pool.map(log_in, range(CALLERS)))

    assert [answer.status_code for answer in answers] == [200] * CALLERS
    keys = {answer.json()["token"] for answer in answers}
    assert len(keys) == CALLERS
    assert Token.objects.get(user=user).digest in set(map(digest_of, keys))
