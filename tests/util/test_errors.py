"""Refusals in plain words."""

from argus.util.errors import DomainError, NotPermitted


def test_an_error_reads_as_its_sentence():
    assert str(DomainError("No.", field="type")) == "No."


def test_an_error_about_several_fields_reads_as_all_their_sentences():
    assert str(DomainError(messages={"a": "No.", "b": "Neither."})) == "No.; Neither."


def test_what_is_not_permitted_is_a_refusal_of_the_domain():
    assert isinstance(NotPermitted("Not you."), DomainError)
