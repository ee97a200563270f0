"""What Argus' own commands share."""

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from argus.util.errors import DomainError


class PlainCommand(BaseCommand):
    """A command that ends with one plain line and a non-zero exit when it cannot do what it was asked for."""

    def execute(self, *args, **options):
        try:
            return super().execute(*args, **options)
        except DomainError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            reason = str(error).strip().splitlines()[0]
            raise CommandError(
                f'The database refuses ({reason}). Is it running, and has "migrate" been run?'
            ) from error
