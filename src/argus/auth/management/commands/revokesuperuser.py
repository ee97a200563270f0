"""``manage.py revokesuperuser``: for whom to close the doors again."""

from argus.auth import services
from argus.util.commands import ArgusCommand


class Command(ArgusCommand):
    help = "Take superuser and staff rights away from a user."

    def add_arguments(self, parser):
        parser.add_argument("username", metavar="USERNAME", help="which user")

    def handle(self, *, username: str, **options):
        services.set_superuser(services.get_user(username), False, actor=services.COMMAND_LINE)
        self.stdout.write(f'"{username}" is no superuser any more.')
