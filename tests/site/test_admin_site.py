"""The dashboard of the admin: names and order of apps and models; words instead of icons."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import reverse

from argus.auth.models import User
from argus.incident.models import Change, Incident
from argus.notificationprofile.models import NotificationProfile
from tests.admin_pages import Admin
from tests.notificationprofile.factories import make_profile

pytestmark = [pytest.mark.django_db, pytest.mark.once]
DASHBOARD = {
    "Incidents": [
        "Incidents",
        "Events",
        "Acknowledgements",
        "Tags",
        "Source systems",
        "Source system types",
        "Incident relation types",
        "Incident relations",
        "Unrouted events",
    ],
    "Alerts": ["Alerts"],
    "Notifications": [
        "Notification profiles",
        "Time slots",
        "Filters",
        "Destinations",
        "Deliveries",
        "Media status",
    ],
    "Inventory": [
        "Customers",
        "Projects",
        "Project groups",
        "Project group memberships",
        "Clouds",
        "Customer roles",
        "Instances",
        "Project cloud memberships",
        "Project group roles",
        "Project roles",
    ],
    "Users": ["Users", "Phone numbers"],
}


def test_dashboard_lists_apps_and_models_by_importance_under_proper_names():
    response = Admin().client.get(reverse("admin:index"))

    found = {app["name"]: [model["name"] for model in app["models"]] for app in response.context["app_list"]}
    assert list(found)[: len(DASHBOARD)] == list(DASHBOARD)
    assert {name: found[name] for name in DASHBOARD} == DASHBOARD


def test_names_of_all_models_are_words_with_a_correct_plural():
    own = [model for model in apps.get_models() if model.__module__.startswith("argus.")]
    for model in {*own, *admin.site._registry}:
        name, plural = str(model._meta.verbose_name), str(model._meta.verbose_name_plural)
        # Django appends an "s" to names without a plural of their own.
        assert not plural.endswith(("ys", "ss", "ums", "healths")) or plural == name, plural
        assert not {"timeslot", "sourcesystem", "outbox", "health"} & set(name.split()), name
        assert "_" not in name


def test_title_of_every_row_is_not_made_of_a_key_alone():
    """Django calls a row of a model without ``__str__`` ``Model object (key)``."""
    own = [model for model in apps.get_models() if model.__module__.startswith("argus.")]

    assert [model for model in own if model.__str__.__qualname__ == "Model.__str__"] == []


def test_booleans_are_words():
    boss = Admin()
    profile = make_profile(boss.user)

    for page in (
        boss.get(User),
        boss.get(NotificationProfile),
        boss.get(NotificationProfile, "change", profile.pk),
    ):
        content = page.content.decode()
        assert "icon-yes" not in content
        assert "icon-no" not in content
    assert '<td class="field-active">yes</td>' in boss.get(NotificationProfile).content.decode()


def test_empty_list_says_whether_a_search_or_filter_is_the_reason():
    boss = Admin()

    assert "There are no incidents." in boss.get(Incident).content.decode()
    assert "No incidents match." in boss.get(Incident, q="router").content.decode()
    assert "No incidents match." in boss.get(Incident, open="1").content.decode()
    assert "no worker is running" in boss.get(Change).content.decode()
