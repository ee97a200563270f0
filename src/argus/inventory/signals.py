"""The one way out: who keeps something about scopes listens here."""

from django.dispatch import Signal

# Sent inside the transaction that deletes scopes, when nothing can stand in the way any more: ``scopes`` (a list, with
# all that goes along: a project's memberships, a customer's clouds), ``actor``. The rows are locked, and still there
# until every receiver is done: let go of them now, or they cannot go. If a receiver raises, nothing is deleted.
scopes_deleted = Signal()
