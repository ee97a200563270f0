"""Plugins as installations write them, correct and wrong ones, for the settings to name."""

from contextlib import contextmanager

from argus.notificationprofile.media.base import Medium, NotificationMedium

calls = []
closed = []


class Plain(Medium):
    def send(self, message):
        calls.append(message)


class Webhook(Plain):
    code = "webhook"
    label = "Webhook"
    settings_schema = {
        "type": "object",
        "properties": {"url": {"type": "string", "pattern": "^https?://"}},
        "required": ["url"],
        "additionalProperties": False,
    }
    address_setting = "url"


class SecondWebhook(Webhook):
    pass


class WithoutCode(Webhook):
    code = ""


class LongCode(Webhook):
    code = "seventeen-letters"


class WithoutLabel(Webhook):
    label = ""


class WithoutAddress(Webhook):
    settings_schema = {"type": "object"}


class SecondEmail(Webhook):
    code = "EM"


class Abstract(Medium):
    pass


class Good(NotificationMedium):
    @staticmethod
    def send(incident, user, **kwargs):
        calls.append((incident, user, kwargs))


class WithSession(Good):
    @classmethod
    @contextmanager
    def session(cls):
        yield {"connection": "open"}
        closed.append("open")


class Unrelated:
    """Inherits from no class of Argus."""

    @staticmethod
    def send(incident, user, **kwargs):
        calls.append((incident, user, kwargs))


class Argus100:
    """The interface of Argus 1.0.0."""

    @staticmethod
    def send(event, profile):
        calls.append((event, profile))
        return "something"


class WithoutSend(NotificationMedium):
    pass


class UnrelatedWithoutSend:
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
