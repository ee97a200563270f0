"""Ears for the two signals."""

import pytest

from argus.incident.models import ChangeKind
from argus.incident.signals import event_recorded, incident_changed


@pytest.fixture
def listen():
    """Connect a receiver to a signal for the time of the test: ``listen(incident_changed, receiver)``."""
    connected = []

    def connect(signal, receiver):
        signal.connect(receiver, weak=False)
        connected.append((signal, receiver))

    yield connect
    for signal, receiver in connected:
        signal.disconnect(receiver)


@pytest.fixture
def announced(django_capture_on_commit_callbacks):
    """Call something and return what was announced: ``(incident, created)`` for each change, after the commit."""

    def during(call, *args, **kwargs) -> list:
        heard = []

        def hear(incident, created, kind, **_):
            if kind != ChangeKind.EVENT:
                heard.append((incident, created))

        incident_changed.connect(hear)
        try:
            with django_capture_on_commit_callbacks(execute=True):
                call(*args, **kwargs)
        finally:
            incident_changed.disconnect(hear)
        return heard

    return during


@pytest.fixture
def recorded(listen) -> list:
    """Every event that is recorded from here on."""
    heard = []
    listen(event_recorded, lambda events, **_: heard.extend(events))
    return heard
