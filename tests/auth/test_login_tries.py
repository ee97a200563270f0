"""Wrong passwords, again and again: every door makes whoever tries them wait, and nobody else."""

from datetime import timedelta
from io import StringIO

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone

from argus.auth import leftovers
from argus.auth.login_tries import PER_ADDRESS, PER_NAME, Limit, forget_old_tries, take_turn
from tests.auth.sso.conftest import FRONTEND, Browser, provider  # noqa: F401
from tests.factories import PASSWORD, Client, make_client, make_user
from tests.parallel import at_once

TOKEN = "/api/v1/token-auth/"
ADMIN = "/admin/login/"
DOORS = [TOKEN, "/oidc/api-token-auth/", ADMIN]
HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"
WRONG = "guessed"


@pytest.fixture(params=DOORS)
def door(request):
    return request.param


@pytest.fixture
def user(db):
    return make_user("operator", is_staff=True)


def knock(door, password=WRONG, username="operator", address=HERE, **headers):
    """Try a password as a program, or at the admin as a browser."""
    form = {"format": "multipart"} if door == ADMIN else {}
    return Client(REMOTE_ADDR=address, **headers).post(door, {"username": username, "password": password}, **form)


def got_in(response) -> bool:
    return response.status_code == 302 if "sessionid" in response.cookies else "token" in str(response.content)


def use_up(username="operator", address=HERE) -> None:
    """Try as often as is free."""
    for _ in range(PER_NAME.free):
        assert not take_turn(username, address)


def shut_out(username="operator", address=HERE) -> None:
    """Have tried the name so often that the wait is the longest there is."""
    tries = {"failures_since_start": PER_ADDRESS.free + 20, "attempt_time": timezone.now()}
    AccessAttempt.objects.update_or_create(username=username, ip_address=address, user_agent="", defaults=tries)


def slow_down(address=HERE) -> None:
    """Have tried so many names that the address has to wait, as long as one ever has to."""
    shut_out("", address)


def knock_until_refused(door, **how) -> list:
    """Return all answers up to the first 429."""
    answers = [knock(door, **how)]
    while answers[-1].status_code != 429 and len(answers) < PER_NAME.free + 10:
        answers.append(knock(door, **how))
    return answers


def wait(seconds: float) -> None:
    """Let time go by, for those who have tried."""
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(seconds=seconds))


def test_every_door_refuses_after_some_wrong_passwords_and_says_when_to_come_back(user, door):
    answers = knock_until_refused(door)

    assert len(answers) > PER_NAME.free
    assert {answer.status_code for answer in answers[:-1]} == {200 if door == ADMIN else 400}
    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) >= 1


def test_what_was_tried_at_one_door_counts_at_the_others(user, door):
    shut_out()

    assert knock(door).status_code == 429


def test_who_has_to_wait_does_not_get_in_with_the_right_password_either(user, door):
    shut_out()

    response = knock(door, PASSWORD)

    assert response.status_code == 429
    assert not got_in(response)


def test_the_right_password_from_elsewhere_works(user, door):
    shut_out()

    assert got_in(knock(door, PASSWORD, address=ELSEWHERE))


def test_another_name_from_the_same_address_works(user, door):
    make_user("other", is_staff=True)
    shut_out()

    assert got_in(knock(door, PASSWORD, username="other"))


def test_after_the_wait_the_right_password_works_and_wipes_the_slate(user, door):
    shut_out()
    wait(15 * 60)

    assert got_in(knock(door, PASSWORD))
    assert knock(door).status_code != 429


def test_the_wait_doubles_with_every_further_try_up_to_its_limit(db):
    now, waits = timezone.now(), []
    for _ in range(PER_NAME.free):
        assert not take_turn("operator", HERE, now=now)
    for _ in range(12):
        waits.append(take_turn("operator", HERE, now=now).total_seconds())
        now += timedelta(seconds=waits[-1])
        assert not take_turn("operator", HERE, now=now)

    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900, 900]


def test_trying_while_one_has_to_wait_does_not_make_the_wait_longer(db):
    now = timezone.now()
    for _ in range(PER_NAME.free):
        take_turn("operator", HERE, now=now)

    for second in range(5):
        assert take_turn("operator", HERE, now=now + timedelta(seconds=second)).total_seconds() == 5 - second


def test_names_of_nobody_are_refused_like_names_of_somebody(user, door):
    first = [knock(door, username=name) for name in ("operator", "nobody")]
    shut_out("operator")
    shut_out("nobody")
    last = [knock(door, username=name) for name in ("operator", "nobody")]

    assert first[0].status_code == first[1].status_code
    assert last[0].status_code == last[1].status_code == 429
    assert all(60 < int(answer["Retry-After"]) <= 900 for answer in last)


@pytest.mark.parametrize("username", ["OPERATOR", " operator ", "\uff4fperator"])
def test_other_spellings_of_a_name_count_as_the_name(user, username):
    shut_out()

    assert knock(TOKEN, username=username).status_code == 429


@pytest.mark.parametrize("username", ["x" * 300, "x" * 100_000, "日本", "🙂" * 200, "'\"%\\"])
def test_names_of_every_kind_can_be_counted(db, username):
    assert [knock(TOKEN, username=username).status_code for _ in range(2)] == [400, 400]


@pytest.mark.parametrize("username", ["a\x00b", "\ud800"])
def test_names_that_no_door_lets_through_can_be_counted(db, username):
    assert not take_turn(username, HERE)


def test_the_commands_of_the_library_let_somebody_in_again(user):
    shut_out()

    call_command("axes_reset_username", "operator", stdout=StringIO())

    assert got_in(knock(TOKEN, PASSWORD))


def test_trying_many_names_from_one_address_is_slowed_down(user):
    slow_down()

    response = knock(TOKEN, username="somebody")

    assert response.status_code == 429
    assert int(response["Retry-After"]) <= 60
    assert got_in(knock(TOKEN, PASSWORD, address=ELSEWHERE))


def test_an_address_that_has_to_wait_does_not_fill_the_table(user):
    slow_down()
    before = AccessAttempt.objects.count()

    for number in range(20):
        knock(TOKEN, username=f"another{number}")

    assert AccessAttempt.objects.count() == before


def test_right_passwords_are_not_held_against_an_address(user):
    for _ in range(3):
        assert got_in(knock(TOKEN, PASSWORD))

    assert set(AccessAttempt.objects.values_list("failures_since_start", flat=True)) == {0}


def test_ones_own_right_password_does_not_wipe_out_what_was_tried_with_other_names(user):
    for number in range(3):
        take_turn(f"user{number}", HERE)

    assert got_in(knock(TOKEN, PASSWORD))

    assert AccessAttempt.objects.get(username="").failures_since_start == 3


def test_a_name_under_attack_from_many_addresses_gives_each_of_them_one_try(user):
    for number in range(10):
        use_up(address=f"203.0.113.{number}")

    now = timezone.now()
    assert not take_turn("operator", ELSEWHERE, now=now)
    assert take_turn("operator", ELSEWHERE, now=now)
    assert got_in(knock(TOKEN, PASSWORD, address="198.51.100.8"))


def test_tokens_and_logins_at_a_provider_go_on_working(user, provider):  # noqa: F811
    client = make_client(user)
    shut_out("kari", "127.0.0.1")
    slow_down("127.0.0.1")

    assert client.get("/api/v1/auth/user/").status_code == 200
    assert Browser().log_in()["Location"] == FRONTEND


def test_programs_are_told_in_json_and_people_on_a_page(user):
    shut_out()

    assert knock(TOKEN).json().keys() == {"detail"}
    page = knock(ADMIN)
    assert page["Content-Type"].startswith("text/html")
    assert b"Too many tries" in page.content


def test_a_frontend_may_read_that_it_is_refused_and_for_how_long(user, settings):
    settings.CORS_ALLOWED_ORIGINS = [FRONTEND]
    shut_out()

    response = knock(TOKEN, HTTP_ORIGIN=FRONTEND)

    assert response.status_code == 429
    assert response["Access-Control-Allow-Origin"] == FRONTEND
    assert "Retry-After" in response["Access-Control-Expose-Headers"]


def test_a_login_is_noted_in_the_account(user):
    knock(TOKEN, PASSWORD)

    user.refresh_from_db()
    assert timezone.now() - user.last_login < timedelta(minutes=1)


def test_what_was_tried_is_forgotten_after_a_day(user):
    shut_out()
    wait(24 * 3600)

    assert knock(TOKEN).status_code == 400
    assert AccessAttempt.objects.get(username="operator").failures_since_start == 1


def test_rows_do_not_stay(user, monkeypatch):
    use_up()
    wait(24 * 3600 + 1)
    monkeypatch.setattr(leftovers, "_next_time", 0.0)

    knock(TOKEN, username="other")

    assert set(AccessAttempt.objects.values_list("username", flat=True)) == {"", "other"}


def test_young_rows_stay(user):
    use_up()
    before = AccessAttempt.objects.count()

    forget_old_tries(timezone.now())

    assert AccessAttempt.objects.count() == before


class CountingHasher(MD5PasswordHasher):
    """Counts what takes the time of a login."""

    work = 0

    def encode(self, password, salt):
        type(self).work += 1
        return super().encode(password, salt)


@pytest.mark.parametrize("username", ["nobody", "operator", "inactive", "without"])
def test_a_wrong_password_is_as_much_work_whoever_it_is_for(user, settings, username):
    make_user("inactive", is_active=False)
    make_user("without", password=None)
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    CountingHasher.work = 0

    knock(TOKEN, username=username)

    assert CountingHasher.work == 1


def test_no_password_is_kept_or_logged(user, caplog):
    caplog.set_level("DEBUG")

    knock(TOKEN, "hush-hush")
    shut_out()
    knock(TOKEN, "hush-hush")

    assert "hush" not in caplog.text
    assert [row for row in AccessAttempt.objects.values() if "hush" in str(row)] == []


def test_the_longest_wait_is_as_long_as_was_said_however_often_one_has_tried():
    limit = Limit(3, timedelta(minutes=15))

    assert [limit.pause(tries).total_seconds() for tries in (0, 2, 3, 4, 12, 13, 10_000)] == [
        0,
        0,
        5,
        10,
        900,
        900,
        900,
    ]


def test_tries_at_the_same_moment_count_one_by_one(parallel_db):

    now = timezone.now()

    pauses = at_once(*[lambda: take_turn("operator", HERE, now=now)] * (PER_NAME.free + 6))

    assert sorted(map(bool, pauses)) == [False] * PER_NAME.free + [True] * 6


def test_many_people_at_one_address_log_in_at_the_same_moment(parallel_db):
    names = [make_user().username for _ in range(8)]

    answers = at_once(*[lambda name=name: knock(TOKEN, PASSWORD, username=name).status_code for name in names])

    assert answers == [200] * 8
    assert AccessAttempt.objects.get(username="").failures_since_start == 0
