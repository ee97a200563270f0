"""``argus send_test_message``: send a test message to a user."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from argus.auth.services import get_user
from argus.notificationprofile.test_message import send_test_message
from argus.util.commands import ArgusCommand


class Command(ArgusCommand):
    help = (
        "Send a test message to each address of the user's active notification profiles, or to their e-mail address if "
        "they have no profile, and report whether it was accepted. Neither time slots nor filters count."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", metavar="USERNAME", help="user name")

    def handle(self, *, username: str, **options: Any) -> None:
        attempts = send_test_message(get_user(username))
        for attempt in attempts:
            to = f" to {attempt.address}" if attempt.address else ""
            outcome = f"not sent: {attempt.problem}" if attempt.problem else "sent"
            self.stdout.write(f"{attempt.medium}{to}: {outcome}")
        if not settings.ARGUS_SEND_NOTIFICATIONS:
            self.stderr.write("Notifications are switched off (ARGUS_SEND_NOTIFICATIONS): incidents send no messages.")
        if any(attempt.problem for attempt in attempts):
            raise CommandError("Not all messages were sent.")
