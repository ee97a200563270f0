"""Objects for tests, created by the services of Argus. No signal is disabled."""

import hashlib
from datetime import UTC, datetime, timedelta
from itertools import count

from rest_framework.test import APIClient

from argus.auth.authtoken.models import Kind, Token
from argus.auth.models import User
from argus.incident import creation, services, sources
from argus.incident.lifecycle import EventType
from argus.incident.models import Acknowledgement, Event, Incident, SourceSystem, SourceSystemType
from argus.incident.tags import split_tag
from argus.util.infinity import INFINITY

INCIDENTS = "/api/v1/incidents/"
PASSWORD = "correct horse battery staple"
# An ordinary hour, far from daylight saving changes and from the limits of the calendar.
NOON = datetime(2024, 5, 15, 12, tzinfo=UTC)

_numbers = count(1)


def make_user(username: str = "", **fields) -> User:
    """Create an end user with the password ``PASSWORD``."""
    username = username or f"user{next(_numbers)}"
    return User.objects.create_user(username, **{"email": f"{username}@example.org", "password": PASSWORD, **fields})


def make_superuser(username: str = "", **fields) -> User:
    """Create a superuser who may use the admin."""
    return make_user(username or f"superuser{next(_numbers)}", is_superuser=True, is_staff=True, **fields)


def make_source(name: str = "", *, type: str = "nav", base_url: str = "", username: str = "") -> SourceSystem:
    """Create a source system with its account, ``source.user``."""
    source_type, _ = SourceSystemType.objects.get_or_create(name=type)
    return sources.create_source(
        name or f"source{next(_numbers)}",
        actor=User(is_superuser=True),
        source_type=source_type,
        base_url=base_url,
        username=username,
    )


def make_incident(
    source: SourceSystem | None = None,
    *,
    actor=None,
    start_time: datetime = NOON,
    end_time: datetime | None = INFINITY,
    tags: list[str] = (),
    **values,
) -> Incident:
    """Create an incident of a source, open by default; ``end_time=None`` creates a stateless one."""
    source = source or make_source()
    return creation.create_incident(
        source,
        actor=actor or source.user,
        start_time=start_time,
        end_time=end_time,
        source_incident_id=str(values.pop("source_incident_id", next(_numbers))),
        tags=[split_tag(tag) for tag in tags],
        **values,
    )


def make_incidents(number: int, source: SourceSystem | None = None, **values) -> list[Incident]:
    """Create incidents of one source, a second apart, oldest first."""
    source = source or make_source()
    start = values.pop("start_time", NOON)
    return [make_incident(source, start_time=start + timedelta(seconds=n), **values) for n in range(number)]


def make_event(incident: Incident, type: EventType | str = EventType.OTHER, *, actor=None, **values) -> Event:
    """Record an event: an END by the source of the incident, all others by a new user."""
    type = EventType(type)
    if actor is None:
        actor = incident.source.user if type is EventType.END else make_user()
    if type is EventType.END:
        values.setdefault("timestamp", incident.start_time + timedelta(hours=1))
    return services.record_event(incident, type, actor=actor, **values)


def make_ack(incident: Incident, *, actor=None, **values) -> Acknowledgement:
    """Acknowledge an incident, without expiration unless ``expiration`` is given."""
    return services.acknowledge(incident, actor=actor or make_user(), **values)


def make_expired_ack(incident: Incident, **values) -> Acknowledgement:
    """Create an expired acknowledgement."""
    return make_ack(incident, timestamp=NOON, expiration=NOON + timedelta(days=1), **values)


def make_token(user: User, kind: Kind = Kind.API) -> Token:
    """Return a token of the user with its key. The key follows from the user and the kind, so two calls agree."""
    token = Token.new(user, kind, key=hashlib.sha1(f"{user.pk} {kind}".encode()).hexdigest())
    if not Token.objects.filter(pk=token.pk).exists():
        Token.objects.filter(user=user, kind=kind).exclude(pk=token.pk).delete()
        # Another thread may create the same token at this moment.
        Token.objects.bulk_create([token], ignore_conflicts=True)
    return token


class Client(APIClient):
    """A client that sends JSON and the token of its user, if it has one. ``source`` is None for end users."""

    def __init__(self, user: User | None = None, **kwargs):
        super().__init__(**kwargs)
        self.user = user
        self.source = getattr(user, "source_system", None)
        if user is not None:
            self.token = make_token(user)
            self.credentials(HTTP_AUTHORIZATION=f"Token {self.token.key}")


def make_client(user: User | None = None) -> Client:
    """Return a client of this account, or one without credentials."""
    return Client(user)


def incident_body(**overrides) -> dict:
    """Return the body of a POST for an open incident. An override of ``...`` removes the key."""
    body = {
        "start_time": "2024-05-15T14:00:00+02:00",
        "end_time": "infinity",
        "source_incident_id": str(next(_numbers)),
        "details_url": "",
        "description": "Netbox 11 <12345> down.",
        "ticket_url": "",
        "tags": [{"tag": "object=Netbox 4"}, {"tag": "problem_type=boxDown"}],
    }
    return {key: value for key, value in (body | overrides).items() if value is not ...}
