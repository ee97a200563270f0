"""Every way to start Argus reports invalid settings in one line each, without secrets, and does not start."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks
from django.test import override_settings

from tests.site.test_settings import PRODUCTION, ROOT

pytestmark = pytest.mark.once

DJANGO = [sys.executable, "-m", "django"]
UVICORN = [sys.executable, "-m", "uvicorn", "--port=1", "argus.site.asgi:application"]
GUNICORN = [sys.executable, "-m", "gunicorn", "--bind=127.0.0.1:0", "--config=python:argus.site.gunicorn_config"]
# With several workers, gunicorn logs a traceback of its own if two of them fail to boot at the same time.
GUNICORN += ["--workers=1"]
ENTRIES = {
    "manage.py": [sys.executable, str(ROOT / "manage.py"), "serve"],
    "django-admin": [*DJANGO, "migrate"],
    "worker": [*DJANGO, "send_notifications"],
    "uvicorn": UVICORN,
    "gunicorn": GUNICORN,
}
HUSH = "hush-hush-hush"
NONSENSE = {
    "ALLOWED_HOSTS": None,
    "ARGUS_FRONTEND_URL": f"https://argus:{HUSH}@argus.example.org",
    "ARGUS_LOG_LEVEL": "LOUD",
    "ARGUS_REDIS_URL": f"http://:{HUSH}@localhost",
    "ARGUS_RETENTION_DAYS": "-1",
    "ARGUS_WEB_THREADS": "0",
    "DATABASE_URL": f"nonsense://argus:{HUSH}@localhost/argus",
    "DEBUG": "maybe",
    "DJANGO_SETTINGS_MODULE": "argus.site.settings.production",
    "EMAIL_PORT": "66000",
    "SECRET_KEY": HUSH,
    "SECURE_HSTS_SECONDS": "9999999999",
    "TIME_ZONE": "Mars/Olympus",
}


def begin(command: list[str], **environment: str) -> subprocess.CompletedProcess:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"), **PRODUCTION, **environment}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, cwd="/")


def ours(done: subprocess.CompletedProcess) -> list[str]:
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("argus: ")]


def test_modules_of_web_servers_are_excluded_from_garbage_collection():
    program = "import argus.site.wsgi, gc; print(gc.get_freeze_count() > 10 * len(gc.get_objects()))"
    assert begin([sys.executable, "-c", program]).stdout == "True\n"


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_entry_point_ends_with_one_line_and_no_traceback(entry):
    if "gunicorn" in entry and not find_spec("gunicorn"):
        pytest.skip("gunicorn is not installed here; tests/test_containers.py has it")
    done = begin(ENTRIES[entry], SECRET_KEY=HUSH)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert set(ours(done)) == {"argus: SECRET_KEY: Shorter than minimum length 32."}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, value in NONSENSE.items() if value])
def test_invalid_variable_is_refused_in_one_line_without_secrets(name):
    done = begin([sys.executable, str(ROOT / "manage.py"), "migrate"], **{name: NONSENSE[name]})
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"argus: {name}: ")
    assert HUSH not in done.stdout + done.stderr


def test_folder_that_cannot_be_created_is_refused_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    environment = {"DJANGO_SETTINGS_MODULE": "argus.site.settings.dev", "SECRET_KEY": ""}
    done = begin(
        [sys.executable, str(ROOT / "manage.py"), "check"], ARGUS_VAR_DIR=str(tmp_path / "file"), **environment
    )
    assert [line[:22] for line in done.stderr.splitlines()] == ["argus: ARGUS_VAR_DIR: "]


def test_failing_checks_stop_a_server():
    done = begin(UVICORN, ARGUS_COOKIE_DOMAIN="example.com")
    assert done.returncode != 0
    assert [line for line in ours(done) if "ARGUS_COOKIE_DOMAIN" in line and "argus.E001" in line] == ours(done) != []


FITTING = {"ARGUS_FRONTEND_URL": "https://a.example.org", "ARGUS_COOKIE_DOMAIN": "example.org"}


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ({}, []),
        ({"ARGUS_COOKIE_DOMAIN": ".a.example.org"}, []),
        ({"ARGUS_COOKIE_DOMAIN": ""}, []),
        ({"ARGUS_COOKIE_DOMAIN": "ample.org"}, ["argus.E001"]),
        ({"EMAIL_PORT": 465, "EMAIL_USE_TLS": True}, ["argus.E002"]),
        ({"EMAIL_HOST": "smtp.example.org", "EMAIL_HOST_PASSWORD": "x", "EMAIL_USE_TLS": False}, ["argus.W001"]),
        ({"EMAIL_HOST": "localhost", "EMAIL_HOST_PASSWORD": "x", "EMAIL_USE_TLS": False}, []),
        ({"ALLOWED_HOSTS": ["*"]}, ["argus.W003"]),
    ],
)
def test_checks_of_settings(wrong, found):
    with override_settings(**FITTING | wrong):
        assert [one.id for one in run_checks(tags=["argus"])] == found


def test_missing_static_files_are_a_warning(tmp_path):
    manifest = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}
    with override_settings(STORAGES=django_settings.STORAGES | manifest, STATIC_ROOT=str(tmp_path)):
        assert [one.id for one in run_checks(tags=["argus"])] == ["argus.W002"]
        (tmp_path / "staticfiles.json").write_text("{}")
        assert run_checks(tags=["argus"]) == []


def test_every_check_is_documented():
    sources = [path.read_text() for path in (ROOT / "src" / "argus").glob("*/checks.py")]
    ids = {found for text in sources for found in re.findall(r'id="([\w.]+)"', text)}
    page = Path(ROOT / "docs" / "reference" / "checks.md").read_text()
    assert set(re.findall(r"^\| `([^`]+)`", page, re.MULTILINE)) == ids


def test_debug_pages_show_no_password(client, settings, monkeypatch):
    settings.DEBUG = True
    settings.ARGUS_REDIS_URL = f"redis://:{HUSH}@localhost:6379/0"
    settings.CHANNEL_LAYERS = {"default": {"CONFIG": {"hosts": [{"address": settings.ARGUS_REDIS_URL}]}}}
    settings.EMAIL_HOST_PASSWORD = HUSH
    # Not into the dictionary that connections are made by.
    settings.DATABASES = {"default": {**settings.DATABASES["default"], "PASSWORD": HUSH}}

    def fail(self, *args, **kwargs):
        database_url = f"postgresql://argus:{HUSH}@localhost/argus"
        raise RuntimeError(f"cannot reach {len(database_url)}")

    monkeypatch.setattr("argus.site.views.FrontPage.get", fail)
    client.raise_request_exception = False
    for accept in ("text/html", "text/plain"):
        answer = client.get("/", headers={"accept": accept, "authorization": f"Token {HUSH}"})
        assert answer.status_code == 500
        assert HUSH not in answer.content.decode()
    assert "cannot reach" in answer.content.decode()
