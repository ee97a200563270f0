"""Name indexes by table and columns."""

from django.db import migrations

INDEXES = [
    ("alert_newest", "alert_created_idx"),
    ("alert_worst", "alert_severity_idx"),
    ("alert_newest_of_place", "alert_place_uuid_idx"),
    ("alert_newest_of_scope", "alert_scope_uuid_idx"),
    ("alert_kind", "alert_scope_type_idx"),
]


class Migration(migrations.Migration):
    dependencies = [("argus_alert", "0003_open_key")]

    operations = [migrations.RenameIndex("alert", new_name=new, old_name=old) for old, new in INDEXES]
