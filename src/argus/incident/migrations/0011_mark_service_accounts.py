from django.db import migrations


def mark_service_accounts(apps, schema_editor):
    users = apps.get_model("argus_auth", "User").objects.using(schema_editor.connection.alias)
    users.filter(source_system__isnull=False).update(is_service_account=True)


class Migration(migrations.Migration):
    """Mark the accounts of source systems, so that `auth` need not know what a source system is."""

    dependencies = [
        ("argus_auth", "0003_login_attempts_and_service_accounts"),
        ("argus_incident", "0010_change_feed"),
    ]

    operations = [migrations.RunPython(mark_service_accounts, migrations.RunPython.noop)]
