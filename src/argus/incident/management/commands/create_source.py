"""``manage.py create_source``: set up a source system."""

import json
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction

from argus.auth.services import replace_token
from argus.incident import sources
from argus.util.commands import ArgusCommand


class Command(ArgusCommand):
    help = "Create a source system with its type, its account and a token, and print them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="name of the source, such as nav.example.org")
        parser.add_argument("-t", "--type", required=True, help="type of the source, such as nav; created if missing")
        parser.add_argument("-u", "--username", default="", help="user name of its account (default: NAME)")
        parser.add_argument("-b", "--base-url", default="", help="URL against which details URLs are resolved")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of lines")

    def handle(self, *, name: str, type: str, username: str, base_url: str, **options: Any) -> None:
        with transaction.atomic():
            actor = sources.get_argus_source().user
            source_type = sources.get_source_type(type, actor=actor)
            source = sources.create_source(
                name, actor=actor, source_type=source_type, base_url=base_url, username=username
            )
            token = replace_token(source.user, actor=actor)
        values = {
            "pk": source.pk,
            "name": source.name,
            "type": type,
            "username": source.user.username,
            "token": token.key,
        }
        lines = json.dumps(values) if options["json"] else "\n".join(f"{key}: {value}" for key, value in values.items())
        self.stdout.write(lines)
