"""Source systems and source types, over REST and by the services."""

import re

import pytest

from argus.auth.models import User
from argus.incident import sources
from argus.incident.models import Incident, SourceSystem, SourceSystemType
from argus.util.errors import DomainError, NotPermittedError
from tests.factories import INCIDENTS, make_ack, make_client, make_event, make_incident, make_source, make_superuser
from tests.tables import for_each

SOURCES, TYPES = f"{INCIDENTS}sources/", f"{INCIDENTS}source-types/"
KEYS = ["pk", "name", "type", "user", "base_url"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def nav():
    return SourceSystemType.objects.create(name="nav")


def test_types_are_listed_by_name(as_user):
    for name in ("zabbix", "argus", "nav"):
        SourceSystemType.objects.create(name=name)
    assert as_user.get(TYPES).json() == [{"name": "argus"}, {"name": "nav"}, {"name": "zabbix"}]


def test_only_superusers_add_types(as_superuser, as_user, as_source):
    answer = as_superuser.post(TYPES, {"name": "zabbix"})
    assert (answer.status_code, answer.json()) == (201, {"name": "zabbix"})
    for client in (as_user, as_source):
        for body in ({"name": "new"}, {}):
            answer = client.post(TYPES, body)
            assert (answer.status_code, list(answer.json())) == (403, ["detail"])
    assert not SourceSystemType.objects.filter(name="new").exists()


@for_each("body", [{}, *({"name": bad} for bad in (None, "", " ", "NAV", "Nav", "nav", [], {}, True, "x" * 101))])
def test_invalid_type_name_is_refused(as_superuser, nav, body):
    answer = as_superuser.post(TYPES, body)
    assert (answer.status_code, list(answer.json())) == (400, ["name"])
    assert SourceSystemType.objects.count() == 1


@pytest.mark.parametrize("type_given", ["nav", {"name": "nav"}])
def test_source_is_created_with_its_account(as_superuser, as_user, nav, type_given):
    body = {"name": "Uninett GW 3", "type": type_given, "base_url": "https://nav.example.org", "username": "gw3"}
    answer = as_superuser.post(SOURCES, body)
    account = User.objects.get(username="gw3")
    source = SourceSystem.objects.get()
    assert answer.status_code == 201
    assert list(answer.json()) == KEYS
    assert answer.json() == {
        "pk": source.pk,
        "name": "Uninett GW 3",
        "type": {"name": "nav"},
        "user": account.pk,
        "base_url": "https://nav.example.org",
    }
    assert not account.has_usable_password()
    assert (account.is_superuser, account.is_staff) == (False, False)
    for path in (SOURCES, f"{SOURCES}{source.pk}/", f"{INCIDENTS}metadata/"):
        shown = as_user.get(path).json()
        assert shown in ([answer.json()], answer.json(), {"sourceSystems": [answer.json()]})


def test_account_name_defaults_to_the_source_name(as_superuser, nav):
    for body in ({}, {"username": ""}, {"base_url": ""}):
        name = f"nav{len(body)}{''.join(body)}"
        answer = as_superuser.post(SOURCES, {"name": name, "type": "nav", **body})
        assert User.objects.get(pk=answer.json()["user"]).username == name
        assert answer.json()["base_url"] == ""


@pytest.mark.parametrize("username", ["taken", "x" * 150])
def test_digits_are_appended_to_a_taken_account_name(as_superuser, nav, username):
    User.objects.create_user(username)
    body = {"name": "n", "type": "nav", "username": username}
    made = User.objects.get(pk=as_superuser.post(SOURCES, body).json()["user"]).username
    assert re.fullmatch(rf"{username[:143]}_[0-9a-f]{{6}}", made)


@for_each(
    "overrides, field",
    [
        ({"name": "a b"}, "username"),
        ({"username": "a b"}, "username"),
        ({"username": "a/b"}, "username"),
        ({"username": "x" * 151}, "username"),
        ({"username": None}, "username"),
        *(({"name": bad}, "name") for bad in (None, "", [], {}, "x" * 151)),
        *(({"type": bad}, "type") for bad in (None, "", "unknown", {}, {"name": "unknown"}, {"name": None}, [], 7)),
        *(({"base_url": bad}, "base_url") for bad in (None, "x", "javascript:x", "http://[", [], "https://x/" * 300)),
    ],
)
def test_invalid_source_is_refused_by_field(as_superuser, nav, overrides, field):
    answer = as_superuser.post(SOURCES, {"name": "new", "type": "nav"} | overrides)
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert not SourceSystem.objects.exists()
    assert User.objects.count() == 1


@pytest.mark.parametrize("missing", ["name", "type"])
def test_source_needs_a_name_and_a_type(as_superuser, nav, missing):
    body = {"name": "new", "type": "nav"}
    del body[missing]
    answer = as_superuser.post(SOURCES, body)
    assert (answer.status_code, list(answer.json())) == (400, [missing])


def test_name_is_unique_within_a_type(as_superuser):
    make_source("one", type="nav")
    SourceSystemType.objects.create(name="zabbix")
    answer = as_superuser.post(SOURCES, {"name": "one", "type": "nav", "username": "other"})
    assert (answer.status_code, list(answer.json())) == (400, ["name"])
    assert as_superuser.post(SOURCES, {"name": "one", "type": "zabbix"}).status_code == 201


def test_only_superusers_add_sources(as_user, as_source):
    for client in (as_user, as_source):
        for body in ({"name": "new", "type": "nav"}, {}):
            answer = client.post(SOURCES, body)
            assert (answer.status_code, list(answer.json())) == (403, ["detail"])
    assert SourceSystem.objects.count() == 1


@pytest.mark.parametrize("method", ["put", "patch"])
def test_source_is_renamed_by_itself_and_by_superusers(as_source, as_superuser, as_user, as_other_source, method):
    path = f"{SOURCES}{as_source.source.pk}/"
    for client, name in (
        (as_source, "own name"),
        (as_superuser, "superuser's name"),
        (as_superuser, "superuser's name"),
    ):
        answer = getattr(client, method)(path, {"name": name})
        assert (answer.status_code, list(answer.json()), answer.json()["name"]) == (200, KEYS, name)
    for client in (as_user, as_other_source):
        for body in ({"name": "foreign"}, {}):
            answer = getattr(client, method)(path, body)
            assert (answer.status_code, list(answer.json())) == (403, ["detail"])
    assert SourceSystem.objects.get(pk=as_source.source.pk).name == "superuser's name"


@pytest.mark.parametrize("method", ["put", "patch"])
def test_rename_changes_the_name_only(as_source, as_superuser, method):
    path = f"{SOURCES}{as_source.source.pk}/"
    before = as_source.get(path).json()
    others = {"base_url": "https://other.example.org", "type": "zabbix", "user": as_superuser.user.pk, "pk": 7}
    answer = getattr(as_superuser, method)(path, {"name": "new", **others})
    assert answer.json() == before | {"name": "new"}
    assert as_source.user.username == User.objects.get(pk=as_source.user.pk).username


def test_rename_to_an_existing_or_invalid_name_is_refused(as_source, as_superuser):
    make_source("taken", type="nav")
    path = f"{SOURCES}{as_source.source.pk}/"
    for name in ("taken", "", None, "x" * 151, []):
        for method in (as_superuser.put, as_superuser.patch):
            answer = method(path, {"name": name})
            assert (answer.status_code, list(answer.json())) == (400, ["name"])
    assert as_superuser.put(path, {}).status_code == 400
    assert as_superuser.patch(path, {}).status_code == 200


def test_deleting_a_source_deletes_its_account_and_incidents():
    source, other = make_source(), make_source()
    make_ack(make_incident(source, tags=["a=b"]))
    kept = make_incident(other, tags=["a=b"])
    sources.delete_source(source, actor=make_superuser())
    assert list(SourceSystem.objects.all()) == [other]
    assert not User.objects.filter(pk=source.user_id).exists()
    assert list(Incident.objects.all()) == [kept]


def test_source_that_acted_on_other_incidents_cannot_be_deleted():
    incident, engine = make_incident(), make_source()
    engine.user.is_superuser = True
    engine.user.save()
    make_event(incident, "OTH", actor=engine.user, timestamp=incident.start_time)
    with pytest.raises(DomainError):
        sources.delete_source(engine, actor=make_superuser())
    assert SourceSystem.objects.filter(pk=engine.pk).exists()
    assert User.objects.filter(pk=engine.user_id).exists()


def test_services_check_the_permission():
    source, actor = make_source(), User()
    for call in (
        lambda: sources.create_source_type("new", actor=actor),
        lambda: sources.create_source("new", actor=actor, source_type=source.type),
        lambda: sources.rename_source(source, "new", actor=actor),
        lambda: sources.delete_source(source, actor=actor),
    ):
        with pytest.raises(NotPermittedError):
            call()


def test_superuser_with_a_source_is_a_source_system():
    client = make_client(make_source().user)
    client.user.is_superuser = True
    client.user.save()
    incident = make_incident(client.source)
    answer = client.post(f"{INCIDENTS}{incident.pk}/events/", {"type": "CLO", "timestamp": "2024-05-15 14:00"})
    assert answer.status_code == 400
