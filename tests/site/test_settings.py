"""Settings come from the environment; all invalid ones are reported at start, each in one line."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import execute_from_command_line

from argus.site import VERSION
from argus.site.checks import check_variables
from argus.site.settings.env import EXAMPLES, PORT, POSITIVE, Env, SettingsError, origin_of
from argus.site.settings.secret_key import kept_secret

pytestmark = pytest.mark.once

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


def read(kind: str, text: str, monkeypatch, default=..., **options):
    """What the variable is read as; ``SettingsError`` if it is invalid."""
    monkeypatch.setenv(NAME, text)
    env = Env()
    value = getattr(env, kind)(NAME, default, **options)
    env.report()
    return value


@pytest.mark.parametrize("text", ["1", "on", "TRUE", " yes "])
def test_words_for_true(monkeypatch, text):
    assert read("bool", text, monkeypatch) is True


@pytest.mark.parametrize("text", ["0", "off", "False", "NO"])
def test_words_for_false(monkeypatch, text):
    assert read("bool", text, monkeypatch) is False


@pytest.mark.parametrize(("kind", "default"), [("bool", True), ("int", 7), ("items", ["a"]), ("str", "default")])
def test_blank_variable_counts_as_not_set(monkeypatch, kind, default):
    assert read(kind, "  ", monkeypatch, default) == default


def test_items_have_no_blanks(monkeypatch):
    assert read("items", " a, ,b ,", monkeypatch) == ["a", "b"]


@pytest.mark.parametrize(
    ("kind", "text", "options"),
    [
        ("bool", "maybe", {}),
        ("int", "many", {}),
        ("int", "0", {"validate": POSITIVE}),
        ("int", "2147483648", {"validate": POSITIVE}),
        ("int", "65536", {"validate": PORT}),
        ("http_url", "ftp://example.org", {}),
        ("http_url", "example.org", {}),
        ("http_url", "https://user:hush@example.org", {}),
        ("redis_url", "http://:hush@example.org", {}),
        ("database_url", "nonsense://argus:hush@example.org/argus", {}),
        ("database_url", "postgresql://argus:hush@example.org:port/argus", {}),
        ("networks", "10.0.0.0/8,all", {}),
        ("networks", "10.0.0.1/8", {}),
        ("word", "hush", {"choices": ["LINE", "JSON"]}),
        ("str", "", {}),
    ],
)
def test_invalid_value_is_refused_in_a_line_that_names_the_variable_and_no_secret(monkeypatch, kind, text, options):
    with pytest.raises(SettingsError) as refusal:
        read(kind, text, monkeypatch, **options)
    (line,) = refusal.value.lines
    assert line.startswith(f"{NAME}: ")
    assert "hush" not in line


def test_connections_are_persistent_and_sqlite_writers_wait(monkeypatch):
    database = read("database_url", "sqlite:///some.sqlite3", monkeypatch)
    assert database["CONN_MAX_AGE"] > 0
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


@pytest.mark.parametrize(
    ("url", "origin"),
    [("https://a.example.org/app/", "https://a.example.org"), ("http://localhost:8080", "http://localhost:8080")],
)
def test_origin_has_no_path(url, origin):
    assert origin_of(url) == origin


def test_secret_key_is_created_once_and_readable_by_its_owner_only(tmp_path):
    path = tmp_path / "var" / "secret_key"
    key = kept_secret(path)
    assert len(key) >= 50
    assert kept_secret(path) == key
    assert path.stat().st_mode & 0o077 == 0
    assert [file.name for file in path.parent.iterdir()] == ["secret_key"]


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return execute([sys.executable, ROOT / "manage.py", *arguments], **environment)


def argus(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Run the installed command ``argus``."""
    program = "from argus.site.commandline import main; main()"
    return execute([sys.executable, "-c", program, *arguments], PYTHONPATH=str(ROOT / "src"), **environment)


def execute(command: list, **environment: str) -> subprocess.CompletedProcess:
    surroundings = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=60)


def missing(done: subprocess.CompletedProcess) -> list[str]:
    """Return the variables that the command says must be set."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return re.findall(r"^argus: ([A-Z_]+): must be set, for example to .+$", done.stderr, re.MULTILINE)


REQUIRED = ["DATABASE_URL", "DEFAULT_FROM_EMAIL", "EMAIL_HOST", "SECRET_KEY", "STATIC_ROOT"]
DATAPORTEN = {"ARGUS_DATAPORTEN_KEY": "key", "ARGUS_DATAPORTEN_SECRET": "secret"}


def test_argus_without_a_settings_module_is_production_and_names_all_that_is_missing_with_examples(tmp_path):
    done = argus("serve", ARGUS_VAR_DIR=str(tmp_path))

    assert sorted(missing(done)) == REQUIRED
    assert "production settings" in done.stderr.splitlines()[-1]
    assert "make run" in done.stderr.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def slow(*values) -> object:
    """Return a case that only ``make test-slow`` runs, because each starts a process."""
    return pytest.param(*values, marks=pytest.mark.slow)


def test_production_needs_neither_a_login_at_a_provider_nor_a_frontend(tmp_path):
    environment = {name: PRODUCTION[name] for name in REQUIRED}

    assert argus("check", **environment, ARGUS_VAR_DIR=str(tmp_path)).returncode == 0


@pytest.mark.parametrize(
    ("switched", "names"),
    [
        ({"ARGUS_SEND_NOTIFICATIONS": "off"}, ["DATABASE_URL", "SECRET_KEY", "STATIC_ROOT"]),
        ({"ARGUS_DATAPORTEN_KEY": "key"}, [*REQUIRED, "ARGUS_DATAPORTEN_SECRET"]),
        slow({"ARGUS_DATAPORTEN_SECRET": "secret"}, [*REQUIRED, "ARGUS_DATAPORTEN_KEY"]),
        ({"ARGUS_OIDC_ENDPOINT": "https://a.example.org"}, [*REQUIRED, "ARGUS_OIDC_KEY", "ARGUS_OIDC_SECRET"]),
        slow({"ARGUS_OIDC_KEY": "key"}, [*REQUIRED, "ARGUS_OIDC_ENDPOINT", "ARGUS_OIDC_SECRET"]),
        slow({"ARGUS_FRONTEND_URL": "https://a.example.org"}, REQUIRED),
        ({"ARGUS_FRONTEND_URL": "https://a.example.org", **DATAPORTEN}, [*REQUIRED, "ARGUS_COOKIE_DOMAIN"]),
        slow({"ARGUS_FRONTEND_URL": "https://a.example.org", **PROVIDER}, [*REQUIRED, "ARGUS_COOKIE_DOMAIN"]),
        slow(PROVIDER, REQUIRED),
    ],
)
def test_production_requires_only_what_is_switched_on(switched, names):
    done = argus("check", **switched)

    assert sorted(missing(done)) == sorted(names)


def test_every_variable_that_can_be_missing_has_an_example():
    modules = [(ROOT / "src/argus/site/settings" / name).read_text() for name in ("prod.py", "login.py", "static.py")]
    calls = re.findall(
        r"env\.(?:require|str|database_url)\(((?:\"[A-Z_]+\"(?:, )?)+)(?:validate=.*)?\)", "".join(modules)
    )
    required = set(re.findall(r"[A-Z_]+", " ".join(calls)))

    assert required
    assert required == set(EXAMPLES)


def test_unknown_variable_is_a_warning_with_the_most_similar_name_and_without_its_value():
    done = argus("check", **PRODUCTION, ARGUS_FRONTENDURL="hush", ARGUS_XYZZY="hush", ARGUS_ADMIN_PASSWORD="hush")

    assert done.returncode == 0
    assert "ARGUS_FRONTENDURL is set, but Argus has no such variable. Is ARGUS_FRONTEND_URL meant?" in done.stderr
    assert "ARGUS_XYZZY is set, but Argus has no such variable.\n" in done.stderr
    assert "ARGUS_ADMIN_PASSWORD" not in done.stderr
    assert "hush" not in done.stderr


def test_no_documented_variable_is_unknown(monkeypatch):
    page = (ROOT / "docs/reference/settings.md").read_text()
    for name in re.findall(r"^\| `(ARGUS_[A-Z_]+)`", page, re.MULTILINE):
        monkeypatch.setenv(name, "1")

    assert check_variables(None) == []


def test_settings_module_of_the_site_may_read_more_variables(tmp_path):
    module = (
        "from argus.site.settings.prod import *\nfrom argus.site.settings.env import Env\nX = Env().str('ARGUS_MORE')\n"
    )
    (tmp_path / "site_settings.py").write_text(module)
    environment = PRODUCTION | {"DJANGO_SETTINGS_MODULE": "site_settings", "ARGUS_MORE": "1"}
    program = "from argus.site.commandline import main; main()"
    path = f"{ROOT / 'src'}:{tmp_path}"

    done = execute([sys.executable, "-c", program, "check"], PYTHONPATH=path, **environment)

    assert done.returncode == 0
    assert "ARGUS_MORE" not in done.stderr


def test_all_problems_are_reported_at_once(tmp_path):
    environment = {**PRODUCTION, "ARGUS_VAR_DIR": str(tmp_path), "DEBUG": "maybe", "EMAIL_PORT": "many"}
    del environment["SECRET_KEY"], environment["ARGUS_COOKIE_DOMAIN"]
    done = manage("check", **environment)
    names = {line.removeprefix("argus: ").partition(":")[0] for line in done.stderr.splitlines()}
    assert done.returncode == 1
    assert names == {"SECRET_KEY", "ARGUS_COOKIE_DOMAIN", "DEBUG", "EMAIL_PORT"}
    assert len(done.stderr.splitlines()) == 4


@pytest.mark.parametrize("command", [manage, argus])
def test_version_is_that_of_argus_without_any_settings(command):
    assert command("--version").stdout.startswith(f"Argus {VERSION} ")


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (["migrate"], "Database error: "),
        pytest.param(
            ["createsuperuser", "--no-input", "--username=one", "--email=one@example.org"],
            "Database error: ",
            marks=pytest.mark.slow,
        ),
        (["sendtestemail", "one@example.org"], "Mail server error: "),
        pytest.param(["collectstatic", "--no-input", "--verbosity=0"], "", marks=pytest.mark.slow),
    ],
)
def test_unavailable_service_is_one_line(command, reason, tmp_path):
    (tmp_path / "file").touch()
    environment = PRODUCTION | {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": "1"}
    if not reason:
        environment["STATIC_ROOT"] = str(tmp_path / "file")

    done = argus(*command, **environment)

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"argus: {reason}")


@pytest.mark.slow
def test_traceback_of_an_unavailable_service_is_printed_on_request():
    assert "Traceback" in argus("migrate", "--traceback", **PRODUCTION).stderr


REPLACED = {
    "ARGUS_NOTIFICATION_GIVE_UP_AFTER": "ARGUS_NOTIFICATION_MAX_AGE",
    "ARGUS_NOTIFICATION_RETRY_FIRST": "ARGUS_NOTIFICATION_RETRY_INITIAL_DELAY",
    "ARGUS_NOTIFICATION_RETRY_MOST": "ARGUS_NOTIFICATION_RETRY_MAX_DELAY",
    "ARGUS_SMS_LENGTH": "ARGUS_SMS_MAX_LENGTH",
    "ARGUS_WEB_PROCESSES": "WEB_CONCURRENCY",
    "ARGUS_WEB_THREADS": "--threads",
}


def test_variables_of_an_earlier_version_are_refused_and_their_replacements_named(tmp_path):
    done = manage("check", **PRODUCTION, ARGUS_VAR_DIR=str(tmp_path), **dict.fromkeys(REPLACED, "8"))
    lines = {line.split(": ")[1]: line for line in done.stderr.splitlines()}
    assert set(lines) == set(REPLACED)
    for name, replacement in REPLACED.items():
        assert lines[name].startswith(f"argus: {name}: Has been removed.")
        assert replacement in lines[name]


def test_production_requires_https_of_the_provider(tmp_path):
    environment = {**PRODUCTION, **PROVIDER, "ARGUS_OIDC_ENDPOINT": "http://login.example.org"}

    done = manage("check", **environment, ARGUS_VAR_DIR=str(tmp_path))

    assert done.returncode != 0
    assert "ARGUS_OIDC_ENDPOINT: Must be an https URL." in done.stderr


def test_commands_without_a_database_fail_in_one_line(tmp_path):
    done = manage("grantsuperuser", "admin", ARGUS_VAR_DIR=str(tmp_path))
    assert done.returncode != 0
    assert "migrate" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_command_has_help(capsys):
    for path in (ROOT / "src/argus").glob("*/management/commands/[a-z]*.py"):
        if path.stem == "test":
            continue  # hands all of its arguments on to pytest
        with pytest.raises(SystemExit) as end:
            execute_from_command_line(["manage.py", path.stem, "--help"])
        assert end.value.code == 0, path.stem
        assert len(capsys.readouterr().out) > 200
