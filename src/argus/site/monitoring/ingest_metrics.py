"""How many incidents come in through this process, by source."""

from django.dispatch import receiver
from prometheus_client import Counter

from argus.incident.signals import incident_changed

from .metrics import MOST_SOURCES, OTHERS

INCIDENTS = Counter("argus_incidents_created", "Incidents taken in.", ["source", "source_type"])
_known: set[tuple[str, str]] = set()


@receiver(incident_changed, dispatch_uid="count_incident")
def count_incident(sender, incident, created, **kwargs):
    """Count an incident that is stored; of very many sources the last ones share a number."""
    if created:
        source = incident.source.name, incident.source.type_id
        if source not in _known and len(_known) < MOST_SOURCES:
            _known.add(source)
        INCIDENTS.labels(*(source if source in _known else OTHERS)).inc()
