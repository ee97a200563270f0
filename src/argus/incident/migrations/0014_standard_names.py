"""Name indexes and constraints by table and columns. No table is scanned or rewritten."""

from django.db import migrations, models
from django.db.models import F, Q

APP = "argus_incident"
INDEXES = [
    ("tag", "tag_key", "tag_key_idx"),
    ("incident", "incident_newest_for_all", "incident_start_time_idx"),
    ("incident", "incident_newest_of_source", "incident_source_start_time_idx"),
    ("incident", "incident_open", "incident_end_time_idx"),
    ("incident", "incident_open_of_source", "incident_source_end_time_idx"),
    ("incident", "incident_acked", "incident_acked_idx"),
    ("incident", "incident_stateless", "incident_stateless_idx"),
    ("event", "event_newest_of_incident", "event_incident_timestamp_idx"),
    ("event", "event_of_rare_type", "event_type_idx"),
]
IS_START_OR_END = Q(type__in=["STA", "END"])
CONSTRAINTS = [
    (
        "sourcesystem",
        "source_name_unique_in_type",
        models.UniqueConstraint(fields=["name", "type"], name="sourcesystem_name_type_uniq"),
    ),
    (
        "incident",
        "incident_unique_at_source",
        models.UniqueConstraint(
            fields=["source", "source_incident_id"], name="incident_source_source_incident_id_uniq"
        ),
    ),
    (
        "incident",
        "incident_newest",
        models.UniqueConstraint(fields=["start_time", "id"], name="incident_start_time_id_uniq"),
    ),
    (
        "incidenttagrelation",
        "tag_once_on_incident",
        models.UniqueConstraint(
            fields=["tag", "start_time", "incident"], name="incidenttagrelation_tag_start_time_incident_uniq"
        ),
    ),
    (
        "incidentrelation",
        "incident_not_related_to_itself",
        models.CheckConstraint(condition=~Q(incident1=F("incident2")), name="incidentrelation_incidents_check"),
    ),
    (
        "event",
        "one_start_and_one_end_per_incident",
        models.UniqueConstraint(fields=["incident", "type"], condition=IS_START_OR_END, name="event_incident_type_uniq"),
    ),
]


def rename(model, constraint, old, new):
    """Return a function that renames a constraint in the database.

    SQLite has a name only for unique constraints with a condition, which are indexes. There is none for the others:
    Django rebuilds their table from the models.
    """
    is_index = getattr(constraint, "condition", None) is IS_START_OR_END

    def run(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            table = apps.get_model(APP, model)._meta.db_table
            target = f"INDEX {old} RENAME" if is_index else f"TABLE {table} RENAME CONSTRAINT {old}"
            schema_editor.execute(f"ALTER {target} TO {new}")
        elif is_index:
            renamed = constraint.clone()
            renamed.name = new
            schema_editor.execute(f"DROP INDEX {old}")
            schema_editor.add_constraint(apps.get_model(APP, model), renamed)

    return run


def rename_constraint(model, old, constraint):
    forwards = rename(model, constraint, old, constraint.name)
    backwards = rename(model, constraint, constraint.name, old)
    return migrations.SeparateDatabaseAndState(
        database_operations=[migrations.RunPython(forwards, backwards)],
        state_operations=[
            migrations.RemoveConstraint(model, old),
            migrations.AddConstraint(model, constraint),
        ],
    )


class Migration(migrations.Migration):
    dependencies = [(APP, "0013_help_texts")]

    operations = [
        *(migrations.RenameIndex(model, new_name=new, old_name=old) for model, old, new in INDEXES),
        *(rename_constraint(*names) for names in CONSTRAINTS),
    ]
