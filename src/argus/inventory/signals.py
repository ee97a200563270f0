"""Signals of the inventory."""

from django.dispatch import Signal

# Sent inside the transaction that deletes scopes, after all checks. ``scopes`` is a list of all scopes that are
# deleted, for example a project with its cloud memberships; ``actor`` is the user. The rows are locked and still exist.
# Receivers must remove their references to them now. An error of a receiver rolls the deletion back.
scopes_deleted = Signal()
