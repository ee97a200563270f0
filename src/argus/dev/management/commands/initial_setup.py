"""``manage.py initial_setup``: create the first superuser and the source of Argus itself."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from argus.dev import setup
from argus.incident import sources
from argus.util.commands import PASSWORD_IS_VISIBLE, ArgusCommand

CURL = """\
curl {address}/api/v1/incidents/ \\
  -H 'Authorization: Token {token}' -H 'Content-Type: application/json' \\
  -d '{{"start_time": "'"$(date -u +%Y-%m-%dT%H:%M:%SZ)"'", "end_time": "infinity",
       "source_incident_id": "'"$(date +%s)"'", "description": "Router in the basement does not answer",
       "tags": [{{"tag": "host=basement-gw"}}, {{"tag": "problem_type=boxDown"}}]}}'"""

KNOWN_TOKEN = f"""\
TOKEN is the token of the source "{setup.EXAMPLE}" that was printed when it was created. Replace a lost token:

argus drf_create_token --reset {setup.EXAMPLE}
"""

LOCAL_HOSTS = {"*", "127.0.0.1", "localhost", "[::1]"}


class Command(ArgusCommand):
    help = "Create the first superuser and the source system of Argus itself. Existing ones are not changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("-u", "--username", default="admin", help="name of the superuser (default: %(default)s)")
        parser.add_argument(
            "-p", "--password", help="the superuser's password (default: $ARGUS_ADMIN_PASSWORD, else a random one)"
        )
        parser.add_argument("-e", "--email", default="", help="the superuser's e-mail address")
        parser.add_argument(
            "--example",
            action="store_true",
            help="create an example source, and print how it posts an incident",
        )

    def handle(self, *, username: str, password: str | None, email: str, example: bool, **options: Any) -> None:
        if not username.strip():
            raise CommandError("--username must not be empty.")
        address = server_address()
        if password:
            self.stderr.write(f"{PASSWORD_IS_VISIBLE} Use the variable ARGUS_ADMIN_PASSWORD.")
        given = password or os.environ.get("ARGUS_ADMIN_PASSWORD")
        chosen = given or setup.generate_password()
        created = setup.ensure_admin(username, password=chosen, email=email)
        sources.get_argus_source()
        self.stdout.write(f"Admin: {address}/admin/ - user: {username}")
        if not created:
            self.stdout.write(f'  "{username}" exists already; the password was not changed.')
        elif not given:
            self.stdout.write(f'  Password: "{chosen}" - it is not shown again.')
        if example:
            token = setup.create_example_token()
            curl = CURL.format(address=address, token=token or "TOKEN")
            self.stdout.write(f"\nIn another terminal, ./argus help lists the commands. Post an incident:\n\n{curl}\n")
            if not token:
                self.stdout.write(KNOWN_TOKEN)


def server_address() -> str:
    """Return the URL of this server: its first public name behind TLS, else this machine."""
    public = [host.lstrip(".") for host in settings.ALLOWED_HOSTS if host not in LOCAL_HOSTS]
    if public and settings.SESSION_COOKIE_SECURE:
        return f"https://{public[0]}"
    return f"http://localhost:{os.environ.get('PORT') or 8000}"
