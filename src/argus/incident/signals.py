"""The one way out: who wants to know of changes listens here."""

from django.dispatch import Signal

# Sent inside the transaction of the change, once per event: ``event`` (with ``event.incident`` loaded).
# A receiver writes rows or does nothing; if it raises, the change did not happen.
event_recorded = Signal()

# Sent after the commit, once per change of anything that the API shows: ``incident`` (fresh), ``created`` (bool).
# Receivers are called by ``send_robust``: they see committed rows and cannot break the request.
incident_changed = Signal()
