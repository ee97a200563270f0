"""Labels and help texts of deliveries in plain words. No change in the database."""

from django.db import migrations, models
from django.utils import timezone

REASONS = [
    ("", "-"),
    ("outside timeslot", "Outside the time slot"),
    ("filter", "No filter matches"),
    ("inactive profile", "The profile is inactive"),
    ("medium not configured", "The medium is not configured"),
    ("no address", "The user has no address for the medium"),
    ("restricted", "The incident is restricted to staff"),
    ("quiet", "The event sends no notifications"),
    ("switched off", "Notifications are switched off"),
]


class Migration(migrations.Migration):
    dependencies = [("argus_notificationprofile", "0009_destinations")]

    operations = [
        migrations.AlterField(
            "delivery", "reason", models.CharField(blank=True, choices=REASONS, default="", max_length=21)
        ),
        migrations.AlterField(
            "delivery",
            "due",
            models.DateTimeField(default=timezone.now, help_text="Time of the next attempt."),
        ),
        migrations.AlterField(
            "delivery",
            "leased_until",
            models.DateTimeField(help_text="A worker is sending it until then.", null=True),
        ),
        migrations.AlterField(
            "delivery",
            "settled",
            models.DateTimeField(help_text="When it was sent, failed permanently, or was suppressed.", null=True),
        ),
    ]
