"""The table keeps its name, so that processes of the previous version work until they are replaced."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("argus_notificationprofile", "0011_verbose_names"),
    ]

    operations = [
        migrations.AlterModelTable(name="RoutingVersion", table="argus_notificationprofile_routingversion"),
        migrations.RenameModel(old_name="RoutingVersion", new_name="ProfileVersion"),
    ]
