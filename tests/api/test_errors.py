"""Errors as responses."""

from argus.api.errors import exception_handler
from argus.incident.models import Incident


def test_object_deleted_meanwhile_is_404():
    answer = exception_handler(Incident.DoesNotExist("Incident matching query does not exist."), {})
    assert answer.status_code == 404
    assert set(answer.data) == {"detail"}
