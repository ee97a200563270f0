"""Restricted incidents: people who are not staff are never told of them, and staff see why."""

import pytest

from argus.auth.models import User
from argus.incident.models import Change
from argus.notificationprofile.media.base import NotificationMedium
from argus.notificationprofile.models import Delivery, Reason, Verdict
from argus.notificationprofile.profile_cache import ProfileCache
from argus.notificationprofile.routing import Router
from argus.notificationprofile.selection import Policy, load_facts, select
from argus.notificationprofile.worker import Worker
from tests.factories import INCIDENTS, make_client, make_incident, make_user
from tests.notificationprofile.factories import make_profile

told = []


class Recorder(NotificationMedium):
    @staticmethod
    def send(incident, user, **kwargs):
        told.append(user.username)


@pytest.fixture(autouse=True)
def on_duty(db, settings):
    settings.ARGUS_SEND_NOTIFICATIONS = True
    settings.DEFAULT_EMAIL_MEDIA = f"{__name__}.Recorder"
    told.clear()


@pytest.fixture
def boss(db):
    """A staff user with a profile for everything."""
    boss = make_user("boss", is_staff=True)
    make_profile(boss)
    return boss


@pytest.fixture
def kari(db):
    """A user with a profile for everything who is not staff. Superusers are not staff automatically."""
    kari = make_user("kari", is_superuser=True)
    make_profile(kari)
    return kari


def lines_for(incident) -> list[Delivery]:
    (facts,) = load_facts([incident.events.latest("pk").pk])
    return select(facts, ProfileCache.load(1), Policy(True, frozenset({"EM"})))


def test_staff_are_selected_and_others_are_not(boss, kari):
    assert [line.user for line in lines_for(make_incident(restricted=True))] == [boss]
    assert {line.user for line in lines_for(make_incident())} == {boss, kari}


def test_restricted_incident_is_sent_to_staff_only(boss, kari):
    make_incident(restricted=True)
    Worker().work()
    assert told == ["boss"]


@pytest.mark.parametrize(
    "remove_staff_status", [User.save, lambda one: User.objects.filter(pk=one.pk).update(is_staff=0)]
)
def test_user_who_lost_staff_status_before_sending_gets_no_message(boss, remove_staff_status):
    make_incident(restricted=True)
    Router().route(Policy(True, frozenset({"EM"})))
    assert Delivery.objects.get().verdict == Verdict.PENDING
    boss.is_staff = False
    remove_staff_status(boss)

    Worker().work()

    line = Delivery.objects.get()
    assert (line.verdict, line.reason) == (Verdict.SUPPRESSED, Reason.RESTRICTED)
    assert line.settled
    assert told == []


def test_new_staff_get_the_next_event(kari):
    router, policy = Router(), Policy(True, frozenset({"EM"}))
    make_incident(restricted=True)
    router.route(policy)
    kari.is_staff = True
    kari.save()
    make_incident(restricted=True)
    router.route(policy)
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize("is_routed", [True, False])
def test_delivery_log_shows_staff_who_was_excluded(boss, kari, is_routed):
    event = make_incident(restricted=True).events.get()
    if is_routed:
        Change.objects.update(routed=True)
    address = f"{INCIDENTS}{event.incident_id}/events/{event.pk}/deliveries/"

    shown = {line["user"]["username"]: line for line in make_client(boss).get(address).json()}

    assert (shown["kari"]["verdict"], shown["kari"]["reason"]) == ("suppressed", "restricted")
    assert shown["boss"]["reason"] == ("filter" if is_routed else "")
    assert make_client(kari).get(address).status_code == 404
