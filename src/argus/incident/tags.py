"""Tags in words (``key=value``) and in rows."""

import re
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import RestrictedError
from django.utils import timezone

from argus.util.errors import DomainError
from argus.util.rows import in_batches

from .models import Incident, IncidentTagRelation, Tag

KEY = re.compile(r"[a-z0-9_]+")


class TagLine(NamedTuple):
    """A tag as an incident bears it."""

    added_by: int
    added_time: datetime
    key: str
    value: str


def split_tag(text: str) -> tuple[str, str]:
    """Divide ``key=value`` at the first ``=``; blanks around the key are dropped, the value is kept as it is.

    Raises ``DomainError`` when there is no ``=`` or the key has other characters than a-z, 0-9 and ``_``.
    """
    key, divider, value = text.partition("=")
    key = key.strip()
    if not divider:
        raise DomainError("A tag is a key and a value with = between them.", field="tag")
    if not KEY.fullmatch(key):
        raise DomainError("A tag's key consists of lower-case letters a-z, digits and underscores.", field="tag")
    return key, value


def add_tags(incident: Incident, pairs: list[tuple[str, str]], *, actor) -> list[TagLine]:
    """Put tags that the incident does not have on it, in the order given; repeated ones count once.

    Returns what there is to show of each. One query, but three if any of the tags has never been seen before.
    """
    now, pairs = timezone.now(), list(dict.fromkeys(pairs))
    add_tags_to_all([(incident, pairs)], actor=actor, now=now)
    return [TagLine(actor.pk, now, *pair) for pair in pairs]


def add_tags_to_all(tagged: list[tuple[Incident, list[tuple[str, str]]]], *, actor, now: datetime) -> None:
    """Put tags on several incidents, which do not have them yet. The number of queries hardly depends on how many."""
    digests = {pair: Tag.digest_of(*pair) for _, pairs in tagged for pair in pairs}
    wanted = [(incident, digests[pair]) for incident, pairs in tagged for pair in dict.fromkeys(pairs)]
    for chunk in in_batches(wanted):
        while not _relate(chunk, actor=actor, now=now):
            store_tags(list(digests))


def store_tags(pairs: list[tuple[str, str]]) -> None:
    """Make sure that there is a row for each tag. Writers of the same new tag wait for each other, and never in a ring.

    That is why all store their tags in one order.
    """
    tags = [Tag(key=key, value=value, digest=Tag.digest_of(key, value)) for key, value in pairs]
    Tag.objects.bulk_create(sorted(tags, key=lambda tag: tag.digest), ignore_conflicts=True)


def delete_tag(tag: Tag) -> None:
    """Forget a tag that no incident has."""
    try:
        tag.delete()
    except RestrictedError:
        raise DomainError(f"There are incidents with the tag {str(tag)[:100]}.") from None


def _relate(wanted: list[tuple[Incident, str]], *, actor, now: datetime) -> bool:
    """Put tags on incidents, in this order: incident and digest. If any is not stored, do nothing, and tell.

    All or none, because the order of the rows is the order in which tags are shown. The database looks the tags up
    itself, which saves a way there and back for every incident posted.
    """
    quote, as_time = connection.ops.quote_name, connection.ops.adapt_datetimefield_value
    # One that is being deleted is waited for, and then not found.
    lock = "FOR KEY SHARE OF tag" if connection.vendor == "postgresql" else ""
    query = (
        # The verb comes first: SQLite's driver counts the rows of statements that begin with it, and of no others.
        f"INSERT INTO {quote(IncidentTagRelation._meta.db_table)} "
        f"(incident_id, start_time, tag_id, added_by_id, added_time) "
        f"WITH wanted (incident, start, digest, place) AS (VALUES {', '.join(['(%s, %s, %s, %s)'] * len(wanted))}), "
        f"found AS (SELECT wanted.incident, wanted.start, tag.id, wanted.place FROM wanted "
        f"JOIN {quote(Tag._meta.db_table)} tag ON tag.digest = wanted.digest {lock}) "
        f"SELECT incident, start, id, %s, %s FROM found WHERE (SELECT count(*) FROM found) = %s ORDER BY place"
    )
    places = enumerate(wanted)
    values = [part for place, (one, digest) in places for part in (one.pk, as_time(one.start_time), digest, place)]
    with connection.cursor() as cursor:
        cursor.execute(query, [*values, actor.pk, as_time(now), len(wanted)])
        return cursor.rowcount == len(wanted)


def replace_tags(incident: Incident, pairs: list[tuple[str, str]], *, actor) -> bool:
    """Make these the incident's tags and tell whether that changed anything; those that stay keep owner and time.

    Raises ``DomainError`` naming each tag that somebody else added and the actor, no superuser, would remove.
    """
    wanted = dict.fromkeys(pairs)
    current = {(r.tag.key, r.tag.value): r for r in incident.tag_relations.select_related("tag")}
    gone = [relation for pair, relation in current.items() if pair not in wanted]
    if not actor.is_superuser:
        foreign = [str(relation.tag) for relation in gone if relation.added_by_id != actor.pk]
        if foreign:
            raise DomainError(messages=dict.fromkeys(foreign, "Only who added this tag can remove it."))
    new = [pair for pair in wanted if pair not in current]
    if gone:
        IncidentTagRelation.objects.filter(pk__in=[relation.pk for relation in gone]).delete()
    add_tags(incident, new, actor=actor)
    return bool(gone or new)
