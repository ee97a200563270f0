"""Links to objects, and requests that are rolled back."""

from contextlib import contextmanager

from django.db import transaction


def path_to(row) -> str:
    return f"/api/{getattr(row, 'collection', 'users')}/{row.uuid.hex}/"


def link_to(row) -> str:
    """The link by the host name that the test client uses."""
    return f"http://testserver{path_to(row)}"


@contextmanager
def undone():
    """Take back what is done to the database within."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
