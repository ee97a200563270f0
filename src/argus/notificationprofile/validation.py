"""Rules for time slots, filters, destinations and profiles. The API and the admin check them before they write.

Violations raise ``DomainError`` with the field.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import time
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from argus.auth.models import User
from argus.incident.criteria import Criteria, parse_criteria, read_criteria
from argus.util.errors import DomainError

from .media.base import InvalidSettingsError
from .media.registry import V1_MEDIA, configured_media
from .models import MAX_ADDRESS, Filter, NotificationProfile, Timeslot

# All filters of a profile together are one query.
MAX_RECURRENCES = 100
MAX_FILTERS = 50
MAX_SOURCES = 500
MAX_TAGS = 500
MAX_TAG_KEYS = 20


@contextmanager
def user_lock(user: User) -> Iterator[None]:
    """Lock the user's row in a transaction, so that their requests write one after the other.

    Checks made within the lock hold until the commit. Conflicts with other writers violate database constraints, and
    become a ``DomainError``.
    """
    with integrity_errors_refused(), transaction.atomic():
        list(get_user_model().objects.select_for_update(no_key=True).filter(pk=user.pk).values_list("pk"))
        yield


@contextmanager
def integrity_errors_refused() -> Iterator[None]:
    """Turn an ``IntegrityError`` into a ``DomainError``: another request has changed the rows in the meantime."""
    try:
        yield
    except IntegrityError:
        raise DomainError("Another request has changed this at the same time. Try again.") from None


def check_name(
    model: type[Timeslot] | type[Filter], user: User, name: str, *, instance: Timeslot | Filter | None = None
) -> None:
    """Refuse a name that another time slot or filter of the user has."""
    others = model._default_manager.filter(user_id=user.pk, name=name)
    if instance is not None:
        others = others.exclude(pk=instance.pk)
    if others.exists():
        raise DomainError(f"There is already a {model._meta.verbose_name} with this name.", field="name")


def check_hours(start: time, end: time) -> None:
    """Refuse hours that do not end after their start. None spans midnight."""
    if start >= end:
        raise DomainError("The end must be after the start. Hours beyond midnight belong to the next day.", field="end")


def check_filter_string(text: str) -> None:
    """Refuse a filter string that does not contain valid criteria."""
    check_size(read_criteria(text), field="filter_string")


def read_preview(data: Any) -> Criteria:
    """Return the criteria of a preview. Errors name the key."""
    criteria = parse_criteria(data)
    check_size(criteria)
    return criteria


def check_size(criteria: Criteria, *, field: str | None = None) -> None:
    """Refuse more sources or tags than one query can contain."""
    if len(criteria.source_ids) > MAX_SOURCES:
        raise DomainError(f"A filter has at most {MAX_SOURCES} sources.", field=field or "sourceSystemIds")
    if len(criteria.tags) > MAX_TAG_KEYS or sum(map(len, criteria.tags.values())) > MAX_TAGS:
        message = f"A filter has at most {MAX_TAGS} tags with at most {MAX_TAG_KEYS} different keys."
        raise DomainError(message, field=field or "tags")


def check_timeslot_is_free(timeslot: Timeslot, *, instance: NotificationProfile | None = None) -> None:
    """Refuse a time slot that another profile uses."""
    profile = NotificationProfile.objects.filter(timeslot=timeslot).first()
    if profile is not None and profile != instance:
        raise DomainError(f'The timeslot "{timeslot}" already has a notification profile.', field="timeslot")


def check_owner(user: User, **parts: Any) -> None:
    """Refuse parts of a profile that belong to another user. Each is a row, a list of rows, or ``None``."""
    for field, part in parts.items():
        rows = part if isinstance(part, list) else [part]
        if any(row is not None and row.user_id != user.pk for row in rows):
            raise DomainError(f"This does not belong to {user}.", field=field)


def check_destination(medium: str, settings: Any) -> None:
    """Refuse a destination whose medium is not configured, or whose settings do not fit the medium."""
    media = configured_media()
    if medium in V1_MEDIA or medium not in media:
        raise DomainError(f"The medium {medium!r} is not configured, or has no destinations.", field="medium")
    try:
        media[medium].validate(settings)
    except InvalidSettingsError as error:
        raise DomainError(str(error), field="settings") from None
    address = media[medium].address_setting
    if len(str(settings.get(address, ""))) > MAX_ADDRESS:
        raise DomainError(f"{address} can have at most {MAX_ADDRESS} characters.", field="settings")


def criteria_of(profile: NotificationProfile) -> list[Criteria]:
    """Return the criteria of the profile's filters. Invalid filters, which match nothing, are left out."""
    readable = []
    for text in profile.filters.values_list("filter_string", flat=True):
        try:
            readable.append(read_criteria(text))
        except DomainError:
            continue
    return readable
