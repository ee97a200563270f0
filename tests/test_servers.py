"""The servers of tests and benchmarks keep their data over a restart, and end with the process that started them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from tests.migrated import FOLDER

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent

HOLDER = """
from tests.servers import running_postgres
with running_postgres() as server:
    print(server.process.pid, server.folder, flush=True)
    input()
"""
HELD_TEST = """
import os
def test_held():
    print(os.environ["TEST_RUN_FOLDER"], flush=True)
    input()
"""


def test_postgres_has_what_was_committed_before_it_was_killed(own_postgres):
    with connect(own_postgres) as cursor:
        cursor.execute("CREATE TABLE kept AS SELECT 42 AS answer")

    own_postgres.kill()
    own_postgres.start()

    with connect(own_postgres) as cursor:
        cursor.execute("SELECT answer FROM kept")
        assert cursor.fetchone() == (42,)


def test_valkey_keeps_its_address_when_it_is_restarted(own_valkey):
    address = own_valkey.url
    own_valkey.stop()
    own_valkey.start()

    assert own_valkey.url == address
    assert redis.Redis.from_url(address).ping()


def test_server_ends_with_a_run_that_is_killed():
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        pid, folder = holder.stdout.readline().split()
        holder.kill()

    eventually(lambda: not psutil.pid_exists(int(pid)) and not Path(folder).exists())


def test_folder_of_a_run_ends_with_it_when_it_is_killed(tmp_path):
    (tmp_path / "test_held.py").write_text(HELD_TEST)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--database=sqlite",
        "--capture=no",
        "-c",
        ROOT / "pyproject.toml",
        tmp_path,
    ]
    environment = {name: value for name, value in os.environ.items() if name != FOLDER}
    holder = subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        folder = next(line for line in holder.stdout if "argus-test-run-" in line).split()[-1]
        assert Path(folder).exists()
        holder.kill()

    eventually(lambda: not Path(folder).exists())


def connect(server):
    return connect_to(server.url)


def connect_to(url: str):
    connection = psycopg2.connect(url)
    connection.autocommit = True
    return connection.cursor()


def eventually(condition, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
