"""The exact bodies and queries of the published glue services."""

from datetime import datetime
from zoneinfo import ZoneInfo

from tests.factories import INCIDENTS

NAV_ALERT = {
    "start_time": "2024-05-15T14:00:00.123456",
    "end_time": "infinity",
    "source_incident_id": 4711,
    "details_url": "/alerts/4711/",
    "description": "netbox11.example.org: box down",
    "level": 2,
    "tags": [
        {"tag": "event_type=boxState"},
        {"tag": "alert_type=boxDown"},
        {"tag": "host=netbox11.example.org"},
        {"tag": "room=B 101"},
        {"tag": "location=Trondheim"},
        {"tag": "organization="},
        {"tag": "host_url=https://nav.example.org/ipdevinfo/netbox11/?a=b&c=d"},
        {"tag": "interface=Gi1/0/1"},
    ],
}

ZABBIX_PROBLEM = {
    "description": "High CPU utilization",
    "source_incident_id": "123456",
    "details_url": "tr_events.php?triggerid=23&eventid=123456",
    "level": 3,
    "tags": [{"tag": "host=web1"}, {"tag": "hostgroup=Linux servers"}, {"tag": "component="}, {"tag": "scope="}],
    "start_time": "2024-05-15T12:00:00+00:00",
    "end_time": "9999-12-31T23:59:59.999999",
}


def test_nav_posts_an_alert(as_source):
    response = as_source.post(INCIDENTS, NAV_ALERT)

    assert response.status_code == 201
    incident = response.json()
    # Numbers become text; times without a zone are in the server's zone; unknown keys are ignored.
    assert incident["source_incident_id"] == "4711"
    assert datetime.fromisoformat(incident["start_time"]) == datetime(
        2024, 5, 15, 14, 0, 0, 123456, tzinfo=ZoneInfo("Europe/Oslo")
    )
    assert incident["end_time"] == "infinity"
    assert incident["details_url"] == "https://nav.example.org/alerts/4711/"
    assert [tag["tag"] for tag in incident["tags"]] == [tag["tag"] for tag in NAV_ALERT["tags"]]
    assert "level" not in incident


def test_nav_posts_a_stateless_alert_without_an_end(as_source):
    alert = {key: value for key, value in NAV_ALERT.items() if key != "end_time"}

    assert as_source.post(INCIDENTS, alert).json()["stateful"] is False


def test_nav_finds_its_alert_and_ends_it(as_source):
    posted = as_source.post(INCIDENTS, NAV_ALERT).json()

    (found,) = as_source.get(f"{INCIDENTS}mine/?open=true&source_incident_id=4711").json()["results"]
    assert found == posted

    response = as_source.post(
        f"{INCIDENTS}{found['pk']}/events/",
        {"timestamp": "2024-05-15 15:00:00.5", "type": "END", "description": "box up"},
    )
    assert response.status_code == 201
    assert as_source.get(f"{INCIDENTS}mine/?open=true&source_incident_id=4711").json()["results"] == []
    (ended,) = as_source.get(f"{INCIDENTS}mine/?source_incident_id=4711").json()["results"]
    assert ended["end_time"] == "2024-05-15T15:00:00.500000+02:00"


def test_nav_gets_an_error_for_a_duplicate(as_source):
    as_source.post(INCIDENTS, NAV_ALERT)

    response = as_source.post(INCIDENTS, NAV_ALERT)

    assert response.status_code == 400
    assert list(response.json()) == ["source_incident_id"]


def test_nav_compares_open_incidents_by_id(as_source):
    for number in range(5):
        as_source.post(INCIDENTS, {**NAV_ALERT, "source_incident_id": number})

    link, numbers = f"{INCIDENTS}mine/?open=true&page_size=2", []
    while link:
        page = as_source.get(link).json()
        numbers += [int(incident["source_incident_id"]) for incident in page["results"]]
        link = page["next"]

    assert sorted(numbers) == [0, 1, 2, 3, 4]


def test_zabbix_posts_a_problem_with_its_spelling_of_infinity(as_source):
    response = as_source.post(INCIDENTS, ZABBIX_PROBLEM)

    assert response.status_code == 201
    incident = response.json()
    assert (incident["end_time"], incident["open"]) == ("infinity", True)
    assert incident["details_url"] == "https://nav.example.org/tr_events.php?triggerid=23&eventid=123456"
    assert [tag["tag"] for tag in incident["tags"]] == [tag["tag"] for tag in ZABBIX_PROBLEM["tags"]]


def test_zabbix_reconciles(as_source, as_other_source):
    as_other_source.post(INCIDENTS, ZABBIX_PROBLEM)
    kept, gone = (
        as_source.post(INCIDENTS, {**ZABBIX_PROBLEM, "source_incident_id": str(number)}).json() for number in (1, 2)
    )

    listed = {i["source_incident_id"]: i["pk"] for i in as_source.get(f"{INCIDENTS}mine/?open=true").json()["results"]}
    assert listed == {"1": kept["pk"], "2": gone["pk"]}

    response = as_source.post(
        f"{INCIDENTS}{listed['2']}/events/",
        {"description": "Resolved by reconciliation", "timestamp": "2024-05-15T13:00:00+00:00", "type": "END"},
    )
    assert response.status_code == 201
    (left,) = as_source.get(f"{INCIDENTS}mine/?open=true").json()["results"]
    assert left["pk"] == kept["pk"]


def test_zabbix_finds_a_duplicate_by_its_id(as_source):
    posted = as_source.post(INCIDENTS, ZABBIX_PROBLEM).json()

    refused = as_source.post(INCIDENTS, ZABBIX_PROBLEM)

    assert refused.status_code == 400
    assert b"source_incident_id" in refused.content
    assert as_source.get(f"{INCIDENTS}mine/?source_incident_id=123456").json()["results"] == [posted]


def test_zabbix_reads_the_server_version(as_source):
    assert as_source.get("/api/").json()["server-version"]


def test_heartbeats_are_not_supported(as_source):
    assert as_source.get(f"{INCIDENTS}sources/heartbeat/").status_code == 404
