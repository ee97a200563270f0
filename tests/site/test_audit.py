"""The audit log: each change is logged once, with its actor; a request without effect is not."""

import logging

import pytest

from argus.alert.models import Alert
from argus.auth.authtoken.models import Token
from argus.auth.models import PhoneNumber, User
from argus.auth.services import COMMAND_LINE
from argus.incident.models import Event, Incident, SourceSystem, SourceSystemType
from argus.inventory.models import Customer
from tests.admin_pages import Admin
from tests.alert.factories import ALERTS, address_of, report
from tests.factories import INCIDENTS, incident_body, make_client, make_incident, make_source, make_superuser, make_user
from tests.fixtures import said_by
from tests.inventory.factories import make_cloud, make_customer, make_instance, make_project, make_project_group
from tests.inventory.requests import link_to
from tests.notificationprofile.factories import make_filter, make_timeslot

pytestmark = pytest.mark.once

PROFILES = "/api/v1/notificationprofiles/"
NUMBERS = "/api/v1/auth/phone-number/"
SOURCES = f"{INCIDENTS}sources/"
ALL_DAY = [{"days": [1], "start": "08:00", "end": "16:00"}]


@pytest.fixture
def said(caplog, django_capture_on_commit_callbacks):
    """Do something and return what the audit log says of it: who, and what they did."""
    caplog.set_level(logging.INFO, "argus.audit")

    def say(call) -> list[tuple[str, str]]:
        caplog.clear()
        with django_capture_on_commit_callbacks(execute=True):
            answer = call()
        assert getattr(answer, "status_code", 200) < 400, answer.content
        lines = [record for record in caplog.records if record.name == "argus.audit"]
        return [(line.actor, f"{line.verb} {line.object.rstrip('0123456789').strip()}") for line in lines]

    return say


@pytest.fixture
def boss(db):
    return make_client(make_superuser("boss"))


def test_profiles_and_phone_numbers(boss, said):
    slot, criteria = make_timeslot(boss.user, "Mine"), make_filter(boss.user, "Mine")
    number = PhoneNumber.objects.create(user=boss.user, phone_number="+4791234567")
    profile = {"timeslot": slot.pk, "filters": [criteria.pk], "media": ["EM"], "active": True, "phone_number": None}

    for what, path, body, row in [
        ("phone number", NUMBERS, {"phone_number": "+4791234568"}, number),
        ("time slot", f"{PROFILES}timeslots/", {"name": "x", "time_recurrences": ALL_DAY}, slot),
        ("filter", f"{PROFILES}filters/", {"name": "x", "filter_string": '{"tags": []}'}, criteria),
    ]:
        assert said(lambda path=path, body=body: boss.post(path, body)) == [("boss", f"added {what}")]
        assert said(lambda path=path, row=row: boss.patch(f"{path}{row.pk}/", {})) == [("boss", f"changed {what}")]
    assert said(lambda: boss.post(PROFILES, profile)) == [("boss", "added notification profile")]
    assert said(lambda: boss.patch(f"{PROFILES}{slot.pk}/", {})) == [("boss", "changed notification profile")]
    assert said(lambda: boss.delete(f"{PROFILES}{slot.pk}/")) == [("boss", "deleted notification profile")]
    assert said(lambda: boss.delete(f"{NUMBERS}{number.pk}/")) == [("boss", "deleted phone number")]


def test_the_inventory(boss, said):
    customer = make_customer()
    project, group, cloud = make_project(customer), make_project_group(customer), make_cloud(customer)
    of_customer, of_project = {"customer": link_to(customer)}, {"project": link_to(project)}
    bodies = {
        "customers": {"name": "x", "native_name": "x", "abbreviation": "x", "contact_details": "x"},
        "projects": {"name": "x", **of_customer},
        "project-groups": {"name": "x", **of_customer},
        "project-group-memberships": {"project_group": link_to(group), **of_project},
        "clouds": {"name": "x", **of_customer},
        "project-cloud-memberships": {"cloud": link_to(cloud), **of_project},
        "instances": {"name": "x", **of_project},
        "customer-permissions": {**of_customer, "user": link_to(boss.user), "role": "owner"},
    }
    for place, body in bodies.items():
        made = []
        (line,) = said(lambda place=place, body=body, made=made: made.append(boss.post(f"/api/{place}/", body)))
        assert (line[0], line[1].split()[0]) == ("boss", "added")
        url = made[0].json()["url"]
        assert said(lambda url=url: boss.delete(url)) == [("boss", line[1].replace("added", "deleted"))]


def test_alerts_and_their_incidents(boss, said):
    instance = make_instance()
    lines = said(lambda: boss.post(ALERTS, report(instance)))
    assert ("boss", "raised alert") in lines
    lines = said(lambda: boss.post(ALERTS, report(instance, message="Worse")))
    assert ("boss", "recorded OTHER incident") in lines
    alert = Alert.objects.get()
    assert said(lambda: boss.post(address_of(alert, "acknowledge"))) == [("boss", "recorded ACKNOWLEDGE incident")]
    assert said(lambda: boss.post(address_of(alert, "close"))) == [("boss", "recorded CLOSE incident")]


def test_incidents_and_sources(boss, said):
    incident, source = make_incident(), make_source("nav")
    path = f"{INCIDENTS}{incident.pk}/"
    assert said(lambda: make_client(source.user).post(INCIDENTS, incident_body()))[0][0] == "nav"
    assert said(lambda: boss.patch(path, {"ticket_url": "https://a.example/1"})) == [("boss", "changed incident")]
    assert said(lambda: boss.patch(path, {"ticket_url": "https://a.example/1"})) == []
    assert said(lambda: boss.patch(f"{SOURCES}{source.pk}/", {"name": "new"}))[0][0] == "boss"


def test_accounts_and_tokens(boss, said):
    make_user("kari", password="correct-horse")
    body = {"username": "kari", "password": "correct-horse"}
    lines = said(lambda: make_client().post("/api/v1/token-auth/", body))
    assert {who for who, _ in lines} == {"kari"}
    assert lines[-1] == ("kari", "replaced the token of kari")
    for command in (["setpassword", "kari", "x"], ["grantsuperuser", "kari"], ["revokesuperuser", "kari"]):
        assert [who for who, _ in said(lambda command=command: said_by(*command))] == [COMMAND_LINE]


@pytest.fixture
def at_the_admin(db) -> Admin:
    return Admin(make_superuser("boss"))


def test_one_change_at_the_admin_is_one_line(at_the_admin, said):
    pages, incident, kari = at_the_admin, make_incident(), make_user("kari")
    customer = make_customer()
    address = incident.source.base_url
    assert said(lambda: pages.save(SourceSystemType, name="zabbix")) == [("boss", "added the source type zabbix")]
    assert said(lambda: pages.delete(SourceSystemType, "zabbix")) == [("boss", "deleted the source type zabbix")]
    fields = {"name": "nav2", "type": "nav", "base_url": address, "username": ""}
    assert [line for _, line in said(lambda: pages.save(SourceSystem, **fields))] == ["added the source nav2 (nav)"]
    page = (SourceSystem, "change", incident.source.pk)
    assert [line for _, line in said(lambda: pages.save(*page, name="new"))] == ["renamed a source to new (nav)"]
    assert said(lambda: pages.save(*page)) == []
    event = {"incident": incident.pk, "type": "OTH", "description": "x"}
    assert said(lambda: pages.save(Event, **event)) == [("boss", "recorded OTHER incident")]
    page = (Incident, "change", incident.pk)
    assert said(lambda: pages.save(*page, ticket_url="https://a.example/1")) == [("boss", "changed incident")]
    assert said(lambda: pages.delete(Incident, incident.pk)) == [("boss", "deleted incident")]
    assert said(lambda: pages.delete_selected(Customer, [customer.pk])) == [("boss", "deleted customer")]
    assert said(lambda: pages.send(Token, user=kari.pk)) == [("boss", "replaced the token of kari")]
    assert said(lambda: pages.save(User, "change", kari.pk, email="k@example.org")) == [("boss", "changed user")]
    assert said(lambda: pages.delete(User, kari.pk)) == [("boss", "deleted the account kari")]
