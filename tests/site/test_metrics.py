"""Metrics: permissions, values, and that the dashboard and the alert rules use existing ones."""

import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import promql_parser
import pytest
import requests
import yaml
from django.utils import timezone
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from argus.auth.authtoken.models import Token
from argus.incident.models import Change, Event, Incident
from argus.notificationprofile.models import Delivery, MediumHealth
from argus.site.monitoring import metrics
from tests.factories import incident_body, make_ack, make_incident, make_source, make_token, make_user
from tests.live import SOURCE_DIR
from tests.notificationprofile.factories import make_line

pytestmark = pytest.mark.once

MONITORING = Path(__file__).parents[2] / "docs" / "monitoring"
METRIC = re.compile(r"\bargus_[a-z_]+")
COUNT = """
from argus.http.metrics import REQUESTS
from argus.site.monitoring.metrics import process_registry
from prometheus_client import generate_latest
REQUESTS.labels("view", "GET", 200).inc(2)
print(generate_latest(process_registry()).decode())
"""


def read(text: str) -> dict[tuple, float]:
    """All samples: the name with its labels' values in the order of their names, and the value."""
    families = text_string_to_metric_families(text)
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def database_samples() -> dict[tuple, float]:
    """The metrics of the database."""
    return {
        (family.name, *sample.labels.values()): sample.value
        for family in metrics.database_metrics()
        for sample in family.samples
    }


# Session: the server is shared by the whole run, and a source can be created once.
@pytest.fixture(scope="session")
def scraped(argus) -> str:
    source = argus.make_source("metrics.example.org")
    argus.session(source["token"]).post(f"{argus.api}incidents/", json=incident_body(), timeout=10)
    requests.get(f"{argus.api}there-is-no-such-thing/", timeout=10)
    return requests.get(f"{argus.url}/metrics", timeout=10).text


def test_live_server_has_metrics_of_requests_incidents_parts_and_websockets(scraped):
    samples = read(scraped)

    assert samples["argus_http_requests_total", "POST", "201", "v1:incident:incident-list"] >= 1
    assert samples["argus_http_request_duration_seconds_count", "v1:incident:incident-list"] >= 1
    assert samples["argus_incidents_created_total", "metrics.example.org", "nav"] == 1
    assert samples["argus_open_incidents", "false", "metrics.example.org", "nav"] == 1
    assert samples["argus_part_up", "database"] == 1
    assert samples["argus_websocket_clients",] == 0
    assert samples["argus_websocket_reloads_total",] == 0


def test_unknown_paths_create_no_labels(scraped):
    assert "no-such-thing" not in scraped


def test_metrics_are_for_this_machine_or_for_the_token(db, client, settings):
    def ask(address="127.0.0.1", **headers):
        return client.get("/metrics", REMOTE_ADDR=address, headers=headers).status_code

    assert (ask(), ask("::1"), ask("10.0.0.1"), ask("")) == (200, 200, 403, 403)
    for trace in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):
        assert ask(**{trace: "127.0.0.1"}) == 403

    settings.ARGUS_METRICS_TOKEN = "a-secret"
    assert (ask(), ask(authorization="Bearer wrong"), ask(authorization="Bearer \xe6")) == (401, 401, 401)
    assert ask("10.0.0.1", authorization="Bearer a-secret") == 200


@pytest.mark.both
def test_open_incidents_are_counted_by_source_and_acknowledgement(db):
    source, idle = make_source("a", type="nav"), make_source("b", type="zabbix")
    make_incident(source)
    make_ack(make_incident(source), actor=make_user())
    now = database_samples()

    assert now["argus_open_incidents", "a", "nav", "true"] == 1
    assert now["argus_open_incidents", "a", "nav", "false"] == 1
    assert now["argus_open_incidents", idle.name, "zabbix", "false"] == 0


@pytest.mark.both
def test_sources_beyond_the_limit_share_labels(db, monkeypatch):
    monkeypatch.setattr(metrics, "MAX_SOURCES", 2)
    for _ in range(4):
        make_incident(make_source())
    now = {
        name: value
        for name, value in database_samples().items()
        if name[0] == "argus_open_incidents" and name[-1] == "false"
    }

    assert len(now) == 3
    assert now["argus_open_incidents", *metrics.OTHER_SOURCES, "false"] >= 2


def test_renamed_sources_take_no_more_labels(db, monkeypatch):
    def created(source: str) -> float:
        return REGISTRY.get_sample_value("argus_incidents_created_total", {"source": source, "source_type": "nav"}) or 0

    monkeypatch.setattr(metrics, "counted_sources", {})
    source = make_source("renamed", type="nav")
    for name in ("renamed", "first-name", "second-name"):
        source.name = name
        metrics.count_incident(None, incident=Incident(source=source), created=True)

    assert [created("renamed"), created("first-name"), created("second-name")] == [3, 0, 0]
    assert list(metrics.counted_sources) == [source.pk]


@pytest.mark.both
def test_clock_skew_is_the_smallest_delay_of_a_source(db):
    source, now = make_source("ahead"), timezone.now()
    for seconds in (3600, -90, 20):
        make_incident(source, start_time=now - timedelta(seconds=seconds))
    Event.objects.update(received=now)

    assert database_samples()["argus_source_clock_skew_seconds", "ahead", source.type_id] == -90


def test_expiry_of_a_token(db, settings):
    settings.ARGUS_SOURCE_TOKEN_DAYS = 30
    source, without, person = make_source("a"), make_source("b"), make_user()
    for user in (source.user, person):
        make_token(user)
    Token.objects.update(created=timezone.now() - timedelta(days=28))
    now = {name: value for name, value in database_samples().items() if name[0] == "argus_source_token_expires_seconds"}

    assert list(now) == [("argus_source_token_expires_seconds", "a", without.type_id)]
    assert 1.99 < now.popitem()[1] / 86400 <= 2


@pytest.mark.both
def test_pending_notifications_and_their_age(db):
    line = make_line(make_incident().events.get(), make_user())
    Change.objects.unrouted().update(created=timezone.now() - timedelta(hours=1))
    MediumHealth.objects.create(medium="EM", failing_since=timezone.now())
    now = database_samples()

    assert now["argus_outbox_events",] == Change.objects.unrouted().count()
    assert 3600 <= now["argus_oldest_due_seconds",] < 3700
    assert now["argus_deliveries_unsettled", "E-mail", "pending"] == 1
    assert now["argus_deliveries_recent", "E-mail", "pending"] == 1
    assert (now["argus_medium_failing", "E-mail"], now["argus_medium_failing", "SMS"]) == (1, 0)
    Delivery.objects.filter(pk=line.pk).update(created=timezone.now() - timedelta(hours=1), verdict="sent")
    assert database_samples()["argus_deliveries_recent", "E-mail", "sent"] == 0


@pytest.mark.both
@pytest.mark.parametrize("number", [1, 50])
def test_metrics_take_twelve_queries(db, number, django_assert_num_queries):
    user = make_user()
    for _ in range(number):
        make_line(make_incident(make_source()).events.get(), user)

    with django_assert_num_queries(12):
        metrics.database_metrics()


@pytest.mark.slow
def test_processes_with_one_folder_count_together(tmp_path):
    surroundings = {**os.environ, "PYTHONPATH": str(SOURCE_DIR), "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    surroundings["DJANGO_SETTINGS_MODULE"] = "argus.site.settings.test"
    code = f"import django; django.setup()\n{COUNT}"
    command = [sys.executable, "-c", code]
    texts = [subprocess.run(command, env=surroundings, check=True, capture_output=True, text=True) for _ in range(2)]

    numbers = [read(text.stdout)["argus_http_requests_total", "GET", "200", "view"] for text in texts]
    assert numbers == [2, 4]


# The dashboard and the alert rules


def queries() -> dict[str, str]:
    panels = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
    rules = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"][0]["rules"]
    shown = {f"{panel['title']} {target['refId']}": target["expr"] for panel in panels for target in panel["targets"]}
    return shown | {rule["alert"]: rule["expr"] for rule in rules}


@pytest.mark.parametrize("query", queries().values(), ids=queries())
def test_query_is_promql_with_existing_metrics(query, scraped):
    promql_parser.parse(query)
    names = set(re.findall(r"^# TYPE (\w+)", scraped, re.MULTILINE))
    wanted = {re.sub(r"_(bucket|count|sum)$", "", name) for name in METRIC.findall(query)}

    assert wanted <= names
    assert wanted or "up{" in query


def test_alert_rules_are_complete():
    rules = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"][0]["rules"]

    assert len({rule["alert"] for rule in rules}) == len(rules)
    assert all(rule["labels"]["severity"] in {"critical", "warning", "info"} for rule in rules)
    assert all(rule["annotations"]["summary"] for rule in rules)
    assert all(re.fullmatch(r"\d+[mhd]", rule.get("for", "0m")) for rule in rules)


def test_every_metric_is_on_the_dashboard_or_in_a_rule(scraped):
    names = set(re.findall(r"^# TYPE (argus_\w+)", scraped, re.MULTILINE))
    asked = {
        re.sub(r"_(bucket|count|sum)$", "", name) for query in queries().values() for name in METRIC.findall(query)
    }

    assert {name for name in names if not name.endswith("_created")} <= asked | {"argus_http_request_duration_seconds"}
