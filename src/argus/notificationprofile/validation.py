"""What a time slot, a filter and a profile must be, for every door: REST and admin ask here before they write.

Refusals are ``DomainError``, on the field at fault.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import time

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from argus.incident.criteria import Criteria, parse_criteria, read_criteria
from argus.util.errors import DomainError

from .media.base import InvalidSettingsError
from .media.registry import V1_MEDIA, configured_media
from .models import MAX_ADDRESS, NotificationProfile, Timeslot

# More than anybody needs, and few enough that all of a profile together is one question to the database.
MOST_RECURRENCES = 100
MOST_FILTERS = 50
MOST_SOURCES = 500
MOST_TAGS = 500
MOST_KEYS = 20


@contextmanager
def one_at_a_time(user) -> Iterator[None]:
    """Let the writes of one person's wishes follow each other, each a transaction of its own.

    So what was checked still holds when it is written. What somebody else does to the same rows meanwhile is left to
    the database, whose refusal becomes a ``DomainError``.
    """
    with refused_by_the_database(), transaction.atomic():
        list(get_user_model().objects.select_for_update(no_key=True).filter(pk=user.pk).values_list("pk"))
        yield


@contextmanager
def refused_by_the_database() -> Iterator[None]:
    """Say in words that rows were written, or have gone, since they were looked at."""
    try:
        yield
    except IntegrityError:
        raise DomainError("Something that belongs to this was changed at the same moment. Try again.") from None


def check_name(model, user, name: str, *, but=None) -> None:
    """Refuse the name of a time slot or filter if the user has another one of that name than ``but``."""
    others = model.objects.filter(user_id=user.pk, name=name)
    if but is not None:
        others = others.exclude(pk=but.pk)
    if others.exists():
        raise DomainError(f"There is a {model._meta.verbose_name} of this name already.", field="name")


def check_hours(start: time, end: time) -> None:
    """Refuse hours that do not end after their start; none span midnight."""
    if start >= end:
        raise DomainError("The end must be after the start. Hours beyond midnight belong to the next day.", field="end")


def check_filter_string(text: str) -> None:
    """Refuse what cannot be read as criteria."""
    check_size(read_criteria(text), field="filter_string")


def read_preview(data) -> Criteria:
    """Read criteria that are not stored. Refusals name the key at fault."""
    criteria = parse_criteria(data)
    check_size(criteria)
    return criteria


def check_size(criteria: Criteria, *, field: str | None = None) -> None:
    """Refuse more sources or tags than the database can be asked for at once."""
    if len(criteria.source_ids) > MOST_SOURCES:
        raise DomainError(f"A filter has at most {MOST_SOURCES} sources.", field=field or "sourceSystemIds")
    if len(criteria.tags) > MOST_KEYS or sum(map(len, criteria.tags.values())) > MOST_TAGS:
        message = f"A filter has at most {MOST_TAGS} tags, of at most {MOST_KEYS} keys."
        raise DomainError(message, field=field or "tags")


def check_slot_is_free(timeslot: Timeslot, *, but: NotificationProfile | None = None) -> None:
    """Refuse a time slot that another profile than ``but`` has."""
    profile = NotificationProfile.objects.filter(timeslot=timeslot).first()
    if profile is not None and profile != but:
        raise DomainError(f'The timeslot "{timeslot}" has a notification profile already.', field="timeslot")


def check_parts(user, **parts) -> None:
    """Refuse parts of a profile that are not the user's own. Each is a row, a list of rows, or ``None``."""
    for field, part in parts.items():
        rows = part if isinstance(part, list) else [part]
        if any(row is not None and row.user_id != user.pk for row in rows):
            raise DomainError(f"This does not belong to {user}.", field=field)


def check_destination(medium: str, settings: object) -> None:
    """Refuse a destination whose medium is not configured, or whose settings do not fit it."""
    media = configured_media()
    if medium in V1_MEDIA or medium not in media:
        raise DomainError(f"There is no medium {medium!r} that uses destinations.", field="medium")
    try:
        media[medium].validate(settings)
    except InvalidSettingsError as error:
        raise DomainError(str(error), field="settings") from None
    if len(str(settings[media[medium].address_setting])) > MAX_ADDRESS:
        message = f"{media[medium].address_setting} has at most {MAX_ADDRESS} characters."
        raise DomainError(message, field="settings")


def criteria_of(profile: NotificationProfile) -> list[Criteria]:
    """Return what the profile's filters ask for. One that cannot be read asks for nothing."""
    readable = []
    for text in profile.filters.values_list("filter_string", flat=True):
        try:
            readable.append(read_criteria(text))
        except DomainError:
            continue
    return readable
