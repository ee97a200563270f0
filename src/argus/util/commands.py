"""Base class of management commands."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from .errors import DomainError

PASSWORD_IS_VISIBLE = "Other users of this machine can read passwords in command lines."


class ArgusCommand(BaseCommand):
    """A command that reports expected errors in one line, and exits with a status other than 0."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except DomainError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            reason = str(error).strip().splitlines()[0]
            raise CommandError(
                f'Database error: {reason}. Is the database running, and has "migrate" been run?'
            ) from error
