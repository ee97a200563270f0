"""Pages of bare arrays: the headers with the total and the links to other pages (contract, section 5)."""

import re

import pytest

from argus.inventory.models import Customer
from tests.factories import make_client
from tests.tables import for_each

from .factories import make_customer, make_staff

CUSTOMERS = "/api/customers/"


@pytest.fixture
def as_staff(db):
    return make_client(make_staff())


@pytest.fixture
def customers(db):
    Customer.objects.bulk_create(Customer(name=f"{n:03}") for n in range(25))


def links_of(answer) -> dict[str, str]:
    return {rel: url for url, rel in re.findall(r'<([^>]*)>; rel="(\w+)"', answer["Link"])}


def test_page_has_ten_rows_and_the_total(as_staff, customers):
    answer = as_staff.get(CUSTOMERS)

    assert [row["name"] for row in answer.json()] == [f"{n:03}" for n in range(10)]
    assert answer["X-Result-Count"] == "25"
    assert links_of(answer) == {
        "first": f"http://testserver{CUSTOMERS}",
        "next": f"http://testserver{CUSTOMERS}?page=2",
        "last": f"http://testserver{CUSTOMERS}?page=3",
    }


def test_links_keep_other_parameters(as_staff, customers):
    answer = as_staff.get(f"{CUSTOMERS}?a=1&page=2&a=2&page_size=10")

    url = f"http://testserver{CUSTOMERS}?a=1&a=2&page_size=10"
    found = {rel: sorted(link.partition("?")[2].split("&")) for rel, link in links_of(answer).items()}
    rest = sorted(url.partition("?")[2].split("&"))
    assert found == {"first": rest, "prev": rest, "next": sorted([*rest, "page=3"]), "last": sorted([*rest, "page=3"])}
    assert all(link.startswith("http://testserver/api/customers/?") for link in links_of(answer).values())


def test_following_links_returns_each_row_once(as_staff, customers):
    url, names = f"{CUSTOMERS}?page_size=7", []
    while url:
        answer = as_staff.get(url)
        names += [row["name"] for row in answer.json()]
        url = links_of(answer).get("next")
    assert names == [f"{n:03}" for n in range(25)]


@pytest.mark.parametrize("number", [0, 1])
def test_single_page_has_first_and_last_links(as_staff, number):
    for _ in range(number):
        make_customer()
    answer = as_staff.get(CUSTOMERS)

    assert len(answer.json()) == number
    assert answer["X-Result-Count"] == str(number)
    assert links_of(answer) == dict.fromkeys(["first", "last"], f"http://testserver{CUSTOMERS}")


@for_each("page", ["4", "0", "-1", "last", "x", "1.0", "9" * 30, "9" * 5000, "%00", "1%002", "%ff"])
def test_page_after_the_end_or_invalid_is_404(as_staff, customers, page):
    answer = as_staff.get(f"{CUSTOMERS}?page={page}")

    assert answer.status_code == 404
    assert list(answer.json()) == ["detail"]


@pytest.mark.parametrize(
    ("size", "rows"),
    [("1", 1), ("25", 25), ("101", 100), ("9" * 30, 100)]
    + [(nonsense, 10) for nonsense in ("", "0", "-5", "x", "1.5", "%00", "9" * 5000)],
)
def test_page_size_is_limited_and_defaults_to_ten(as_staff, size, rows):
    Customer.objects.bulk_create(Customer(name=f"{n:03}") for n in range(120))
    expected = min(rows, 120)
    assert len(as_staff.get(f"{CUSTOMERS}?page_size={size}").json()) == expected


def test_head_returns_headers_without_body(as_staff, customers):
    head, get = as_staff.head(CUSTOMERS), as_staff.get(CUSTOMERS)

    assert head.content == b""
    assert (head["Link"], head["X-Result-Count"]) == (get["Link"], get["X-Result-Count"])


def test_cors_exposes_the_headers(as_staff, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://argus.example.org"]
    answer = as_staff.get(CUSTOMERS, HTTP_ORIGIN="https://argus.example.org")

    exposed = {name.strip() for name in answer["Access-Control-Expose-Headers"].split(",")}
    assert exposed >= {"Link", "X-Result-Count"}


def test_unknown_parameter_is_ignored_and_kept_in_links(as_staff, customers):
    answer = as_staff.get(f"{CUSTOMERS}?nonsense=%00%22%3E%0d%0aSet-Cookie:x")

    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert not re.search(r'[\r\n]|"><', answer["Link"])
