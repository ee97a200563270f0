"""Phone numbers of the requesting user."""

import pytest

from argus.auth.models import PhoneNumber
from tests.factories import make_user
from tests.raw import send_json
from tests.tables import for_each

pytestmark = pytest.mark.once

NUMBERS = "/api/v1/auth/phone-number/"
KEYS = ["pk", "user", "phone_number"]


@pytest.fixture
def foreign_number(db):
    return PhoneNumber.objects.create(user=make_user("another_user"), phone_number="+4791234567")


def address_of(number) -> str:
    return f"{NUMBERS}{number.pk if isinstance(number, PhoneNumber) else number['pk']}/"


@pytest.mark.both
def test_a_number_is_stored_and_shown(as_user):
    response = as_user.post(NUMBERS, {"phone_number": "+4767676767"})

    assert response.status_code == 201
    body = response.json()
    assert list(body) == KEYS
    assert (body["user"], body["phone_number"]) == (as_user.user.pk, "+4767676767")
    assert as_user.get(address_of(body)).json() == body
    assert as_user.get(NUMBERS).json() == [body]


@pytest.mark.parametrize("text", ["+47 67 67 67 67", " +4767676767 ", "+47-676-76-767", "+47 (676) 76767"])
def test_numbers_are_normalised(as_user, text):
    response = as_user.post(NUMBERS, {"phone_number": text})

    assert response.status_code == 201
    assert response.json()["phone_number"] == "+4767676767"
    assert PhoneNumber.objects.get().phone_number.as_e164 == "+4767676767"


@for_each(
    "value",
    [
        "",
        " ",
        "67676767",
        "4767676767",
        "+47",
        "+4700000000",
        "+4712",
        "+476767676767676767676767",
        "+999123456789",
        "banana",
        "+47banana",
        "+47676\x0076767",
        "\ud800",
        "+" * 10_000,
        "9" * 10_000,
        None,
        True,
        67676767,
        1e300,
        [],
        ["+4767676767"],
        {},
        {"phone_number": "+4767676767"},
    ],
)
def test_invalid_number_is_400_under_its_field(as_user, value):
    response = send_json(as_user, "POST", NUMBERS, {"phone_number": value})

    assert response.status_code == 400
    assert list(response.json()) == ["phone_number"]
    assert not PhoneNumber.objects.exists()


def test_missing_number_is_400_under_its_field(as_user):
    response = as_user.post(NUMBERS, {})

    assert response.status_code == 400
    assert list(response.json()) == ["phone_number"]


def test_pk_and_user_in_the_body_are_ignored(as_user, foreign_number):
    body = {"pk": foreign_number.pk, "user": foreign_number.user_id, "phone_number": "+4767676767"}

    created = as_user.post(NUMBERS, body).json()
    changed = as_user.put(address_of(created), body | {"phone_number": "+4722222222"}).json()

    assert created["pk"] != foreign_number.pk
    assert changed == created | {"phone_number": "+4722222222"}
    assert changed["user"] == as_user.user.pk
    foreign_number.refresh_from_db()
    assert foreign_number.phone_number.as_e164 == "+4791234567"


@pytest.mark.both
def test_the_same_number_may_be_entered_twice(as_user):
    answers = [as_user.post(NUMBERS, {"phone_number": "+4767676767"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert len(as_user.get(NUMBERS).json()) == 2


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_number_can_be_changed(as_user, method):
    number = as_user.post(NUMBERS, {"phone_number": "+4767676767"}).json()

    response = getattr(as_user, method)(address_of(number), {"phone_number": "+47 22 22 22 22"})

    assert response.status_code == 200
    assert response.json() == number | {"phone_number": "+4722222222"}


def test_empty_patch_of_a_number_changes_nothing(as_user):
    number = as_user.post(NUMBERS, {"phone_number": "+4767676767"}).json()

    response = as_user.patch(address_of(number), {})

    assert response.status_code == 200
    assert response.json() == number


@pytest.mark.parametrize("method", ["put", "patch"])
def test_invalid_change_is_400_and_changes_nothing(as_user, method):
    number = as_user.post(NUMBERS, {"phone_number": "+4767676767"}).json()

    response = getattr(as_user, method)(address_of(number), {"phone_number": "67676767"})

    assert response.status_code == 400
    assert list(response.json()) == ["phone_number"]
    assert as_user.get(address_of(number)).json() == number


def test_a_number_can_be_deleted(as_user):
    number = as_user.post(NUMBERS, {"phone_number": "+4767676767"}).json()

    response = as_user.delete(address_of(number))

    assert (response.status_code, response.content) == (204, b"")
    assert as_user.get(address_of(number)).status_code == 404
    assert as_user.get(NUMBERS).json() == []


@pytest.mark.parametrize("client", ["as_user", "as_superuser", "as_source"])
@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_numbers_of_other_users_are_404(request, client, method, foreign_number):
    client = request.getfixturevalue(client)

    response = getattr(client, method)(address_of(foreign_number), {"phone_number": "+4767676767"})

    assert response.status_code == 404
    assert list(response.json()) == ["detail"]
    foreign_number.refresh_from_db()
    assert foreign_number.phone_number.as_e164 == "+4791234567"


@pytest.mark.parametrize("client", ["as_user", "as_superuser"])
def test_list_has_only_the_users_numbers(request, client, foreign_number):
    client = request.getfixturevalue(client)
    client.post(NUMBERS, {"phone_number": "+4767676767"})

    assert [number["user"] for number in client.get(NUMBERS).json()] == [client.user.pk]
    assert [number["user"] for number in client.get("/api/v1/auth/user/").json()["phone_numbers"]] == [client.user.pk]


@pytest.mark.parametrize("method", ["get", "post"])
def test_anonymous_requests_for_numbers_are_401(as_stranger, db, method):
    assert getattr(as_stranger, method)(NUMBERS, {"phone_number": "+4767676767"}).status_code == 401
    assert not PhoneNumber.objects.exists()
