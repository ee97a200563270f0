"""Requests for lists: every filter, deep pages, single incidents and unpaged arrays."""

from dataclasses import dataclass
from urllib.parse import quote

from .facts import LIST, Facts, deep

FRONTEND = "acked=false&open=true"
OPEN = "WHERE end_time = 'infinity'"


@dataclass(frozen=True)
class Case:
    """Paths requested one after the other, with the token of an end user or of a source."""

    name: str
    paths: list[str]
    by_source: bool = False


def find_cases(url: str, token: str, facts: Facts) -> list[Case]:
    """Return the cases for this database. Their names are the same for every database."""
    lists = {**plain(facts), **tagged(facts), **timed(facts)}
    cases = [Case(name, [f"{LIST}?{query}"]) for name, query in lists.items()]
    cases += [Case(name, [path]) for name, path in deep_pages(url, token, facts).items()]
    return cases + addresses(facts)


def plain(facts: Facts) -> dict[str, str]:
    """Return queries by state and source."""
    busiest, *_, quietest = facts.source_ids
    some = ",".join(map(str, facts.source_ids[3:6]))
    names = [f"source{number}.example.org" for number in (4, 5, 6)]
    return {
        "first page": "",
        "open": "open=true",
        "closed": "open=false",
        "acked": "acked=true",
        "unacked": "acked=false",
        "open, unacked (the frontend's default)": FRONTEND,
        "open, acked": "acked=true&open=true",
        "stateful": "stateful=true",
        "stateless": "stateful=false",
        "source__id__in, the busiest": f"source__id__in={busiest}",
        "source__id__in, the quietest": f"source__id__in={quietest}",
        "source__id__in, three": f"source__id__in={some}",
        "source__id__in, three; open, unacked": f"source__id__in={some}&{FRONTEND}",
        "source__name__in, three": f"source__name__in={','.join(names)}",
        "source__type__in, one": "source__type__in=zabbix",
        "source__type__in, one; open, unacked": f"source__type__in=zabbix&{FRONTEND}",
        "a source, of another type": f"source__id__in={busiest}&source__type__in={','.join(facts.other_types)}",
        "source_incident_id": f"source_incident_id=alert-{facts.size // 2}",
    }


def tagged(facts: Facts) -> dict[str, str]:
    """Return queries by tags."""
    tags = {key: quote(tag) for key, tag in facts.common_tags.items()}
    rare, host, common = quote(facts.rare_tag), tags["host"], tags["problem_type"]
    return {
        "tags, a rare one": f"tags={rare}",
        "tags, a common one": f"tags={common}",
        "tags, one that four of a thousand have": f"tags={quote(facts.usual_tag)}",
        "tags, two common keys": f"tags={tags['location']},{common}",
        "tags, two common keys; open": f"tags={tags['location']},{common}&open=true",
        "tags, a common and a rare key": f"tags={common},{rare}",
        "tags, two values of a key": f"tags={host},{quote('host=host-2')}",
        "tags, a common one; open, unacked": f"tags={common}&{FRONTEND}",
        "tags, a rare one; open, unacked": f"tags={rare}&{FRONTEND}",
        "tags, a common one; the quietest source": f"tags={common}&source__id__in={facts.source_ids[-1]}",
    }


def timed(facts: Facts) -> dict[str, str]:
    """Return queries by start and end time."""
    middle, recent = (quote(facts.start_at(share).isoformat()) for share in (0.5, 0.05))
    return {
        "start_time__gte": f"start_time__gte={recent}",
        "start_time__lte": f"start_time__lte={middle}",
        "start_time__gte and __lte": f"start_time__gte={middle}&start_time__lte={recent}",
        "end_time__gte": f"end_time__gte={recent}",
        "end_time__lte, in the middle": f"end_time__lte={middle}",
        "start_time__lte and end_time__gte": f"start_time__lte={middle}&end_time__gte={recent}",
        "open, started before the middle": f"start_time__lte={middle}&open=true",
    }


def deep_pages(url: str, token: str, facts: Facts) -> dict[str, str]:
    """Return paths of pages far from the first one."""
    busiest = f"WHERE source_id = {facts.source_ids[0]}"
    tag = f"tags={quote(facts.common_tags['problem_type'])}"
    places = {
        "page in the middle": ("", facts.start_at(0.5)),
        "page near the end": ("", facts.start_at(0.98)),
        "open, in the middle": ("open=true", facts.start_at(0.5, OPEN)),
        "open, unacked, in the middle": (FRONTEND, facts.start_at(0.5, OPEN)),
        "busiest source, in the middle": (f"source__id__in={facts.source_ids[0]}", facts.start_at(0.5, busiest)),
        "common tag, in the middle": (tag, facts.start_at(0.5)),
    }
    return {name: deep(url, token, filters, start) for name, (filters, start) in places.items()}


def addresses(facts: Facts) -> list[Case]:
    """The cases that are not pages of the list."""
    return [
        Case("mine, the source's own token", [f"{LIST}mine/"], by_source=True),
        Case("mine, open", [f"{LIST}mine/?open=true"], by_source=True),
        Case("one incident", [f"{LIST}{pk}/" for pk in facts.newest]),
        Case("its events", [f"{LIST}{pk}/events/" for pk in facts.newest]),
        Case("its acks", [f"{LIST}{pk}/acks/" for pk in facts.newest]),
        Case("open/, a page of 100", [f"{LIST}open/?page_size=100"]),
        Case("open+unacked/, a page of 100", [f"{LIST}open+unacked/?page_size=100"]),
        Case("open/, the whole array", [f"{LIST}open/"]),
        Case("open+unacked/, the whole array", [f"{LIST}open+unacked/"]),
    ]
