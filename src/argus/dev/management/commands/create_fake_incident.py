"""``manage.py create_fake_incident``: to see whether everything behind an incident works."""

import secrets

from django.db import transaction
from django.utils import timezone

from argus.incident import services, sources
from argus.incident.tags import add_tags, split_tag
from argus.util.commands import ArgusCommand
from argus.util.infinity import INFINITY


class Command(ArgusCommand):
    help = 'Open an incident of the source "argus", as if something had happened now.'

    def add_arguments(self, parser):
        parser.add_argument(
            "-t", "--tags", nargs="+", default=[], metavar="KEY=VALUE", help="tags besides the usual ones"
        )
        parser.add_argument("-d", "--description", default="Incident made up by hand", help="what is wrong")

    @transaction.atomic
    def handle(self, *, tags: list[str], description: str, **options):
        source = sources.get_argus_source()
        incident = services.create_incident(
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
