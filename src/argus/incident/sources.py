"""Services of source systems: they create, rename and delete them together with their accounts.

``actor`` is the user on whose behalf it happens. What the actor may not do is a ``NotPermittedError``.
"""

import secrets

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, RestrictedError

from argus.auth.models import User
from argus.auth.services import lock_user
from argus.util.errors import DomainError, NotPermittedError
from argus.util.logs import audit
from argus.util.urls import check_http_url

from .models import SourceSystem, SourceSystemType

ARGUS = "argus"
MAX_USERNAME_LENGTH = 150


def create_source_type(name: str, *, actor: User) -> SourceSystemType:
    """Create a source type. The name must be in lower case and new."""
    check_is_superuser(actor, "Only superusers may add source types.")
    if name != name.lower():
        raise DomainError("The name of a source type must be in lower case.", field="name")
    source_type, created = SourceSystemType.objects.get_or_create(name=name)
    if not created:
        raise DomainError("A source type with this name already exists.", field="name")
    audit("added the source type", source_type, actor=actor)
    return source_type


def delete_source_type(source_type: SourceSystemType, *, actor: User) -> None:
    """Delete a source type without sources."""
    check_is_superuser(actor, "Only superusers may delete source types.")
    name = source_type.name
    try:
        source_type.delete()
        audit("deleted the source type", name, actor=actor)
    except ProtectedError:
        raise DomainError("There are sources of this type.") from None


def get_argus_source() -> SourceSystem:
    """Return the source of Argus itself, created if missing. Its account is the actor of commands."""
    return get_internal_source(ARGUS, is_superuser=True, is_staff=True)


@transaction.atomic
def get_internal_source(name: str, **rights: bool) -> SourceSystem:
    """Return the source of a part of Argus, created if missing, with a type of the same name.

    ``rights`` are set on its account, which has no password. Concurrent calls return the same source.
    """
    found = SourceSystem.objects.filter(name=name, type=name).select_related("user")
    source = found.first()
    if source is None:
        source_type, _ = SourceSystemType.objects.get_or_create(name=name)
        list(SourceSystemType.objects.select_for_update().filter(pk=name))
        source = found.first() or _create_internal_source(source_type, rights)
    return source


def _create_internal_source(source_type: SourceSystemType, rights: dict[str, bool]) -> SourceSystem:
    # A new account, even if the user name is taken: the account of a person must not become a source.
    user = _create_account(source_type.name)
    for right, is_held in rights.items():
        setattr(user, right, is_held)
    user.save(update_fields=list(rights))
    return SourceSystem.objects.create(name=source_type.name, type=source_type, user=user)


def get_source_type(name: str, *, actor: User) -> SourceSystemType:
    """Return the source type with this name, created if missing."""
    return SourceSystemType.objects.filter(name=name).first() or create_source_type(name, actor=actor)


def check_may_post(actor: User) -> None:
    """Refuse users who have no source and are no superusers. Views call it before they read the body."""
    if not actor.is_superuser and not hasattr(actor, "source_system"):
        raise DomainError("This account has no source system, so it cannot post incidents.")


def source_to_post_for(actor: User, pk: int | None = None) -> SourceSystem:
    """Return the actor's own source or, for superusers, the one with the pk."""
    if pk is not None and not actor.is_superuser:
        raise DomainError("Only superusers may name the source of an incident.")
    source = getattr(actor, "source_system", None) if pk is None else SourceSystem.objects.filter(pk=pk).first()
    if source is None and pk is None:
        raise DomainError("This account has no source system. Name the source in the body.")
    if source is None:
        raise DomainError(f"There is no source with the pk {pk}.")
    return source


@transaction.atomic
def create_source(
    name: str,
    *,
    actor: User,
    source_type: SourceSystemType,
    base_url: str = "",
    username: str = "",
    user: User | None = None,
) -> SourceSystem:
    """Create a source and, unless ``user`` is given, an account without a password for it.

    The account's name is ``username`` or the source's name; if that is taken, ``_`` and six hexadecimal digits follow.
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
def rename_source(source: SourceSystem, name: str, *, actor: User) -> SourceSystem:
    """Change the name of a source. Allowed to its own account and to superusers."""
    check_may_rename(source, actor)
    source = SourceSystem.objects.select_for_update().get(pk=source.pk)
    if name != source.name:
        _check_name_is_free(name, source.type)
        source.name = name
        source.save(update_fields=["name"])
        audit("renamed a source to", source, actor=actor)
    return source


@transaction.atomic
def set_base_url(source: SourceSystem, base_url: str, *, actor: User) -> None:
    """Change the URL against which relative details URLs of the source's incidents are resolved."""
    check_is_superuser(actor, "Only superusers may change the base URL of a source.")
    check_http_url(base_url, field="base_url")
    SourceSystem.objects.filter(pk=source.pk).update(base_url=base_url)
    audit("changed the base URL of the source", source, actor=actor)


@transaction.atomic
def delete_source(source: SourceSystem, *, actor: User) -> None:
    """Delete the source, its incidents and its account.

    Raises ``DomainError`` if the account has acted on incidents of other sources: their history is kept.
    """
    check_is_superuser(actor, "Only superusers may delete sources.")
    # Locked in the order in which posts and events lock them, so that none of them deadlocks with this.
    list(SourceSystem.objects.select_for_update().filter(pk=source.pk).values_list("pk"))
    list(source.incidents.select_for_update().order_by("pk").values_list("pk"))
    lock_user(source.user)
    name = str(source)
    try:
        source.user.delete()
        audit("deleted the source", name, actor=actor)
    except RestrictedError:
        raise DomainError("The account of this source has acted on incidents of other sources.") from None


def check_may_rename(source: SourceSystem, actor: User) -> None:
    """Raise ``NotPermittedError`` unless the actor is the source's own account or a superuser."""
    if actor.pk != source.user_id:
        check_is_superuser(actor, "Only the source itself and superusers may change it.")


def check_is_superuser(actor: User, message: str) -> None:
    """Raise ``NotPermittedError`` with the message for other users. Views call it before they validate the body."""
    if not actor.is_superuser:
        raise NotPermittedError(message)


def _check_name_is_free(name: str, source_type: SourceSystemType) -> None:
    # Lock the type until the commit, so that concurrent requests for one name are checked one after the other.
    list(SourceSystemType.objects.select_for_update().filter(pk=source_type.pk))
    if SourceSystem.objects.filter(name=name, type=source_type).exists():
        raise DomainError("A source with this name and type already exists.", field="name")


def _create_account(username: str) -> User:
    try:
        User(username=username, password="!").clean_fields()
    except ValidationError as error:
        raise DomainError(" ".join(error.message_dict["username"]), field="username") from None
    try:
        with transaction.atomic():
            return User.objects.create_user(username, is_service_account=True)
    except IntegrityError:
        # The name is taken, perhaps by a concurrent request. The digits must fit as well.
        name = f"{username[: MAX_USERNAME_LENGTH - 7]}_{secrets.token_hex(3)}"
        return User.objects.create_user(name, is_service_account=True)
