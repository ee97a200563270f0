"""Accounts as far as the inventory shows them."""

from django.db.models import Q

from argus.auth.models import User

from .models import CustomerRole, ProjectGroupRole, ProjectRole


def users_visible_to(user):
    """Return oneself, and those of whom one sees a role. Staff sees all."""
    if user.is_staff:
        return User.objects.all()
    seen = Q(pk=user.pk)
    for model in (CustomerRole, ProjectRole, ProjectGroupRole):
        seen |= Q(pk__in=model.objects.visible_to(user).values("user"))
    return User.objects.filter(seen)


def users_to_grant_to():
    """Return whom one may give a role that one may give at all: whoever is active, for who knows the link.

    A person gets the first role from somebody who does not see her yet; the link, which nobody guesses, comes from her.
    """
    return User.objects.filter(is_active=True)
