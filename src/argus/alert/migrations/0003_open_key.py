"""The key of the incident replaces the mark ``holds_place``: one alert of a type can be open on a scope (ADR 14)."""

from django.db import migrations
from django.utils import timezone

SET_KEYS = """
    UPDATE argus_incident_incident
    SET open_key = 'alert:' || replace(CAST(alert.scope_uuid AS text), '-', '') || ':' || alert.alert_type
    FROM argus_alert_alert AS alert WHERE alert.incident_id = argus_incident_incident.id
"""
REMOVE_KEYS = "UPDATE argus_incident_incident SET open_key = NULL WHERE open_key LIKE 'alert:%'"


def set_marks(apps, schema_editor):
    apps.get_model("argus_alert", "Alert").objects.filter(incident__end_time__lte=timezone.now()).update(
        holds_place=False
    )


class Migration(migrations.Migration):
    dependencies = [
        ("argus_alert", "0002_alert_kind"),
        ("argus_incident", "0012_open_key"),
    ]

    operations = [
        migrations.RunSQL(SET_KEYS, REMOVE_KEYS),
        migrations.RemoveConstraint("alert", "alert_open_once"),
        # Undone in the opposite order: the marks are set before the constraint returns.
        migrations.RunPython(migrations.RunPython.noop, set_marks),
        migrations.RemoveField("alert", "holds_place"),
    ]
