"""Repeated wrong passwords: each login endpoint makes the client wait, and no other client."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db.models import F
from django.utils import timezone

from argus.auth.login_throttle import PER_ADDRESS, PER_NAME, Limit, count_attempt
from argus.auth.models import LoginAttempts
from argus.auth.retention import delete_old_login_rows
from tests.auth.sso.conftest import FRONTEND, Browser, provider  # noqa: F401
from tests.factories import PASSWORD, Client, make_client, make_user
from tests.fixtures import said_by
from tests.parallel import at_once

TOKEN = "/api/v1/token-auth/"
ADMIN = "/admin/login/"
ENDPOINTS = [TOKEN, "/oidc/api-token-auth/", ADMIN]
HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"
WRONG = "guessed"


@pytest.fixture(params=ENDPOINTS)
def endpoint(request):
    return request.param


@pytest.fixture
def user(db):
    return make_user("operator", is_staff=True)


def try_login(endpoint, password=WRONG, username="operator", address=HERE, **headers):
    """Try a password as an API client, or as a browser at the admin's form."""
    form = {"format": "multipart"} if endpoint == ADMIN else {}
    return Client(REMOTE_ADDR=address, **headers).post(endpoint, {"username": username, "password": password}, **form)


def is_logged_in(response) -> bool:
    return response.status_code == 302 if "sessionid" in response.cookies else "token" in str(response.content)


def use_free_attempts(username="operator", address=HERE) -> None:
    """Use all free attempts."""
    for _ in range(PER_NAME.free):
        assert not count_attempt(username, address)


def reach_longest_delay(username="operator", address=HERE) -> None:
    """Count so many attempts for the name that the delay is the longest."""
    counted = {"attempts": PER_ADDRESS.free + 20, "last_attempt": timezone.now()}
    LoginAttempts.objects.update_or_create(username=username, address=address, defaults=counted)


def slow_address_down(address=HERE) -> None:
    """Count so many attempts from the address that its delay is the longest."""
    reach_longest_delay("", address)


def try_until_refused(endpoint, **how) -> list:
    """Return all answers up to the first 429."""
    answers = [try_login(endpoint, **how)]
    while answers[-1].status_code != 429 and len(answers) < PER_NAME.free + 10:
        answers.append(try_login(endpoint, **how))
    return answers


def wait(seconds: float) -> None:
    """Let time pass for all counted attempts."""
    LoginAttempts.objects.update(last_attempt=F("last_attempt") - timedelta(seconds=seconds))


def test_repeated_wrong_passwords_are_refused_with_retry_after(user, endpoint):
    answers = try_until_refused(endpoint)

    assert len(answers) > PER_NAME.free
    assert {answer.status_code for answer in answers[:-1]} == {200 if endpoint == ADMIN else 400}
    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) >= 1


def test_attempts_count_at_all_login_endpoints(user, endpoint):
    reach_longest_delay()

    assert try_login(endpoint).status_code == 429


def test_right_password_is_refused_during_the_delay(user, endpoint):
    reach_longest_delay()

    response = try_login(endpoint, PASSWORD)

    assert response.status_code == 429
    assert not is_logged_in(response)


def test_right_password_from_another_address_works(user, endpoint):
    reach_longest_delay()

    assert is_logged_in(try_login(endpoint, PASSWORD, address=ELSEWHERE))


def test_another_user_at_the_same_address_can_log_in(user, endpoint):
    make_user("other", is_staff=True)
    reach_longest_delay()

    assert is_logged_in(try_login(endpoint, PASSWORD, username="other"))


def test_right_password_after_the_delay_resets_the_count(user, endpoint):
    reach_longest_delay()
    wait(15 * 60)

    assert is_logged_in(try_login(endpoint, PASSWORD))
    assert try_login(endpoint).status_code != 429


def test_delay_doubles_with_each_attempt_up_to_the_maximum(db):
    now, waits = timezone.now(), []
    for _ in range(PER_NAME.free):
        assert not count_attempt("operator", HERE, now=now)
    for _ in range(12):
        waits.append(count_attempt("operator", HERE, now=now).total_seconds())
        now += timedelta(seconds=waits[-1])
        assert not count_attempt("operator", HERE, now=now)

    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900, 900]


def test_attempts_during_the_delay_do_not_extend_it(db):
    now = timezone.now()
    for _ in range(PER_NAME.free):
        count_attempt("operator", HERE, now=now)

    for second in range(5):
        assert count_attempt("operator", HERE, now=now + timedelta(seconds=second)).total_seconds() == 5 - second


def test_unknown_names_are_throttled_like_existing_ones(user, endpoint):
    first = [try_login(endpoint, username=name) for name in ("operator", "unknown")]
    reach_longest_delay("operator")
    reach_longest_delay("unknown")
    last = [try_login(endpoint, username=name) for name in ("operator", "unknown")]

    assert first[0].status_code == first[1].status_code
    assert last[0].status_code == last[1].status_code == 429
    assert all(60 < int(answer["Retry-After"]) <= 900 for answer in last)


@pytest.mark.parametrize("username", ["OPERATOR", " operator ", "\uff4fperator"])
def test_other_spellings_of_a_name_count_as_the_same_name(user, username):
    reach_longest_delay()

    assert try_login(TOKEN, username=username).status_code == 429


@pytest.mark.parametrize("username", ["x" * 300, "x" * 100_000, "日本", "🙂" * 200, "'\"%\\"])
def test_long_and_unusual_names_can_be_counted(db, username):
    assert [try_login(TOKEN, username=username).status_code for _ in range(2)] == [400, 400]


@pytest.mark.parametrize("username", ["a\x00b", "\ud800"])
def test_names_that_databases_refuse_can_be_counted(db, username):
    assert not count_attempt(username, HERE)


def test_command_resets_the_attempts_of_a_name(user):
    reach_longest_delay()
    reach_longest_delay("other")

    assert "1 counts" in said_by("login_throttle", "--reset", "--username", "Operator")

    assert is_logged_in(try_login(TOKEN, PASSWORD))
    assert try_login(TOKEN, username="other").status_code == 429


def test_command_lists_attempts(user):
    use_free_attempts()
    use_free_attempts(address=ELSEWHERE)

    lines = said_by("login_throttle", "--address", HERE).splitlines()

    assert sorted(line[26:].split(maxsplit=1)[-1] for line in lines) == [
        f"any name from {HERE}",
        f"operator from {HERE}",
    ]


def test_many_names_from_one_address_are_slowed_down(user):
    slow_address_down()

    response = try_login(TOKEN, username="another")

    assert response.status_code == 429
    assert int(response["Retry-After"]) <= 60
    assert is_logged_in(try_login(TOKEN, PASSWORD, address=ELSEWHERE))


def test_throttled_address_adds_no_rows(user):
    slow_address_down()
    before = LoginAttempts.objects.count()

    for number in range(20):
        try_login(TOKEN, username=f"another{number}")

    assert LoginAttempts.objects.count() == before


def test_successful_logins_do_not_count_for_the_address(user):
    for _ in range(3):
        assert is_logged_in(try_login(TOKEN, PASSWORD))

    assert set(LoginAttempts.objects.values_list("attempts", flat=True)) == {0}


def test_successful_login_keeps_the_count_of_other_names(user):
    for number in range(3):
        count_attempt(f"user{number}", HERE)

    assert is_logged_in(try_login(TOKEN, PASSWORD))

    assert LoginAttempts.objects.get(username="").attempts == 3


def test_name_under_attack_allows_one_attempt_per_address(user):
    for number in range(10):
        use_free_attempts(address=f"203.0.113.{number}")

    now = timezone.now()
    assert not count_attempt("operator", ELSEWHERE, now=now)
    assert count_attempt("operator", ELSEWHERE, now=now)
    assert is_logged_in(try_login(TOKEN, PASSWORD, address="198.51.100.8"))


def test_tokens_and_provider_logins_are_not_throttled(user, provider):  # noqa: F811
    client = make_client(user)
    reach_longest_delay("kari", "127.0.0.1")
    slow_address_down("127.0.0.1")

    assert client.get("/api/v1/auth/user/").status_code == 200
    assert Browser().log_in()["Location"] == FRONTEND


@pytest.mark.once
def test_api_gets_json_and_the_admin_a_page(user):
    reach_longest_delay()

    assert try_login(TOKEN).json().keys() == {"detail"}
    page = try_login(ADMIN)
    assert page["Content-Type"].startswith("text/html")
    assert b"Too many login attempts" in page.content


@pytest.mark.once
def test_cors_lets_a_frontend_read_the_refusal(user, settings):
    settings.CORS_ALLOWED_ORIGINS = [FRONTEND]
    reach_longest_delay()

    response = try_login(TOKEN, HTTP_ORIGIN=FRONTEND)

    assert response.status_code == 429
    assert response["Access-Control-Allow-Origin"] == FRONTEND
    assert "Retry-After" in response["Access-Control-Expose-Headers"]


def test_login_updates_last_login(user):
    try_login(TOKEN, PASSWORD)

    user.refresh_from_db()
    assert timezone.now() - user.last_login < timedelta(minutes=1)


def test_attempts_are_forgotten_after_a_day(user):
    reach_longest_delay()
    wait(24 * 3600)

    assert try_login(TOKEN).status_code == 400
    assert LoginAttempts.objects.get(username="operator").attempts == 1


def test_login_deletes_old_rows(user, monkeypatch):
    use_free_attempts()
    wait(24 * 3600 + 1)
    monkeypatch.setattr("argus.auth.retention._next_prune", 0.0)

    try_login(TOKEN, username="other")

    assert set(LoginAttempts.objects.values_list("username", flat=True)) == {"", "other"}


def test_recent_rows_are_kept(user):
    use_free_attempts()
    before = LoginAttempts.objects.count()

    delete_old_login_rows(timezone.now())

    assert LoginAttempts.objects.count() == before


class CountingHasher(MD5PasswordHasher):
    """Count the hashes, which take the time of a login."""

    work = 0

    def encode(self, password, salt):
        type(self).work += 1
        return super().encode(password, salt)


@pytest.mark.parametrize("username", ["unknown", "operator", "inactive", "without"])
def test_wrong_password_takes_one_hash_for_any_account(user, settings, username):
    make_user("inactive", is_active=False)
    make_user("without", password=None)
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    CountingHasher.work = 0

    try_login(TOKEN, username=username)

    assert CountingHasher.work == 1


def test_no_password_is_stored_or_logged(user, caplog):
    caplog.set_level("DEBUG")

    try_login(TOKEN, "hush-hush")
    reach_longest_delay()
    try_login(TOKEN, "hush-hush")

    assert "hush" not in caplog.text
    assert [row for row in LoginAttempts.objects.values() if "hush" in str(row)] == []


def test_delay_never_exceeds_the_maximum():
    limit = Limit(3, timedelta(minutes=15))

    assert [limit.delay(attempts).total_seconds() for attempts in (0, 2, 3, 4, 12, 13, 10_000)] == [
        0,
        0,
        5,
        10,
        900,
        900,
        900,
    ]


def test_parallel_attempts_count_one_by_one(parallel_db):
    now = timezone.now()

    delays = at_once(*[lambda: count_attempt("operator", HERE, now=now)] * (PER_NAME.free + 6))

    assert sorted(map(bool, delays)) == [False] * PER_NAME.free + [True] * 6


def test_parallel_logins_from_one_address_succeed(parallel_db):
    names = [make_user().username for _ in range(8)]

    answers = at_once(*[lambda name=name: try_login(TOKEN, PASSWORD, username=name).status_code for name in names])

    assert answers == [200] * 8
    assert LoginAttempts.objects.get(username="").attempts == 0
