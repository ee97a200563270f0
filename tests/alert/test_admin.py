"""The admin's page of alerts, which is read-only."""

import pytest

from tests.alert.factories import address_of, make_alert
from tests.inventory.factories import make_instance

PAGE = "/admin/argus_alert/alert/"


@pytest.fixture
def alert(project):
    return make_alert(make_instance(project, name="db1"), alert_type="overheated", message="<b>Hot</b>")


def text(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def test_list_shows_alerts_and_their_objects(as_browser, alert):
    shown = text(as_browser.get(PAGE))
    for part in (alert.uuid.hex, "Warning", "overheated", "instance: db1", "&lt;b&gt;Hot&lt;/b&gt;", "∞"):
        assert part in shown


@pytest.mark.parametrize("query", ["open=1", "acked=0", "severity=Warning", "scope_type=instance", "q=overheated"])
def test_the_list_is_filtered(as_browser, alert, query):
    assert alert.uuid.hex in text(as_browser.get(f"{PAGE}?{query}"))


@pytest.mark.parametrize("query", ["open=0", "acked=1", "severity=Error", "scope_type=cloud", "q=heated"])
def test_search_excludes_other_alerts(as_browser, alert, query):
    assert alert.uuid.hex not in text(as_browser.get(f"{PAGE}?{query}"))


@pytest.mark.parametrize("query", ["severity=x", "scope_type=x", "open=x"])
def test_invalid_filter_redirects_to_the_list(as_browser, alert, query):
    assert as_browser.get(f"{PAGE}?{query}").status_code == 302


def test_an_alert_is_shown_with_its_incident_and_cannot_be_changed(as_browser, as_staff, alert):
    as_staff.post(address_of(alert, "acknowledge"))
    shown = text(as_browser.get(f"{PAGE}{alert.pk}/change/"))
    assert f"/admin/argus_incident/incident/{alert.incident_id}/change/" in shown
    assert "customer_name" in shown
    assert 'name="_save"' not in shown
    for path in (f"{PAGE}add/", f"{PAGE}{alert.pk}/delete/"):
        assert as_browser.get(path).status_code == 403
    assert as_browser.post(f"{PAGE}{alert.pk}/change/", {"severity": "40"}, format="multipart").status_code == 403


def test_list_query_count_does_not_depend_on_alerts(as_browser, project, django_assert_max_num_queries):
    def cost() -> int:
        with django_assert_max_num_queries(30) as queries:
            text(as_browser.get(PAGE))
        return len(queries)

    make_alert(project)
    few = cost()
    for _ in range(49):
        make_alert(project)
    assert cost() == few


def test_alert_is_found_by_uuid(as_browser, project):
    one, other = make_alert(project), make_alert(project, alert_type="other")

    for key in (one.uuid.hex, f" {one.uuid}"):
        shown = text(as_browser.get(PAGE, {"q": key}))
        assert one.uuid.hex in shown
        assert other.uuid.hex not in shown
