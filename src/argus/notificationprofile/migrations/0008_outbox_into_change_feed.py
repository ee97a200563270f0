"""The change feed takes over from the outbox: events that are not routed yet become rows of the feed."""

from django.db import migrations

COPY = """
    INSERT INTO argus_incident_change
        (incident_id, event_id, kind, restricted, quiet, request_id, created, routed)
    SELECT event.incident_id, event.id,
        CASE event.type WHEN 'STA' THEN 'created' WHEN 'OTH' THEN 'event' ELSE 'modified' END,
        incident.restricted, event.quiet, entry.request_id, entry.created, FALSE
    FROM argus_notificationprofile_outboxentry AS entry
    JOIN argus_incident_event AS event ON event.id = entry.event_id
    JOIN argus_incident_incident AS incident ON incident.id = event.incident_id
    ORDER BY entry.id
"""
COPY_BACK = """
    INSERT INTO argus_notificationprofile_outboxentry (event_id, created, request_id)
    SELECT change.event_id, change.created, change.request_id
    FROM argus_incident_change AS change JOIN argus_incident_event AS event ON event.id = change.event_id
    WHERE NOT change.routed ORDER BY change.id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("argus_incident", "0010_change_feed"),
        ("argus_notificationprofile", "0007_deliveries_not_made"),
    ]

    operations = [
        migrations.RunSQL(COPY, COPY_BACK),
        migrations.DeleteModel("OutboxEntry"),
    ]
