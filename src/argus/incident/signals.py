"""The signal of the incident app."""

from django.dispatch import Signal

# Sent after the commit, once for each row of the change feed, by ``send_robust``: a failing receiver is logged and
# fails nothing else. Receivers wake the readers of the feed; installed apps may connect as well. Arguments:
# ``incident`` (as committed, with its source), ``event`` (or None), ``kind`` (a ``ChangeKind``), ``created`` (bool).
incident_changed = Signal()
