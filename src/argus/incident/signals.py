"""The one way out: who wants to know of changes listens here."""

from django.dispatch import Signal

# Sent inside the transaction of the change: ``events``, those written by one step of it (each with ``incident``
# loaded). Most often one; incidents that are posted together start together.
# A receiver writes rows or does nothing; if it raises, the change did not happen.
event_recorded = Signal()

# Sent after the commit, once per new incident, change of one, and ack: ``incident`` (fresh), ``created`` (bool).
# Events that leave the incident as it was (OTH, an end that comes late) are not announced.
# Receivers are called by ``send_robust``: they see committed rows and cannot break the request.
incident_changed = Signal()
