"""Every shell command of README and documentation is executed, or there is a reason why not; a new one must choose."""

import os
import re
import secrets
import shutil
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.live import Argus, execute, new_database
from tests.servers import find_postgres_programs
from tests.test_servers import connect_to

ROOT = Path(__file__).parent.parent
PAGES = [path.relative_to(ROOT) for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]]
PAGES = [str(page) for page in PAGES if "_build" not in page.parts]
BLOCK = re.compile(r"^( *)```(?:sh|console|bash|shell)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)

# What is not executed here: what a command begins with, and why.
EXEMPT = {
    "make": "makes environments, or takes minutes; here the goals are looked up, and what they call is this suite",
    ".venv/bin/python -m pytest": "is this suite",
    ".venv/bin/python -m tests.words": "is part of this suite: tests/test_words.py",
    "./argus runserver": "serves until it is stopped; tests/live.py has servers",
    "gunicorn": "serves until it is stopped; tests/test_containers.py does it",
    "uvicorn": "serves until it is stopped; tests/site/test_startup.py starts it",
    "pip install": "changes the environment; tests/test_containers.py does it in one of its own",
    "docker": "needs a container engine; tests/test_containers.py executes what it would",
    "/srv/argus/venv/bin/": "is about a path of root's; tests/test_containers.py executes the same commands",
    "python3 -m venv /srv": "is about a path of root's; tests/test_containers.py executes the Dockerfile's",
    "set -a; . /etc/argus/env": "is about a file of root's",
    "useradd": "needs root",
    "install -D": "needs root",
    "cp deploy/": "needs root",
    "systemctl": "needs systemd; tests/test_containers.py looks at the units",
    "sudo -u postgres createuser": "needs an installed PostgreSQL; tests have a server of their own",
    "sudo -u postgres createdb --owner=argus argus": "needs an installed PostgreSQL; tests have a server of their own",
    "curl https://": "needs the installation",
}
# Addresses that readers replace by their own.
TARGET = "postgresql://argus:secret@localhost/argus"
DEMO = ["create_demo"]
# Members of the staff, people of a customer, and their tokens, by the names that the pages use.
INVENTORY = """
from uuid import UUID
from argus.auth.models import User
from argus.auth.services import replace_token
from argus.inventory import services
from argus.inventory.models import Customer

staff = User.objects.create_user("watcher", is_staff=True)
kari = User.objects.create_user("kari", uuid=UUID("0238d71ee1934bd2839d4e71e5f9b91a"))
customer = services.create_customer("Customer", actor=staff)
Customer.objects.filter(pk=customer.pk).update(uuid=UUID("53c6e86406e349faa7924f4c865b15ab"))
project = services.create_project(customer, actor=staff, name="Project", project_groups=[])
services.grant_role(project, actor=staff, user=kari, role="admin")
print(f"STAFF={replace_token(staff, actor=staff).key}")
print(f"KARI={replace_token(kari, actor=kari).key}")
print(f"PROJECT=http://localhost:8000/api/projects/{project.uuid.hex}/")
"""
AS_STAFF = ["shell", "--verbosity=0", "-c", INVENTORY]
# Commands before a page begins; what they print as NAME=value, the page knows.
PREPARATION = {
    "docs/quickstart.md": [DEMO],
    "docs/reference/api.md": [DEMO, ["setpassword", "kari", "correct horse"]],
    "docs/howto/be-notified.md": [DEMO, ["drf_create_token", "kari"]],
    "docs/howto/report-alerts.md": [AS_STAFF],
    "docs/reference/inventory.md": [AS_STAFF],
}
PREAMBLE = """
set -eu
PRINTED=$PWD/var/printed
exec 3>&1 >>"$PRINTED"
trap 'cat "$PRINTED" >&3' EXIT
sudo() { shift 2; "$1" --maintenance-db="$SUPERUSER_URL" "${@:2}"; }
curl() { command curl --silent --show-error --fail-with-body "$@"; }
# What a reader copies from what was printed before.
printed_tokens() { grep -oE '\\b[0-9a-f]{40}\\b' "$PRINTED"; }
stored() { python -c 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])' \\
    var/argus.sqlite3 "$1"; }
"""
# The keys of tokens are only in what was printed: the first one is the example source's.
NEWEST_TOKEN, FIRST_TOKEN = "printed_tokens | tail -n 1", "printed_tokens | head -n 1"
NEWEST_OPEN = "SELECT max(id) FROM argus_incident_incident WHERE NOT restricted AND end_time LIKE '9999%'"
COPIED = {
    "$TOKEN": f"TOKEN=$({NEWEST_TOKEN})",
    "$PK": f'PK=$(stored "{NEWEST_OPEN}")',
    "$SLOT": "SLOT=$(stored 'SELECT max(id) FROM argus_notificationprofile_timeslot')",
    "$FILTER": "FILTER=$(stored 'SELECT max(id) FROM argus_notificationprofile_filter')",
    "${ALERT}": "ALERT=http://localhost:8000/api/alerts/$(stored 'SELECT uuid FROM argus_alert_alert')/",
}
# Where it is not the newest one.
TOKEN_OF = {"docs/reference/api.md": FIRST_TOKEN}


def commands_of(page: str) -> list[str]:
    """The commands of a page, those of several lines in one piece, without comments at their ends."""
    commands: list[str] = []
    for indent, block in BLOCK.findall((ROOT / page).read_text()):
        lines = "\n".join(line.removeprefix(indent) for line in block.splitlines())
        for line in lines.splitlines():
            if commands and is_open(commands[-1]):
                commands[-1] += f"\n{line}"
            elif line.strip():
                commands.append(line)
        commands.append("")
    return [re.sub(r"\s{2,}# .*", "", command) for command in commands if command]


def is_open(command: str) -> bool:
    """Whether it goes on in the next line."""
    return command.endswith("\\") or command.count("'") % 2 == 1


def exemption(command: str) -> str | None:
    return next((start for start in EXEMPT if command.startswith(start)), None)


def is_blank_form(command: str) -> bool:
    """Whether it is a value that the reader has to fill in."""
    return re.fullmatch(r"(export )?[A-Z_]+=\.\.\.", command) is not None


def to_execute(page: str) -> list[str]:
    return [command for command in commands_of(page) if not (exemption(command) or is_blank_form(command))]


@dataclass
class Workplace:
    """A checkout of its own, with a server on its database, and a PostgreSQL beside it."""

    folder: Path
    server: Argus
    path: str
    printed: str

    def begin_page(self, page: str) -> str:
        """Make the database new, and serve it; return what the preparations tell, for the shell."""
        self.server.stop()
        for file in (self.folder / "var").glob("argus.sqlite3-*"):
            file.unlink()
        shutil.copy(self.folder / "new.sqlite3", self.folder / "var" / "argus.sqlite3")
        told = "".join(self.server.manage(*command) for command in PREPARATION.get(page, []))
        (self.folder / "var" / "printed").write_text(self.printed + told)
        self.server.start()
        return "\n".join(re.findall(r"^[A-Z]+=\S+$", told, re.MULTILINE))

    def run(self, script: str, **variables: str) -> subprocess.CompletedProcess:
        """Execute a script as a reader would, in the checkout; the variables are the shell's own."""
        given = "".join(f"{name}='{value}'\n" for name, value in variables.items())
        return subprocess.run(
            ["bash", "-c", given + PREAMBLE + script.replace("http://localhost:8000", self.server.url)],
            cwd=self.folder,
            env={"PATH": self.path, "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=300,
        )


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("src", "deploy", "argus", "manage.py", "pyproject.toml", "setup.cfg"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    for python in (folder / ".venv/bin/python", folder / "bin/python"):
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        python.chmod(0o755)
    # Pages for all kinds of installations write argus for ./argus.
    (folder / "bin/argus").write_text(f'#!/bin/sh\nexec {folder}/argus "$@"\n')
    (folder / "bin/argus").chmod(0o755)
    (folder / "var").mkdir()
    server = Argus(f"sqlite:///{folder}/var/argus.sqlite3")
    printed = server.manage("initial_setup", "--example")
    with sqlite3.connect(folder / "var" / "argus.sqlite3") as database, sqlite3.connect(folder / "new.sqlite3") as new:
        database.backup(new)
    programs = find_postgres_programs(None, folder)
    yield Workplace(folder, server, os.pathsep.join([str(folder / "bin"), str(programs), os.defpath]), printed)
    server.close()


@pytest.mark.slow
@pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="some pages are about PostgreSQL")
@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl here")
@pytest.mark.parametrize("page", [page for page in PAGES if to_execute(page)])
def test_commands_of_a_page_do_what_it_says(workplace, page):
    script = [workplace.begin_page(page)]
    for command in to_execute(page):
        script += [line for name, line in COPIED.items() if name in command] + [command]
    text = "\n".join(script).replace(NEWEST_TOKEN, TOKEN_OF.get(page, NEWEST_TOKEN))
    if "DATABASE_URL" not in text:
        done = workplace.run(text)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    else:
        run_with_postgresql(workplace, text)


def run_with_postgresql(workplace: Workplace, text: str) -> None:
    """Execute what wants a database to save and to restore, or to move to, as a role that only owns its databases."""
    with plain_role(os.environ["DATABASE_URL"]) as role, new_database() as url, new_database() as target:
        source, copy, restored = (as_role(role, url, database) for database in (url, target, "/restored_argus"))
        for database in (url, target):
            execute(url, f"ALTER DATABASE {urlsplit(database).path[1:]} OWNER TO {role}")
        with connect_to(source) as cursor:
            cursor.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        try:
            script = text.replace(TARGET, copy).replace("--owner=argus", f"--owner={role}")
            done = workplace.run(script, DATABASE_URL=source, RESTORED_URL=restored, SUPERUSER_URL=url)
            assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
            if "pg_restore" in text:
                with connect_to(restored) as cursor:
                    cursor.execute("SELECT answer FROM kept")
                    assert cursor.fetchone() == (42,)
        finally:
            execute(url, "DROP DATABASE IF EXISTS restored_argus WITH (FORCE)")


@contextmanager
def plain_role(url: str):
    """Create a role as createuser does: it may log in, and nothing else. Its databases must be dropped before it."""
    role = f"plain_{secrets.token_hex(6)}"
    execute(url, f"CREATE ROLE {role} LOGIN PASSWORD '{role}'")
    try:
        yield role
    finally:
        execute(url, f"DROP ROLE {role}")


def as_role(role: str, url: str, database: str) -> str:
    """Return the URL by which the role connects to a database."""
    parts = urlsplit(url)
    return urlunsplit(
        parts._replace(netloc=f"{role}:{role}@{parts.hostname}:{parts.port}", path=urlsplit(database).path)
    )


@pytest.mark.parametrize("page", PAGES)
def test_goals_of_make_are_there(page):
    goals = {match for command in commands_of(page) for match in re.findall(r"^make ([a-z]+)", command)}
    makefile = (ROOT / "Makefile").read_text()
    assert [goal for goal in goals if not re.search(rf"^{goal}:", makefile, re.MULTILINE)] == []


def test_no_exemption_is_left_over():
    used = {exemption(command) for page in PAGES for command in commands_of(page)}
    assert set(EXEMPT) - used == set()


def test_there_are_commands_to_execute():
    assert sum(len(to_execute(page)) for page in PAGES) > 25
