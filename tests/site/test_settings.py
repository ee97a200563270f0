"""Settings come from the environment; nonsense stops the start with one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from argus.site.settings.env import env_bool, env_database, env_int, env_list, env_networks, env_str, env_url, origin_of
from argus.site.settings.secret_key import kept_secret

ROOT = Path(__file__).parents[2]
NAME = "ARGUS_TEST_VALUE"
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "argus.site.settings.prod",
    "SECRET_KEY": "x" * 60,
    "DATABASE_URL": "postgresql://argus:hush@127.0.0.1:1/argus",
    "STATIC_ROOT": "static",
    "ARGUS_FRONTEND_URL": "https://argus.example.org",
    "ARGUS_COOKIE_DOMAIN": "example.org",
    "EMAIL_HOST": "smtp.example.org",
    "DEFAULT_FROM_EMAIL": "argus@example.org",
    "ARGUS_DATAPORTEN_KEY": "key",
    "ARGUS_DATAPORTEN_SECRET": "secret",
}
PROVIDER = {
    "ARGUS_OIDC_ENDPOINT": "https://login.example.org",
    "ARGUS_OIDC_KEY": "key",
    "ARGUS_OIDC_SECRET": "secret",
}


@pytest.mark.parametrize("text", ["1", "on", "TRUE", " yes "])
def test_words_for_true(monkeypatch, text):
    monkeypatch.setenv(NAME, text)
    assert env_bool(NAME, False) is True


@pytest.mark.parametrize("text", ["0", "off", "False", "NO"])
def test_words_for_false(monkeypatch, text):
    monkeypatch.setenv(NAME, text)
    assert env_bool(NAME, True) is False


def test_an_empty_value_counts_as_not_set(monkeypatch):
    monkeypatch.setenv(NAME, "  ")
    assert env_bool(NAME, True) is True
    assert env_int(NAME, 7) == 7
    assert env_list(NAME, ["a"]) == ["a"]
    assert env_str(NAME, "default") == "default"


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (lambda: env_bool(NAME, True), "maybe"),
        (lambda: env_int(NAME, 1), "many"),
        (lambda: env_int(NAME, 1, minimum=1), "0"),
        (lambda: env_url(NAME), "ftp://example.org"),
        (lambda: env_url(NAME), "example.org"),
        (lambda: env_database(NAME), "nonsense://"),
        (lambda: env_networks(NAME), "10.0.0.0/8,everybody"),
        (lambda: env_networks(NAME), "10.0.0.1/8"),
        (lambda: env_str(NAME), ""),
    ],
)
def test_nonsense_is_refused_in_the_name_of_the_variable(monkeypatch, read, text):
    monkeypatch.setenv(NAME, text)
    with pytest.raises(ImproperlyConfigured, match=NAME):
        read()


def test_a_database_url_that_cannot_be_read_is_not_repeated(monkeypatch):
    monkeypatch.setenv(NAME, "nonsense://argus:hush@example.org/argus")
    with pytest.raises(ImproperlyConfigured) as refusal:
        env_database(NAME)
    assert "hush" not in str(refusal.value)


def test_connections_last_and_sqlite_lets_writers_queue(monkeypatch):
    monkeypatch.setenv(NAME, "sqlite:///some.sqlite3")
    database = env_database(NAME)
    assert database["CONN_MAX_AGE"] > 0
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


@pytest.mark.parametrize(
    ("url", "origin"),
    [("https://a.example.org/app/", "https://a.example.org"), ("http://localhost:8080", "http://localhost:8080")],
)
def test_an_origin_has_no_path(url, origin):
    assert origin_of(url) == origin


def test_the_secret_key_is_made_once_and_is_for_its_owner_only(tmp_path):
    path = tmp_path / "var" / "secret_key"
    key = kept_secret(path)
    assert len(key) >= 50
    assert kept_secret(path) == key
    assert path.stat().st_mode & 0o077 == 0
    assert [file.name for file in path.parent.iterdir()] == ["secret_key"]


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, ROOT / "manage.py", *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("name", sorted(set(PRODUCTION) - {"DJANGO_SETTINGS_MODULE"}))
def test_production_does_not_start_without_what_it_needs(name, tmp_path):
    environment = {**PRODUCTION, "ARGUS_VAR_DIR": str(tmp_path)}
    del environment[name]
    done = manage("check", **environment)
    assert done.returncode != 0
    assert done.stderr.strip().splitlines() == [f"argus: {name} must be set"]


@pytest.mark.parametrize("name", ["ARGUS_OIDC_KEY", "ARGUS_OIDC_SECRET"])
def test_a_provider_without_credentials_stops_the_start(name, tmp_path):
    environment = {**PRODUCTION, **PROVIDER, "ARGUS_VAR_DIR": str(tmp_path)}
    del environment[name]

    assert manage("check", **environment).stderr.strip().splitlines() == [f"argus: {name} must be set"]


def test_with_another_provider_production_does_not_need_dataporten(tmp_path):
    environment = {**PRODUCTION, **PROVIDER, "ARGUS_VAR_DIR": str(tmp_path)}
    del environment["ARGUS_DATAPORTEN_KEY"], environment["ARGUS_DATAPORTEN_SECRET"]

    assert manage("check", **environment).returncode == 0


def test_production_talks_to_no_provider_in_the_clear(tmp_path):
    environment = {**PRODUCTION, **PROVIDER, "ARGUS_OIDC_ENDPOINT": "http://login.example.org"}

    done = manage("check", **environment, ARGUS_VAR_DIR=str(tmp_path))

    assert done.returncode != 0
    assert "ARGUS_OIDC_ENDPOINT must be an https URL" in done.stderr


def test_commands_fail_in_one_plain_line_when_the_database_is_not_there(tmp_path):
    done = manage("grantsuperuser", "admin", ARGUS_VAR_DIR=str(tmp_path))
    assert done.returncode != 0
    assert "migrate" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_command_of_ours_explains_itself(capsys):
    for path in (ROOT / "src/argus").glob("*/management/commands/[a-z]*.py"):
        if path.stem == "test":
            continue  # hands all of its arguments on to pytest
        with pytest.raises(SystemExit) as end:
            execute_from_command_line(["manage.py", path.stem, "--help"])
        assert end.value.code == 0, path.stem
        assert len(capsys.readouterr().out) > 200
