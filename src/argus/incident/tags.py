"""Tags of incidents: read ``key=value``, add tags, replace and remove them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import RestrictedError
from django.utils import timezone

from argus.auth.models import User
from argus.util.errors import DomainError
from argus.util.rows import in_batches

from .models import Incident, IncidentTagRelation, Tag

KEY = re.compile(r"[a-z0-9_]+")

# Key and value.
Pair = tuple[str, str]
TaggedIncidents = Sequence[tuple[Incident, Sequence[Pair]]]


class TagLine(NamedTuple):
    """A tag of an incident, with the user who added it and when."""

    added_by: int
    added_time: datetime
    key: str
    value: str


def split_tag(text: str) -> Pair:
    """Split ``key=value`` at the first ``=``, strip blanks around the key, and keep the value unchanged.

    Raises ``DomainError`` if there is no ``=``, or if the key has other characters than a-z, 0-9 and ``_``.
    """
    key, divider, value = text.partition("=")
    key = key.strip()
    if not divider:
        raise DomainError("A tag is a key and a value with = between them.", field="tag")
    if not KEY.fullmatch(key):
        raise DomainError("A tag's key consists of lower-case letters a-z, digits and underscores.", field="tag")
    return key, value


def add_tags(incident: Incident, pairs: Iterable[Pair], *, actor: User) -> list[TagLine]:
    """Add tags that the incident does not have, in the given order, without duplicates, and return them.

    One query; three if any tag is new to Argus.
    """
    now, unique = timezone.now(), list(dict.fromkeys(pairs))
    add_tags_to_all([(incident, unique)], actor=actor, now=now)
    return [TagLine(actor.pk, now, *pair) for pair in unique]


def add_tags_to_all(tagged: TaggedIncidents, *, actor: User, now: datetime) -> None:
    """Add tags to several incidents, which do not have them. One to three queries for each batch."""
    digests = {pair: Tag.digest_of(*pair) for _, pairs in tagged for pair in pairs}
    relations = [(incident, digests[pair]) for incident, pairs in tagged for pair in dict.fromkeys(pairs)]
    for batch in in_batches(relations):
        while not _insert_relations(batch, actor=actor, now=now):
            create_missing_tags(list(digests))


def create_missing_tags(pairs: Iterable[Pair]) -> None:
    """Create the rows of tags that are new. Sorted, so that concurrent writers of the same tags do not deadlock."""
    tags = [Tag(key=key, value=value, digest=Tag.digest_of(key, value)) for key, value in pairs]
    Tag.objects.bulk_create(sorted(tags, key=lambda tag: tag.digest), ignore_conflicts=True)


def delete_tag(tag: Tag) -> None:
    """Delete a tag that no incident has."""
    try:
        tag.delete()
    except RestrictedError:
        raise DomainError(f"There are incidents with the tag {str(tag)[:100]}.") from None


def _insert_relations(relations: Sequence[tuple[Incident, str]], *, actor: User, now: datetime) -> bool:
    """Insert relations between incidents and the digests of tags. Without effect if any tag has no row.

    Return whether the rows were inserted. All or none, because tags are shown in the order of the rows. The statement
    looks the tags up itself, which saves one query for each posted incident.
    """
    quote, as_time = connection.ops.quote_name, connection.ops.adapt_datetimefield_value
    # Wait for a transaction that deletes a tag, and then do not find the tag.
    lock = "FOR KEY SHARE OF tag" if connection.vendor == "postgresql" else ""
    query = (
        # SQLite's driver counts the rows of statements that begin with INSERT only.
        f"INSERT INTO {quote(IncidentTagRelation._meta.db_table)} "
        f"(incident_id, start_time, tag_id, added_by_id, added_time) "
        f"WITH wanted (incident, start, digest, position) AS "
        f"(VALUES {', '.join(['(%s, %s, %s, %s)'] * len(relations))}), "
        f"found AS (SELECT wanted.incident, wanted.start, tag.id, wanted.position FROM wanted "
        f"JOIN {quote(Tag._meta.db_table)} tag ON tag.digest = wanted.digest {lock}) "
        f"SELECT incident, start, id, %s, %s FROM found WHERE (SELECT count(*) FROM found) = %s ORDER BY position"
    )
    values = [
        value
        for position, (incident, digest) in enumerate(relations)
        for value in (incident.pk, as_time(incident.start_time), digest, position)
    ]
    with connection.cursor() as cursor:
        cursor.execute(query, [*values, actor.pk, as_time(now), len(relations)])
        return cursor.rowcount == len(relations)


def replace_tags(incident: Incident, pairs: Iterable[Pair], *, actor: User) -> bool:
    """Replace the tags of the incident, and return whether that changed anything. Tags that stay are not touched.

    Raises ``DomainError`` with a message for each tag that another user has added, unless the actor is a superuser.
    """
    wanted = dict.fromkeys(pairs)
    current = {(one.tag.key, one.tag.value): one for one in incident.tag_relations.select_related("tag")}
    removed = [relation for pair, relation in current.items() if pair not in wanted]
    if not actor.is_superuser:
        foreign = [str(relation.tag) for relation in removed if relation.added_by_id != actor.pk]
        if foreign:
            raise DomainError(messages=dict.fromkeys(foreign, "Only the user who added this tag can remove it."))
    added = [pair for pair in wanted if pair not in current]
    if removed:
        IncidentTagRelation.objects.filter(pk__in=[relation.pk for relation in removed]).delete()
    add_tags(incident, added, actor=actor)
    return bool(removed or added)


def replace_own_tags(tagged: TaggedIncidents, *, actor: User) -> list[Incident]:
    """Replace the actor's tags of several incidents, and return the incidents that were changed.

    Tags of other users stay.
    """
    current = _read_relations([incident.pk for incident, _ in tagged])
    added: list[tuple[Incident, list[Pair]]] = []
    removed: list[int] = []
    changed = []
    for incident, pairs in tagged:
        present, wanted = current[incident.pk], {Tag.digest_of(*pair): pair for pair in pairs}
        new = [pair for digest, pair in wanted.items() if digest not in present]
        old = [pk for digest, (pk, owner) in present.items() if digest not in wanted and owner == actor.pk]
        added += [(incident, new)] if new else []
        removed += old
        changed += [incident] if new or old else []
    for batch in in_batches(removed):
        IncidentTagRelation.objects.filter(pk__in=batch).delete()
    add_tags_to_all(added, actor=actor, now=timezone.now())
    return changed


def _read_relations(incidents: Sequence[int]) -> dict[int, dict[str, tuple[int, int]]]:
    """Return, by incident and digest of the tag, the relation and the user who added it."""
    found: dict[int, dict[str, tuple[int, int]]] = defaultdict(dict)
    for batch in in_batches(incidents):
        rows = IncidentTagRelation.objects.filter(incident__in=batch)
        for incident, pk, owner, digest in rows.values_list("incident_id", "pk", "added_by_id", "tag__digest"):
            found[incident][digest] = (pk, owner)
    return found
