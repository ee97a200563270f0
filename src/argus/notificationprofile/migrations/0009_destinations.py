"""Destinations for further media: media are not limited to e-mail and SMS. Standard names of constraints and indexes."""

import django.db.models.deletion
import multiselectfield.db.fields
from django.conf import settings
from django.db import migrations, models

from argus.util.migrations import RenameConstraint

APP = "argus_notificationprofile"
INDEXES = {
    "delivery_unsettled": "delivery_due_idx",
    "delivery_queue": "delivery_queue_idx",
    "delivery_incident": "delivery_incident_idx",
    "delivery_age": "delivery_created_idx",
    "delivery_not_made": "delivery_verdict_idx",
    "delivery_with_reason": "delivery_reason_idx",
}


class Migration(migrations.Migration):
    dependencies = [
        (APP, "0008_outbox_into_change_feed"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Destination",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("medium", models.CharField(max_length=16)),
                ("label", models.CharField(max_length=50)),
                ("settings", models.JSONField(default=dict)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="destinations",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"ordering": ["medium", "label"]},
        ),
        migrations.AddConstraint(
            "destination",
            models.UniqueConstraint(fields=("user", "medium", "label"), name="destination_user_medium_label_uniq"),
        ),
        RenameConstraint(
            "timeslot",
            "timeslot_name_unique_for_user",
            models.UniqueConstraint(fields=("user", "name"), name="timeslot_user_name_uniq"),
        ),
        RenameConstraint(
            "filter",
            "filter_name_unique_for_user",
            models.UniqueConstraint(fields=("user", "name"), name="filter_user_name_uniq"),
        ),
        RenameConstraint(
            "timerecurrence",
            "recurrence_starts_before_end",
            models.CheckConstraint(
                condition=models.Q(("start__lt", models.F("end"))), name="timerecurrence_start_end_check"
            ),
        ),
        RenameConstraint(
            "delivery",
            "told_once_of_an_event",
            models.UniqueConstraint(
                fields=("event", "user", "medium", "address"), name="delivery_event_user_medium_address_uniq"
            ),
        ),
        *(migrations.RenameIndex("delivery", new_name=new, old_name=old) for old, new in INDEXES.items()),
        migrations.RemoveIndex("delivery", "delivery_by_sms"),
        migrations.AlterField("delivery", "medium", models.CharField(max_length=16)),
        migrations.AlterField("delivery", "address", models.CharField(blank=True, max_length=500)),
        migrations.AddField(
            "delivery",
            "destination",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="deliveries",
                to=f"{APP}.destination",
            ),
        ),
        migrations.AddIndex(
            "delivery",
            models.Index(
                condition=models.Q(("medium", "EM"), _negated=True), fields=["medium", "id"], name="delivery_medium_idx"
            ),
        ),
        migrations.AddIndex(
            "delivery",
            models.Index(
                condition=models.Q(("destination__isnull", False)),
                fields=["destination"],
                name="delivery_destination_idx",
            ),
        ),
        migrations.AlterField("mediumhealth", "medium", models.CharField(max_length=16, primary_key=True, serialize=False)),
        migrations.AlterField(
            "notificationprofile", "media", multiselectfield.db.fields.MultiSelectField(max_length=500)
        ),
    ]
