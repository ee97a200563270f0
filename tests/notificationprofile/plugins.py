"""Plugins as installations write them, good and bad ones, for the settings to name."""

from argus.notificationprofile.media.base import NotificationMedium

calls = []


class Good(NotificationMedium):
    @staticmethod
    def send(incident, user, **kwargs):
        calls.append((incident, user, kwargs))


class Stranger:
    """Inherits from nothing of ours."""

    @staticmethod
    def send(incident, user, **kwargs):
        calls.append((incident, user, kwargs))


class OfOld:
    """As Argus 1.0.0 called it."""

    @staticmethod
    def send(event, profile):
        calls.append((event, profile))
        return "something"


class WithoutSend(NotificationMedium):
    pass


class StrangerWithoutSend:
    pass


class WithMethod(NotificationMedium):
    def send(self, incident, user, **kwargs):
        pass


class WithoutKeywords(NotificationMedium):
    @staticmethod
    def send(incident, user):
        pass


def function(incident, user, **kwargs):
    pass
