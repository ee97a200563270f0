"""``manage.py create_fake_incident``: create an incident to test notifications and the live view."""

import secrets
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction
from django.utils import timezone

from argus.incident import creation, sources
from argus.incident.tags import add_tags, split_tag
from argus.util.commands import ArgusCommand
from argus.util.infinity import INFINITY


class Command(ArgusCommand):
    help = 'Create an open incident of the source "argus", starting now.'

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("-t", "--tags", nargs="+", default=[], metavar="KEY=VALUE", help="additional tags")
        parser.add_argument("-d", "--description", default="Incident created by hand", help="what is wrong")

    @transaction.atomic
    def handle(self, *, tags: list[str], description: str, **options: Any) -> None:
        source = sources.get_argus_source()
        incident = creation.create_incident(
            source,
            actor=source.user,
            start_time=timezone.now(),
            end_time=INFINITY,
            source_incident_id=str(secrets.randbelow(2**31)),
            description=description,
            tags=[("location", "argus"), ("problem_type", "test"), *(split_tag(tag) for tag in tags)],
        )
        add_tags(incident, [("object", str(incident.pk))], actor=source.user)
        self.stdout.write(f"Incident {incident.pk} is open.")
