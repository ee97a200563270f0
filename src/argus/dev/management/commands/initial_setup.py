"""``manage.py initial_setup``: from an empty database to one that somebody can log in to."""

import os

from django.core.management.base import CommandError

from argus.dev import setup
from argus.incident import sources
from argus.util.commands import ArgusCommand

CURL = """\
curl {address}/api/v1/incidents/ \\
  -H 'Authorization: Token {token}' -H 'Content-Type: application/json' \\
  -d '{{"start_time": "'"$(date -u +%Y-%m-%dT%H:%M:%SZ)"'", "end_time": "infinity",
       "source_incident_id": "'"$(date +%s)"'", "description": "Router in the basement does not answer",
       "tags": [{{"tag": "host=basement-gw"}}, {{"tag": "problem_type=boxDown"}}]}}'"""


class Command(ArgusCommand):
    help = "Make the first superuser and the source system that Argus itself posts by. What exists stays as it is."

    def add_arguments(self, parser):
        parser.add_argument("-u", "--username", default="admin", help="name of the superuser (default: %(default)s)")
        parser.add_argument(
            "-p", "--password", help="the superuser's password (default: $ARGUS_ADMIN_PASSWORD, else one is made up)"
        )
        parser.add_argument("-e", "--email", default="", help="the superuser's e-mail address")
        parser.add_argument(
            "--example", action="store_true", help="add an example source and show how to post an incident by it"
        )

    def handle(self, *, username: str, password: str | None, email: str, example: bool, **options):
        if not username.strip():
            raise CommandError("The superuser needs a name.")
        address = f"http://localhost:{os.environ.get('PORT') or 8000}"
        given = password or os.environ.get("ARGUS_ADMIN_PASSWORD")
        chosen = given or setup.make_up_password()
        made = setup.ensure_admin(username, password=chosen, email=email)
        sources.get_argus_source()
        self.stdout.write(f"Admin: {address}/admin/ - user: {username}")
        if not made:
            self.stdout.write(f'  "{username}" exists already, with the password it has.')
        elif not given:
            self.stdout.write(f'  Password: "{chosen}" - it is shown this once only and stored nowhere in clear.')
        if example:
            curl = CURL.format(address=address, token=setup.ensure_example_token())
            self.stdout.write(f"\nPost an incident:\n\n{curl}\n")
