"""Messages of domain errors."""

from argus.util.errors import DomainError, NotPermittedError


def test_error_reads_as_its_message():
    assert str(DomainError("No.", field="type")) == "No."


def test_error_of_several_fields_reads_as_all_messages():
    assert str(DomainError(messages={"a": "No.", "b": "Neither."})) == "No.; Neither."


def test_missing_permission_is_a_domain_error():
    assert isinstance(NotPermittedError("Superusers only."), DomainError)
