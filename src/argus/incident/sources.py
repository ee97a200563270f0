"""Source systems: the one place where they are made, renamed and removed, together with their accounts."""

import secrets

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, RestrictedError

from argus.auth.services import hold_until_deleted
from argus.util.errors import DomainError, NotPermittedError
from argus.util.logs import audit
from argus.util.urls import check_http_url

from .models import SourceSystem, SourceSystemType

ARGUS = "argus"


def create_source_type(name: str, *, actor) -> SourceSystemType:
    """Make a kind of source known. The name must be in lower case and new."""
    check_is_superuser(actor, "Only superusers may add source types.")
    if name != name.lower():
        raise DomainError("The name of a source type is in lower case.", field="name")
    source_type, created = SourceSystemType.objects.get_or_create(name=name)
    if not created:
        raise DomainError("There is a source type of this name already.", field="name")
    audit("added the source type", source_type, actor=actor)
    return source_type


def delete_source_type(source_type: SourceSystemType, *, actor) -> None:
    """Forget a kind of source that no source is of."""
    check_is_superuser(actor, "Only superusers may delete source types.")
    name = source_type.name
    try:
        source_type.delete()
        audit("deleted the source type", name, actor=actor)
    except ProtectedError:
        raise DomainError("There are sources of this type.") from None


def get_argus_source() -> SourceSystem:
    """Return the source that Argus itself posts by, whose account also acts for commands. Made if it is missing."""
    return get_house_source(ARGUS, is_superuser=True, is_staff=True)


@transaction.atomic
def get_house_source(name: str, **rights: bool) -> SourceSystem:
    """Return the source by which a part of Argus posts, of a type of the same name; made if it is missing.

    ``rights`` are for its account, which nobody can log in to. Of those who make it at once, all get the same.
    """
    found = SourceSystem.objects.filter(name=name, type=name).select_related("user")
    source = found.first()
    if source is None:
        source_type, _ = SourceSystemType.objects.get_or_create(name=name)
        list(SourceSystemType.objects.select_for_update().filter(pk=name))
        source = found.first() or _create_house_source(source_type, rights)
    return source


def _create_house_source(source_type: SourceSystemType, rights: dict[str, bool]) -> SourceSystem:
    # Never an account that is there already: it would turn a person into a source system.
    user = _create_account(source_type.name)
    for right, is_held in rights.items():
        setattr(user, right, is_held)
    user.save(update_fields=list(rights))
    return SourceSystem.objects.create(name=source_type.name, type=source_type, user=user)


def get_source_type(name: str, *, actor) -> SourceSystemType:
    """Return the source type of this name, made if it is new."""
    return SourceSystemType.objects.filter(name=name).first() or create_source_type(name, actor=actor)


def source_to_post_for(actor, pk: int | None = None) -> SourceSystem:
    """Return the actor's own source or, for superusers, the one with the pk."""
    if pk is not None and not actor.is_superuser:
        raise DomainError("Only superusers may say which source an incident is from.")
    source = getattr(actor, "source_system", None) if pk is None else SourceSystem.objects.filter(pk=pk).first()
    if source is None and pk is None:
        raise DomainError("This account belongs to no source system, so it has to say which one it posts for.")
    if source is None:
        raise DomainError(f"There is no source with the pk {pk}.")
    return source


@transaction.atomic
def create_source(
    name: str, *, actor, source_type: SourceSystemType, base_url: str = "", username: str = "", user=None
) -> SourceSystem:
    """Set up a source and, unless ``user`` is given, an account without a password for it.

    The account is named ``username``, or as the source; a name that is taken gets ``_`` and six random hex digits.
    """
    check_is_superuser(actor, "Only superusers may add sources.")
    check_http_url(base_url, field="base_url")
    _check_name_is_free(name, source_type)
    if user is None:
        user = _create_account(username or name)
    else:
        user.is_service_account = True
        user.save(update_fields=["is_service_account"])
    source = SourceSystem.objects.create(name=name, type=source_type, user=user, base_url=base_url)
    audit("added the source", source, actor=actor)
    return source


@transaction.atomic
def rename_source(source: SourceSystem, name: str, *, actor) -> SourceSystem:
    """Give the source another name. Its own account may do so, and superusers."""
    check_may_rename(source, actor)
    source = SourceSystem.objects.select_for_update().get(pk=source.pk)
    if name != source.name:
        _check_name_is_free(name, source.type)
        source.name = name
        source.save(update_fields=["name"])
        audit("renamed a source to", source, actor=actor)
    return source


@transaction.atomic
def set_base_url(source: SourceSystem, base_url: str, *, actor) -> None:
    """Say anew what the relative details URLs of the source's incidents, old and new, are joined to."""
    check_is_superuser(actor, "Only superusers may change where a source is.")
    check_http_url(base_url, field="base_url")
    SourceSystem.objects.filter(pk=source.pk).update(base_url=base_url)
    audit("changed the address of the source", source, actor=actor)


@transaction.atomic
def delete_source(source: SourceSystem, *, actor) -> None:
    """Remove the source, all its incidents and its account.

    Raises ``DomainError`` when the account has left traces on the incidents of other sources: history stays true.
    """
    check_is_superuser(actor, "Only superusers may delete sources.")
    # In the order in which a post, an event and their commits take them; whoever comes later finds nothing any more.
    list(SourceSystem.objects.select_for_update().filter(pk=source.pk).values_list("pk"))
    list(source.incidents.select_for_update().order_by("pk").values_list("pk"))
    hold_until_deleted(source.user)
    name = str(source)
    try:
        source.user.delete()
        audit("deleted the source", name, actor=actor)
    except RestrictedError:
        raise DomainError("The account of this source has acted on incidents of other sources.") from None


def check_may_rename(source: SourceSystem, actor) -> None:
    """Refuse all but the source's own account and superusers."""
    if actor.pk != source.user_id:
        check_is_superuser(actor, "Only the source itself and superusers may change it.")


def check_is_superuser(actor, refusal: str) -> None:
    """Refuse everybody else with the sentence; doors call it before they look at the input."""
    if not actor.is_superuser:
        raise NotPermittedError(refusal)


def _check_name_is_free(name: str, source_type: SourceSystemType) -> None:
    # The type is held until the commit: of two who take the same name at once, the second sees the first.
    list(SourceSystemType.objects.select_for_update().filter(pk=source_type.pk))
    if SourceSystem.objects.filter(name=name, type=source_type).exists():
        raise DomainError("There is a source of this name and type already.", field="name")


def _create_account(username: str):
    users = get_user_model()
    field = users._meta.get_field(users.USERNAME_FIELD)
    try:
        field.run_validators(username)
    except ValidationError as error:
        raise DomainError(" ".join(error.messages), field="username") from None
    try:
        with transaction.atomic():
            return users.objects.create_user(username, is_service_account=True)
    except IntegrityError:
        # Taken, perhaps just now. The digits must fit, too.
        name = f"{username[: field.max_length - 7]}_{secrets.token_hex(3)}"
        return users.objects.create_user(name, is_service_account=True)
