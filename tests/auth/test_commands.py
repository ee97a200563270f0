"""Accounts from the command line."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError

from argus.auth.authtoken.models import digest_of
from argus.auth.models import User
from argus.incident.models import SourceSystem, SourceSystemType
from tests.fixtures import said_by

pytestmark = pytest.mark.django_db


class Terminal(StringIO):
    """Standard input of a user at a terminal."""

    def isatty(self) -> bool:
        return True


def set_password(monkeypatch, stdin: StringIO, *typed: str) -> None:
    """Run the command with this standard input; ``typed`` is what the user answers at the terminal."""
    answers = iter(typed)
    monkeypatch.setattr("sys.stdin", stdin)
    monkeypatch.setattr("argus.auth.management.commands.setpassword.getpass", lambda prompt: next(answers))
    said_by("setpassword", "kari")


def test_a_password_is_set_without_any_policy(monkeypatch, capsys):
    kari = User.objects.create_user("kari", password="old")
    ways = {
        "typed": lambda: set_password(monkeypatch, Terminal(), "typed", "typed"),
        " read ": lambda: set_password(monkeypatch, StringIO(" read \r\nmore\n")),
        "1": lambda: said_by("setpassword", "kari", "1"),
    }
    for password, run in ways.items():
        run()
        kari.refresh_from_db()
        assert kari.check_password(password)
        # Only an argument is visible to others.
        assert ("command lines" in capsys.readouterr().err) == (password == "1")


@pytest.mark.parametrize(
    ("stdin", "typed"), [(Terminal(), ["a", "b"]), (Terminal(), ["", ""]), (StringIO(""), []), (StringIO("\n"), [])]
)
def test_passwords_that_differ_or_are_empty_change_nothing(monkeypatch, stdin, typed):
    kari = User.objects.create_user("kari", password="old")

    with pytest.raises(CommandError, match="Nothing was changed"):
        set_password(monkeypatch, stdin, *typed)

    kari.refresh_from_db()
    assert kari.check_password("old")


def test_superuser_rights_are_granted_and_revoked():
    User.objects.create_user("kari")
    said_by("grantsuperuser", "kari")
    kari = User.objects.get(username="kari")
    assert (kari.is_superuser, kari.is_staff) == (True, True)
    said_by("revokesuperuser", "kari")
    kari.refresh_from_db()
    assert (kari.is_superuser, kari.is_staff) == (False, False)


@pytest.mark.parametrize(
    "command",
    [
        ["setpassword", "unknown", "x"],
        ["grantsuperuser", "unknown"],
        ["revokesuperuser", "unknown"],
        ["drf_create_token", "unknown"],
    ],
)
def test_an_unknown_user_is_an_error_that_names_it(command):
    with pytest.raises(CommandError, match="unknown"):
        said_by(*command)


def test_create_source_creates_type_account_and_token():
    text = said_by("create_source", "nav.example.org", "-t", "nav", "-b", "https://nav.example.org", "--json")
    facts = json.loads(text)
    source = SourceSystem.objects.get(name="nav.example.org")
    assert source.user.tokens.get().digest == digest_of(facts["token"])
    assert facts == {
        "pk": source.pk,
        "name": "nav.example.org",
        "type": "nav",
        "username": "nav.example.org",
        "token": facts["token"],
    }
    assert source.base_url == "https://nav.example.org"
    assert not source.user.is_superuser
    assert not source.user.has_usable_password()


def test_a_token_is_printed_once_and_replaced_on_request():
    user = User.objects.create_user("kari")

    first = said_by("drf_create_token", "kari").split()[2]
    with pytest.raises(CommandError, match="--reset"):
        said_by("drf_create_token", "kari")
    assert user.tokens.get().digest == digest_of(first)

    second = said_by("drf_create_token", "--reset", "kari").split()[2]
    assert user.tokens.get().digest == digest_of(second) != digest_of(first)


def test_a_second_source_of_the_type_may_have_another_account():
    said_by("create_source", "one", "-t", "nav")
    text = said_by("create_source", "two", "-t", "nav", "-u", "nav-two")
    assert "username: nav-two" in text
    assert SourceSystemType.objects.filter(name="nav").count() == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["taken", "-t", "nav"],
        ["new", "-t", "NAV"],
        ["with blank", "-t", "nav"],
        ["new", "-t", "nav", "-b", "javascript:alert(1)"],
    ],
)
def test_failed_create_source_changes_nothing(arguments):
    said_by("create_source", "taken", "-t", "nav")
    before = SourceSystem.objects.count(), SourceSystemType.objects.count(), User.objects.count()
    with pytest.raises(CommandError):
        said_by("create_source", *arguments)
    assert (SourceSystem.objects.count(), SourceSystemType.objects.count(), User.objects.count()) == before
