"""Who may act on the accounts of other users: their passwords, tokens, identities and addresses.

Each of them allows to act as the user, so a member of the staff must not change them for a user with more rights.
"""

from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet

from argus.util.errors import NotPermittedError

from .models import User


def check_may_act_on(user: User, *, actor: User | str) -> None:
    """Raise ``NotPermittedError`` if the user has rights that the actor lacks. The command line has all rights."""
    if isinstance(actor, User) and has_more_rights(user, than=actor):
        raise NotPermittedError(f'"{user}" has rights that you lack.', field="user")


def has_more_rights(user: User, *, than: User) -> bool:
    """Return whether the user has a right that the other one lacks. What an inactive user would have counts."""
    if than.is_superuser or user.pk == than.pk:
        return False
    if user.is_superuser or (user.is_staff and not than.is_staff):
        return True
    if user.pk is None:
        return False
    return permissions_of(user).exclude(pk__in=permissions_of(than).values("pk")).exists()


def permissions_of(user: User) -> QuerySet[Permission]:
    """Return the user's own permissions and those of the user's groups."""
    return Permission.objects.filter(Q(user=user) | Q(group__user=user))
