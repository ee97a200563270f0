"""An index has the incidents of a tag in the order of the lists (see ADR 18)."""

import django.db.models.deletion
from django.db import migrations, models

COPY = """
    UPDATE argus_incident_incidenttagrelation SET start_time = incident.start_time
    FROM argus_incident_incident AS incident WHERE incident.id = incident_id
"""
ADD_KEY = """
    ALTER TABLE argus_incident_incidenttagrelation ADD CONSTRAINT tag_on_incident
    FOREIGN KEY (start_time, incident_id) REFERENCES argus_incident_incident (start_time, id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED
"""
REMOVE_KEY = "ALTER TABLE argus_incident_incidenttagrelation DROP CONSTRAINT tag_on_incident"


def add_key(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(ADD_KEY)


def remove_key(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(REMOVE_KEY)


class Migration(migrations.Migration):
    dependencies = [("argus_incident", "0007_open_and_unacked")]

    operations = [
        migrations.RemoveIndex("incident", "incident_newest"),
        migrations.AddConstraint(
            "incident", models.UniqueConstraint(fields=["start_time", "id"], name="incident_newest")
        ),
        migrations.RemoveConstraint("incidenttagrelation", "tag_once_on_incident"),
        migrations.AddField("incidenttagrelation", "start_time", models.DateTimeField(null=True)),
        migrations.RunSQL(COPY, migrations.RunSQL.noop),
        migrations.AlterField("incidenttagrelation", "start_time", models.DateTimeField()),
        migrations.AddConstraint(
            "incidenttagrelation",
            models.UniqueConstraint(fields=["tag", "start_time", "incident"], name="tag_once_on_incident"),
        ),
        migrations.AlterField(
            "incidenttagrelation",
            "incident",
            models.ForeignKey(
                "argus_incident.Incident",
                django.db.models.deletion.CASCADE,
                related_name="tag_relations",
                db_constraint=False,
            ),
        ),
        migrations.RunPython(add_key, remove_key),
    ]
