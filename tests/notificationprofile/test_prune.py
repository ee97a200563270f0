"""Old deliveries are deleted, unless they are not settled."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from argus.notificationprofile import delivery_queue
from argus.notificationprofile.models import Delivery, Verdict
from tests.factories import make_incident, make_user
from tests.notificationprofile.factories import make_line

OLD = timedelta(days=91)


@pytest.fixture
def event(db):
    return make_incident().events.get()


def test_old_settled_deliveries_are_deleted(event, capsys):
    now = timezone.now()
    for verdict in Verdict:
        make_line(event, make_user(), verdict=verdict, created=now - OLD)
        make_line(event, make_user(), verdict=verdict, created=now - OLD + timedelta(days=2))

    call_command("prune_deliveries")

    assert capsys.readouterr().out == "3 deliveries deleted.\n"
    left = Delivery.objects.filter(created__lt=now - timedelta(days=90))
    assert set(left.values_list("verdict", flat=True)) == {Verdict.PENDING, Verdict.RETRYING}
    assert Delivery.objects.count() == 7


def test_deliveries_are_deleted_in_portions(event):
    for _ in range(7):
        make_line(event, make_user(), verdict=Verdict.SENT, created=timezone.now() - OLD)

    assert delivery_queue.prune_deliveries(timezone.now(), batch_size=3) == 7

    assert not Delivery.objects.exists()


def test_days_is_a_number_of_0_or_more(event):
    make_line(event, make_user(), verdict=Verdict.SENT, created=timezone.now() - timedelta(days=2))

    call_command("prune_deliveries", "--days=3")
    assert Delivery.objects.exists()
    call_command("prune_deliveries", "--days=1")
    assert not Delivery.objects.exists()
    with pytest.raises(CommandError, match="0 or more"):
        call_command("prune_deliveries", "--days=-1")
