"""``manage.py create_source``: all that a monitoring system needs to post incidents."""

import json

from django.db import transaction

from argus.auth.services import replace_token
from argus.incident import sources
from argus.util.commands import ArgusCommand


class Command(ArgusCommand):
    help = "Set up a source system with its type, its account and a token, and print them."

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME", help="name of the source, such as nav.example.org")
        parser.add_argument("-t", "--type", required=True, help="kind of source, such as nav; made if it is new")
        parser.add_argument("-u", "--username", default="", help="name of its account (default: the source's name)")
        parser.add_argument("-b", "--base-url", default="", help="what relative details URLs are joined to")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of lines")

    def handle(self, *, name: str, type: str, username: str, base_url: str, **options):
        with transaction.atomic():
            actor = sources.get_argus_source().user
            source = sources.create_source(
                name,
                actor=actor,
                source_type=sources.get_source_type(type, actor=actor),
                base_url=base_url,
                username=username,
            )
            token = replace_token(source.user, actor=actor)
        facts = {"pk": source.pk, "name": source.name, "type": type, "username": source.user.username}
        facts["token"] = token.key
        lines = json.dumps(facts) if options["json"] else "\n".join(f"{key}: {fact}" for key, fact in facts.items())
        self.stdout.write(lines)
