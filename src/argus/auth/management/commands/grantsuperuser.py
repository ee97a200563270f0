"""``manage.py grantsuperuser``: for whom to open every door."""

from argus.auth import services
from argus.util.commands import ArgusCommand


class Command(ArgusCommand):
    help = "Make a user a superuser and member of the staff."

    def add_arguments(self, parser):
        parser.add_argument("username", metavar="USERNAME", help="which user")

    def handle(self, *, username: str, **options):
        services.set_superuser(services.get_user(username), True, actor=services.COMMAND_LINE)
        self.stdout.write(f'"{username}" is a superuser now.')
