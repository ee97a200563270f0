"""``manage.py setpassword``: for unattended set-ups; ``changepassword`` asks instead."""

from argus.auth import services
from argus.util.commands import ArgusCommand


class Command(ArgusCommand):
    help = "Give a user a password. No policy is applied; mind that others may see it in the list of processes."

    def add_arguments(self, parser):
        parser.add_argument("username", metavar="USERNAME", help="whose password")
        parser.add_argument("password", metavar="PASSWORD", help="the new password")

    def handle(self, *, username: str, password: str, **options):
        services.set_password(services.get_user(username), password, actor=services.COMMAND_LINE)
        self.stdout.write(f'"{username}" has a new password.')
