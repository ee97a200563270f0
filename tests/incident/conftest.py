"""Fixtures that observe the signal ``incident_changed``."""

import pytest

from argus.incident.models import ChangeKind
from argus.incident.signals import incident_changed


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
def sent(django_capture_on_commit_callbacks, listen):
    """Call something and return the arguments of the signals that were sent after the commit."""
    signals: list[dict] = []
    listen(incident_changed, lambda **arguments: signals.append(arguments))

    def during(call, *args, **kwargs) -> list[dict]:
        signals.clear()
        with django_capture_on_commit_callbacks(execute=True):
            call(*args, **kwargs)
        return list(signals)

    return during


@pytest.fixture
def announced(sent):
    """Call something and return ``(incident, created)`` for each change that live views show."""

    def during(call, *args, **kwargs) -> list[tuple]:
        signals = sent(call, *args, **kwargs)
        return [(one["incident"], one["created"]) for one in signals if one["kind"] != ChangeKind.EVENT]

    return during
