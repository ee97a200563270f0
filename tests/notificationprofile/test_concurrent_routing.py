"""Changes of profiles while a worker routes do not deadlock."""

import threading
import time

import pytest
from django.db import connection, transaction

from argus.notificationprofile.models import Delivery, NotificationProfile, RoutingVersion
from argus.notificationprofile.outbox import Router
from argus.notificationprofile.selection import Policy
from tests.factories import make_incident, make_user
from tests.notificationprofile.factories import make_profile
from tests.parallel import at_once

POLICY = Policy(switched_on=True, configured=frozenset({"EM"}))


@pytest.mark.parametrize("what", ["profile", "user"])
def test_deletion_while_routing_does_not_deadlock(parallel_db, what):
    if connection.vendor != "postgresql":
        pytest.skip("a matter of row locks")
    RoutingVersion.objects.get_or_create(pk=1)
    profile = make_profile(make_user())
    row = profile if what == "profile" else profile.user
    make_incident()
    is_routed = threading.Event()

    def route():
        with transaction.atomic():
            routed = Router().route(POLICY)
            is_routed.set()
            # Let the other one come as far as it can.
            time.sleep(0.5)
        return routed

    def delete():
        is_routed.wait(30)
        with transaction.atomic():
            row.delete()

    assert at_once(route, delete) == [1, None]
    assert not NotificationProfile.objects.exists()
    assert Delivery.objects.count() == (1 if what == "profile" else 0)
