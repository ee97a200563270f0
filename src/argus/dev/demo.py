"""Demo data: the last 24 hours of a fictitious network, created by the same services as real incidents."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from argus.auth.models import User
from argus.incident import creation, services, sources
from argus.incident.lifecycle import EventType
from argus.incident.models import Incident, SourceSystem
from argus.util.infinity import INFINITY

from .demo_profiles import create_profile

INCIDENTS_PER_DAY = 160
OPERATORS = [("kari", "Kari", "Nordmann"), ("ola", "Ola", "Nordmann"), ("aino", "Aino", "Virtanen")]
LOCATIONS = ["oslo", "bergen", "trondheim", "tromso", "narvik", "stavanger"]
COMMENTS = ["Called the carrier.", "A technician is on the way.", "Looks like last week's problem.", "Fan replaced."]


@dataclass(frozen=True)
class Kind:
    """A kind of problem: which source reports it, about which objects, and whether it has an end."""

    source: tuple[str, str, str]
    problem: str
    words: str
    objects: tuple[str, ...]
    stateful: bool = True


NAV = ("nav", "nav.example.org", "https://nav.example.org")
ZABBIX = ("zabbix", "zabbix-dc1", "https://zabbix.example.org")
PROMETHEUS = ("prometheus", "prom-k8s", "https://alertmanager.example.org")
SYSLOG = ("syslog", "loghost", "")
KINDS = [
    Kind(NAV, "boxDown", "{object} in {location} does not answer", ("gw", "sw1", "sw2", "ap-hall")),
    Kind(NAV, "linkState", "Link from {object} in {location} is down", ("gw", "core1", "core2")),
    Kind(NAV, "psuState", "{object} in {location} runs on one power supply", ("core1", "core2")),
    Kind(ZABBIX, "diskFull", "Less than 5 % free on {object}.{location}", ("db1", "db2", "mail", "backup")),
    Kind(ZABBIX, "highLoad", "Load on {object}.{location} has been above 20 for 10 minutes", ("web1", "web2", "db1")),
    Kind(PROMETHEUS, "certExpiry", "The certificate of {object}.{location} expires within 7 days", ("www", "idp")),
    Kind(PROMETHEUS, "podCrash", "{object} in {location} keeps restarting", ("checkout", "search", "login")),
    Kind(SYSLOG, "configChange", "{object} in {location} was configured from console", ("gw", "core1"), False),
    Kind(SYSLOG, "loginFailure", "Three wrong passwords on {object} in {location}", ("gw", "sw1", "mail"), False),
]

# A fixed seed: every day of demo data contains every type of event.
SEED = 7


def fill_day() -> int:
    """Create the incidents of the last 24 hours and return their number; 0 if today's exist already."""
    now = timezone.now()
    dice = random.Random(SEED)
    feeds = {kind.source: _ensure_source(*kind.source) for kind in KINDS}
    operators = ensure_operators()
    prefix = f"demo-{now:%Y%m%d}"
    if Incident.objects.filter(source__in=feeds.values(), source_incident_id__startswith=prefix).exists():
        return 0
    starts = sorted(now - timedelta(seconds=dice.randrange(60, 24 * 3600)) for _ in range(INCIDENTS_PER_DAY))
    for number, start in enumerate(starts):
        kind = dice.choice(KINDS)
        _create_history(kind, feeds[kind.source], operators, dice, start=start, now=now, name=f"{prefix}-{number}")
    return len(starts)


@transaction.atomic
def _create_history(
    kind: Kind,
    source: SourceSystem,
    operators: list[User],
    dice: random.Random,
    *,
    start: datetime,
    now: datetime,
    name: str,
) -> None:
    """Create an incident with a random history."""
    location, thing = dice.choice(LOCATIONS), dice.choice(kind.objects)
    incident = creation.create_incident(
        source,
        actor=source.user,
        start_time=start,
        end_time=INFINITY if kind.stateful else None,
        source_incident_id=name,
        details_url=f"/incident/{name}" if source.base_url else "",
        description=kind.words.format(object=thing, location=location),
        tags=[("object", thing), ("location", location), ("problem_type", kind.problem)],
    )
    outcome, operator = dice.random(), dice.choice(operators)
    end = min(start + timedelta(seconds=dice.randrange(60, 4 * 3600)), now)
    comment = dice.choice(COMMENTS)
    _add_events(incident, operator, outcome, end=end, comment=comment, has_comment=dice.random() < 0.3)


def _add_events(
    incident: Incident, operator: User, outcome: float, *, end: datetime, comment: str, has_comment: bool
) -> None:
    """Let the incident end, be closed, be acknowledged, be reopened, or stay open: ``outcome`` is from 0 to 1."""
    stateful = incident.end_time is not None
    if has_comment:
        timestamp = incident.start_time
        services.record_event(incident, EventType.OTHER, actor=operator, timestamp=timestamp, description=comment)
    if stateful and outcome < 0.7:
        services.record_event(incident, EventType.END, actor=incident.source.user, timestamp=end)
    elif stateful and outcome < 0.8:
        services.record_event(incident, EventType.CLOSE, actor=operator, timestamp=end, description="Fixed by hand.")
    elif outcome < 0.9:
        services.acknowledge(incident, actor=operator, timestamp=end, description=comment)
        url = f"https://tickets.example.org/{incident.source_incident_id}"
        services.update_incident(incident, actor=operator, ticket_url=url)
    if stateful and 0.7 <= outcome < 0.72:
        services.record_event(incident, EventType.REOPEN, actor=operator, description="It came back.")


def _ensure_source(type_name: str, name: str, base_url: str) -> SourceSystem:
    found = SourceSystem.objects.filter(name=name, type=type_name).select_related("user").first()
    if found:
        return found
    actor = sources.get_argus_source().user
    source_type = sources.get_source_type(type_name, actor=actor)
    return sources.create_source(name, actor=actor, source_type=source_type, base_url=base_url)


def ensure_operators() -> list[User]:
    """Return the operators; create those that are missing."""
    return [_ensure_operator(*names) for names in OPERATORS]


@transaction.atomic
def _ensure_operator(username: str, first_name: str, last_name: str) -> User:
    """Return an end user. A new one cannot log in without a password, and may have a notification profile."""
    users = get_user_model().objects
    found = users.filter(username=username).first()
    if found:
        return found
    user = users.create_user(username, f"{username}@example.org", first_name=first_name, last_name=last_name)
    create_profile(user)
    return user
