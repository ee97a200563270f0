from uuid import uuid4

from django.db import migrations, models


def give_uuids(apps, schema_editor):
    users = apps.get_model("argus_auth", "User").objects.using(schema_editor.connection.alias)
    batch = []
    for user in users.filter(uuid__isnull=True).only("pk").iterator(chunk_size=1000):
        user.uuid = uuid4()
        batch.append(user)
    users.bulk_update(batch, ["uuid"], batch_size=500)


class Migration(migrations.Migration):
    """An account is given its UUID between the column and the rule that there be one."""

    dependencies = [
        ("argus_auth", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="uuid",
            field=models.UUIDField(editable=False, null=True, verbose_name="UUID"),
        ),
        migrations.RunPython(give_uuids, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="user",
            name="uuid",
            field=models.UUIDField(default=uuid4, editable=False, unique=True, verbose_name="UUID"),
        ),
    ]
