"""Tags in words (``key=value``) and in rows."""

import re

from django.utils import timezone

from argus.util.errors import DomainError

from .models import Incident, IncidentTagRelation, Tag

KEY = re.compile(r"[a-z0-9_]+")


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


def stored_tags(pairs: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the primary key of each (key, value), with new tags stored on the way. One query, two if any is new."""
    wanted = {Tag.digest_of(*pair): pair for pair in sorted(pairs)}
    ids = dict(Tag.objects.filter(digest__in=wanted).values_list("digest", "pk"))
    missing = [Tag(key=pair[0], value=pair[1], digest=digest) for digest, pair in wanted.items() if digest not in ids]
    if missing:
        # Somebody else may store the same tag at this moment: the clash is turned into an update that changes nothing
        # but tells the id. Tags are in one order everywhere, so two writers cannot wait for each other.
        missing.sort(key=lambda tag: tag.digest)
        Tag.objects.bulk_create(missing, update_conflicts=True, unique_fields=["digest"], update_fields=["key"])
        ids |= {tag.digest: tag.pk for tag in missing}
    return {pair: ids[digest] for digest, pair in wanted.items()}


def add_tags(incident: Incident, pairs: list[tuple[str, str]], *, actor) -> list[IncidentTagRelation]:
    """Put tags that the incident does not have on it, in the order given; repeated ones count once."""
    pairs = list(dict.fromkeys(pairs))
    if not pairs:
        return []
    ids, now = stored_tags(set(pairs)), timezone.now()
    relations = [
        IncidentTagRelation(
            incident=incident,
            tag=Tag(pk=ids[pair], key=pair[0], value=pair[1]),
            added_by=actor,
            added_time=now,
        )
        for pair in pairs
    ]
    return IncidentTagRelation.objects.bulk_create(relations)


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
