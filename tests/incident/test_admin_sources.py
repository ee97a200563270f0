"""Sources, their types, tags and relations in the admin."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from argus.adminkit.deletion import DependentCounts
from argus.auth.models import User
from argus.incident.models import (
    Event,
    Incident,
    IncidentRelation,
    IncidentRelationType,
    SourceSystem,
    SourceSystemType,
    Tag,
)
from tests.admin_pages import Admin
from tests.factories import make_event, make_incident, make_incidents, make_source, make_user

pytestmark = pytest.mark.once


@pytest.fixture
def boss(db) -> Admin:
    return Admin()


@pytest.fixture
def nav(db) -> SourceSystemType:
    return SourceSystemType.objects.create(name="nav")


def test_new_source_gets_an_account_with_its_name(boss, nav):
    boss.save(SourceSystem, name="nav.oslo", type="nav", base_url="https://nav.example.org")

    source = SourceSystem.objects.get()
    assert (source.name, source.type, source.base_url) == ("nav.oslo", nav, "https://nav.example.org")
    assert source.user.username == "nav.oslo"
    assert not source.user.has_usable_password()
    assert LogEntry.objects.get().object_id == str(source.pk)


def test_new_source_gets_an_account_with_the_given_name(boss, nav):
    make_user("taken")

    boss.save(SourceSystem, name="one", type="nav", username="robot")
    boss.save(SourceSystem, name="two", type="nav", username="taken")

    one, two = SourceSystem.objects.order_by("name")
    assert one.user.username == "robot"
    assert two.user.username.startswith("taken_")


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"name": "taken"}, "already"),
        ({"base_url": "javascript:alert(1)"}, "not an absolute http or https URL"),
        ({"username": "blanks in it"}, "valid username"),
        ({"type": "nothing"}, "valid choice"),
        ({"type": "\x00"}, "Null characters"),
        ({"name": ""}, "required"),
        ({"name": "a\x00b"}, "Null characters"),
    ],
)
def test_refused_source_is_shown_with_the_error(boss, nav, fields, complaint):
    make_source("taken")

    response = boss.send(SourceSystem, **{"name": "new", "type": "nav", **fields})

    assert response.status_code == 200
    assert any(complaint in error for error in boss.errors(response)), boss.errors(response)
    assert SourceSystem.objects.count() == 1


def test_only_name_and_base_url_can_be_changed(boss):
    source = make_source("before", type="nav")

    boss.save(SourceSystem, "change", source.pk, name="after", base_url="http://a.example.org", type="zabbix", user="1")

    changed = SourceSystem.objects.get()
    assert (changed.name, changed.base_url) == ("after", "http://a.example.org")
    assert (changed.type_id, changed.user_id) == ("nav", source.user_id)


def test_change_to_an_existing_name_is_refused(boss):
    make_source("taken")
    source = make_source("mine")

    response = boss.send(SourceSystem, "change", source.pk, name="taken")

    assert any("already" in error for error in boss.errors(response))


def test_deletion_page_names_the_account(boss):
    source = make_source("nav.oslo", username="robot")
    make_incidents(3, source)

    content = boss.get(SourceSystem, "delete", source.pk).content.decode()

    assert "with its user robot" in content
    assert "Incidents: 3" in content


@pytest.mark.both
def test_deleting_a_source_deletes_its_account_and_incidents(boss):
    source = make_source()
    make_incident(source, tags=["a=b"])

    assert boss.delete(SourceSystem, source.pk).status_code == 302

    assert not User.objects.filter(pk=source.user_id).exists()
    assert not Incident.objects.exists()
    assert not Event.objects.exists()


def test_selected_sources_are_deleted_with_their_accounts(boss):
    sources = [make_source() for _ in range(3)]

    boss.delete_selected(SourceSystem, [source.pk for source in sources[:2]])

    assert list(SourceSystem.objects.all()) == sources[2:]
    assert User.objects.count() == 2


@pytest.mark.both
def test_source_that_acted_on_other_incidents_cannot_be_deleted(boss):
    source = make_source()
    source.user.is_superuser = True
    source.user.save()
    make_event(make_incident(), actor=source.user, timestamp=make_incident().start_time)

    content = boss.get(SourceSystem, "delete", source.pk).content.decode()
    response = boss.delete(SourceSystem, source.pk)

    assert "Cannot delete" in content
    assert response.status_code == 200
    assert SourceSystem.objects.filter(pk=source.pk).exists()
    assert not LogEntry.objects.exists()


def test_list_of_many_sources_takes_as_many_queries_as_one_of_few(boss):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            boss.rows(SourceSystem)
        return len(captured)

    make_source(type="nav")
    make_source(type="zabbix")
    few = queries()
    for number in range(10):
        make_source(type=f"type{number}")

    assert queries() == few


def test_new_type_must_be_in_lower_case_and_new(boss, nav):
    boss.save(SourceSystemType, name="zabbix")

    assert "in lower case" in boss.errors(boss.send(SourceSystemType, name="NAV"))[0]
    assert "already" in boss.errors(boss.send(SourceSystemType, name="nav"))[0]
    assert SourceSystemType.objects.count() == 2


@pytest.mark.both
def test_type_with_sources_cannot_be_deleted(boss, nav):
    source = make_source(type="zabbix")

    assert boss.delete(SourceSystemType, "nav").status_code == 302
    assert "Source systems: 1" in boss.delete(SourceSystemType, source.type_id).content.decode()
    assert [one.name for one in SourceSystemType.objects.all()] == ["zabbix"]


def test_deletion_calls_the_service(boss, monkeypatch):
    source = make_source()
    monkeypatch.setattr("argus.adminkit.base.count_dependents", lambda model, keys: DependentCounts())

    response = boss.client.post(boss.url(SourceSystemType, "delete", source.type_id), {"post": "yes"}, follow=True)
    selected = boss.delete_selected(SourceSystemType, [source.type_id])

    assert "There are sources of this type." in boss.messages(response)
    assert selected.status_code == 302
    assert SourceSystemType.objects.exists()
    assert not LogEntry.objects.exists()


def test_tag_is_stored_once(boss):
    boss.save(Tag, key=" a ", value="b=c")
    boss.save(Tag, key="a", value="b=c")

    assert [str(tag) for tag in Tag.objects.all()] == ["a=b=c"]
    assert "lower-case" in boss.errors(boss.send(Tag, key="A", value="b"))[0]


@pytest.mark.both
def test_tag_in_use_cannot_be_deleted(boss):
    make_incident(tags=["a=used"])
    boss.save(Tag, key="a", value="idle")
    used, idle = (Tag.objects.get(value=value) for value in ("used", "idle"))

    assert boss.delete(Tag, idle.pk).status_code == 302
    assert boss.delete(Tag, used.pk).status_code == 200
    assert list(Tag.objects.all()) == [used]


@pytest.mark.both
def test_tags_are_found_exactly_and_by_words(boss):
    make_incident(tags=["host=sw-1.example.org", "host=sw-2.example.org", "room=1"])
    first, second, room = (
        Tag.objects.order_by("value")[1],
        Tag.objects.order_by("value")[2],
        Tag.objects.get(key="room"),
    )

    assert boss.rows(Tag, q="host=sw-1.example.org") == [first]
    assert set(boss.rows(Tag, q="sw")) == {first, second}
    assert boss.rows(Tag, q="host=-2") == [second]
    assert boss.rows(Tag, q="room") == [room]


def test_incidents_can_be_related(boss):
    kind = IncidentRelationType.objects.create(name="caused by")
    first, second = make_incidents(2)

    boss.save(IncidentRelation, type=kind.pk, incident1=first.pk, incident2=second.pk, description="Same cable")

    assert IncidentRelation.objects.get().incident2 == second
    response = boss.send(IncidentRelation, type=kind.pk, incident1=first.pk, incident2=first.pk)
    assert any("related to itself" in error for error in boss.errors(response))
    assert boss.delete(IncidentRelationType, kind.pk).status_code == 200
    assert IncidentRelationType.objects.exists()
