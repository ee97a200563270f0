"""Services for accounts and tokens. REST, the admin and the commands call them.

``actor`` is the user who does it, or ``COMMAND_LINE``.
"""

import re
import secrets
import unicodedata

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, RestrictedError

from argus.util.errors import DomainError
from argus.util.logs import audit

from .authtoken.models import Kind, Token
from .models import User
from .permissions import check_may_act_on
from .tokens import is_expired

# Removed from user names of providers: letters of other scripts can look like Latin ones.
UNUSUAL_CHARACTERS = re.compile(r"[^A-Za-z0-9@.+_-]")
MAX_NAME_LENGTH: int = User._meta.get_field("username").max_length or 0
SUFFIX_LENGTH = 7
COMMAND_LINE = "(command line)"

Actor = User | str


@transaction.atomic
def replace_token(user: User, *, actor: Actor) -> Token:
    """Create a new API token for the user; the old one stops working at once. The result has the key.

    Locks the row of the user. Each of two parallel requests gets a token that was valid; the later one stays valid.
    Raises ``NotPermittedError`` if the user has rights that the actor lacks.
    """
    check_may_act_on(user, actor=actor)
    User.objects.select_for_update().get(pk=user.pk)
    Token.objects.filter(user=user, kind=Kind.API).delete()
    audit("replaced the token of", user, actor=actor)
    return _create_token(user, Kind.API)


@transaction.atomic
def create_browser_token(user: User) -> Token:
    """Create a token for one login of the user. The result has the key. Of other tokens, only expired ones end."""
    Token.objects.filter(is_expired(), user=user).delete()
    audit("created a browser token of", user, actor=user)
    return _create_token(user, Kind.BROWSER)


def _create_token(user: User, kind: Kind) -> Token:
    token = Token.new(user, kind)
    token.save(force_insert=True)
    return token


def revoke_token(token: Token, *, actor: Actor) -> None:
    """Delete the token."""
    if Token.objects.filter(pk=token.pk).delete()[0]:
        audit("revoked the token of", token.user, actor=actor)


@transaction.atomic
def create_sso_user(username: str, *, email: str = "") -> User:
    """Create a user without a password for the provider's ``username``.

    Accents and unusual characters are removed. If there were any, or if a user has this name in upper or lower case,
    ``_`` and six random hex digits are appended, so that no name looks like that of another user.
    """
    usual = UNUSUAL_CHARACTERS.sub("", unicodedata.normalize("NFKD", username))
    name = usual[: MAX_NAME_LENGTH - SUFFIX_LENGTH]
    if name == username and not User.objects.filter(username__iexact=name).exists():
        try:
            with transaction.atomic():
                return User.objects.create_user(name, email)
        except IntegrityError:
            pass  # created by a parallel request
    return User.objects.create_user(f"{name}_{secrets.token_hex(3)}", email)


def get_user(username: str) -> User:
    """Return the user with this name. Raises ``DomainError`` if there is none."""
    try:
        return User.objects.get_by_natural_key(username)
    except User.DoesNotExist:
        raise DomainError(f'There is no user "{username}".', field="username") from None


def set_password(user: User, password: str, *, actor: Actor) -> None:
    """Set the password without applying the password validators."""
    user.set_password(password)
    user.save(update_fields=["password"])
    audit("set the password of", user, actor=actor)


def set_superuser(user: User, value: bool, *, actor: Actor) -> None:
    """Grant or revoke the rights of a superuser and member of the staff."""
    user.is_superuser = user.is_staff = value
    user.save(update_fields=["is_superuser", "is_staff"])
    verb = "made a superuser of" if value else "took the superuser's rights from"
    audit(verb, user, actor=actor)


@transaction.atomic
def delete_user(user: User, *, actor: Actor) -> None:
    """Delete the user and all rows that belong to it.

    Raises ``DomainError`` if the user is part of the history of incidents; then it can only be made inactive.
    """
    lock_user(user)
    name = str(user)
    try:
        user.delete()
        audit("deleted the account", name, actor=actor)
    except (ProtectedError, RestrictedError):
        raise DomainError(f'"{user}" is part of the history of incidents; make the account inactive instead.') from None


def lock_user(user: User) -> None:
    """Lock the row of the user, so that no transaction can refer to it until the commit."""
    list(User.objects.select_for_update().filter(pk=user.pk).values_list("pk"))
