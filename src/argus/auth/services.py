"""What can be done to accounts and their tokens. Every door (REST, admin, commands) comes through here.

``actor`` is who does it: an account, or ``COMMAND_LINE`` for whoever may run commands.
"""

import re
import secrets
import unicodedata

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, RestrictedError
from rest_framework.authtoken.models import Token

from argus.util.errors import DomainError
from argus.util.logs import audit

from .models import User

# What is left out of user names that providers hand over: letters of other scripts can look like those of ours.
UNUSUAL = re.compile(r"[^A-Za-z0-9@.+_-]")
SUFFIX_LENGTH = 7
COMMAND_LINE = "(command line)"


@transaction.atomic
def replace_token(user: User, *, actor) -> Token:
    """Give the user a new token; the old one stops working at once.

    The user's row is locked, so that of two requests at once each gets a token that was valid, and the later one is.
    """
    User.objects.select_for_update().get(pk=user.pk)
    Token.objects.filter(user=user).delete()
    audit("replaced the token of", user, actor=actor)
    return Token.objects.create(user=user)


def revoke_token(user: User, *, actor) -> None:
    """Take the user's token away, if there is one."""
    if Token.objects.filter(user=user).delete()[0]:
        audit("revoked the token of", user, actor=actor)


@transaction.atomic
def create_sso_user(username: str, *, email: str = "") -> User:
    """Make an account without a password for somebody whom a provider calls ``username``.

    Accents and unusual characters are left out of the name. If there were any, or if an account has the name in upper
    or lower case, ``_`` and six random hex digits are appended: nobody becomes, or looks like, somebody else.
    """
    usual = UNUSUAL.sub("", unicodedata.normalize("NFKD", username))
    name = usual[: User._meta.get_field("username").max_length - SUFFIX_LENGTH]
    if name == username and not User.objects.filter(username__iexact=name).exists():
        try:
            with transaction.atomic():
                return User.objects.create_user(name, email)
        except IntegrityError:
            pass  # taken just now
    return User.objects.create_user(f"{name}_{secrets.token_hex(3)}", email)


def get_user(username: str) -> User:
    """Find a user by name. Raises ``DomainError`` if there is none."""
    try:
        return User.objects.get_by_natural_key(username)
    except User.DoesNotExist:
        raise DomainError(f'There is no user "{username}".', field="username") from None


def set_password(user: User, password: str, *, actor) -> None:
    """Set the password as it is: whoever runs this is trusted to know better than any policy."""
    user.set_password(password)
    user.save(update_fields=["password"])
    audit("set the password of", user, actor=actor)


def set_superuser(user: User, value: bool, *, actor) -> None:
    """Turn the user into a superuser and member of the staff, or back."""
    user.is_superuser = user.is_staff = value
    user.save(update_fields=["is_superuser", "is_staff"])
    verb = "made a superuser of" if value else "took the superuser's rights from"
    audit(verb, user, actor=actor)


@transaction.atomic
def delete_user(user: User, *, actor) -> None:
    """Remove the account and all that belongs to it alone.

    Raises ``DomainError`` if it has left traces in a history: then it can only be made inactive.
    """
    hold_until_deleted(user)
    name = str(user)
    try:
        user.delete()
        audit("deleted the account", name, actor=actor)
    except (ProtectedError, RestrictedError):
        raise DomainError(f'"{user}" is part of the history of incidents; make the account inactive instead.') from None


def hold_until_deleted(user: User) -> None:
    """Lock an account: what is given to it just now is there first, and goes with it; what is later finds it gone."""
    list(User.objects.select_for_update().filter(pk=user.pk).values_list("pk"))
