import hashlib

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def erase_deleted_rows(apps, schema_editor):
    """Let SQLite overwrite what it deletes: the file would keep the keys in unused pages."""
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("PRAGMA secure_delete = ON")


def replace_keys_by_digests(apps, schema_editor):
    """Rewrite all rows. On PostgreSQL the table gets a new file, so no dead row keeps a key."""
    model = apps.get_model("authtoken", "Token")
    tokens = list(model.objects.using(schema_editor.connection.alias).values_list("digest", "user_id", "created"))
    delete_all(apps, schema_editor)
    for key, user_id, created in tokens:
        token = model(digest=hashlib.sha256(key.encode()).hexdigest(), prefix=key[:8], kind="api", user_id=user_id)
        token.save(using=schema_editor.connection.alias, force_insert=True)
        # The time of creation decides when the token expires; the field sets its own.
        model.objects.using(schema_editor.connection.alias).filter(pk=token.pk).update(created=created)


def delete_all(apps, schema_editor):
    """Delete all tokens. On the way back there is no other way: no key follows from a digest."""
    truncate = "TRUNCATE TABLE" if schema_editor.connection.vendor == "postgresql" else "DELETE FROM"
    schema_editor.execute(f"{truncate} authtoken_token")


def delete_proxy(apps, schema_editor):
    """Delete the content type and the permissions of the proxy model that REST framework used in the admin."""
    types = apps.get_model("contenttypes", "ContentType").objects.using(schema_editor.connection.alias)
    types.filter(app_label="authtoken", model="tokenproxy").delete()


class Migration(migrations.Migration):
    """Keys become digests. Tokens stay valid; their keys cannot be shown again."""

    dependencies = [
        ("authtoken", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RunPython(erase_deleted_rows, migrations.RunPython.noop),
        migrations.RenameField("token", "key", "digest"),
        migrations.AlterField(
            "token", "digest", models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)
        ),
        migrations.AlterField(
            "token",
            "user",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="tokens", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            "token",
            "kind",
            models.CharField(
                choices=[("api", "API"), ("browser", "browser login")], default="api", editable=False, max_length=8
            ),
        ),
        migrations.AddField(
            "token",
            "prefix",
            models.CharField(default="", editable=False, max_length=8, verbose_name="begins with"),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            "token",
            models.UniqueConstraint(
                condition=models.Q(("kind", "api")), fields=("user",), name="token_user_api_uniq"
            ),
        ),
        migrations.RunPython(delete_proxy, migrations.RunPython.noop),
        migrations.RunPython(replace_keys_by_digests, delete_all),
    ]
