"""What Dockerfile and docker-compose.yml say, done for real without a container engine.

The files are read, nothing is retyped: what the build stage RUNs and copies happens in a folder, whose path stands for
the ones in the image; CMD, HEALTHCHECK and the commands of the services are executed there, in the image's environment.
"""

import fcntl
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import yaml
from dockerfile_parse import DockerfileParser

from tests.servers import Server

ROOT = Path(__file__).parent.parent
# Absolute paths of the image that lie in the folder.
INSIDE = re.compile(r"(?<![\w.])/(?=(?:opt/argus|build)\b)")
INNERMOST = re.compile(r"\$\{(\w+):-([^${}]*)\}")
# What pip may need to find its packages.
PASSED_ON = re.compile(r"(PIP_|UV_|SSL_|HTTPS?_|https?_|HOME$|XDG_)")


def read_stages() -> list[list[dict]]:
    """The instructions of each stage, FROM first."""
    parser = DockerfileParser(fileobj=BytesIO((ROOT / "Dockerfile").read_bytes()))
    stages: list[list[dict]] = []
    for line in parser.structure:
        if line["instruction"] == "FROM":
            stages.append([])
        if line["instruction"] != "COMMENT":
            stages[-1].append(line)
    return stages


def values(stage: list[dict], instruction: str) -> list[str]:
    return [line["value"] for line in stage if line["instruction"] == instruction]


def read_compose(**variables: str) -> dict:
    """The compose file, with these variables where it asks for some."""
    return interpolated(yaml.safe_load((ROOT / "docker-compose.yml").read_text()), variables)


def interpolated(node, variables: dict[str, str]):
    """The same with each ``${NAME:-default}`` replaced; defaults may hold others."""
    if isinstance(node, dict):
        return {key: interpolated(value, variables) for key, value in node.items()}
    if isinstance(node, list):
        return [interpolated(value, variables) for value in node]
    while isinstance(node, str) and INNERMOST.search(node):
        node = INNERMOST.sub(lambda found: variables.get(found[1]) or found[2], node)
    return node


class Image:
    """The image, built into a folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.build, self.final = read_stages()
        self.environment = {name: value for name, value in os.environ.items() if PASSED_ON.match(name)}
        self.environment["PATH"] = os.pathsep.join([f"{sys.base_prefix}/bin", os.defpath])
        self.cwd = folder

    def local(self, text: str) -> str:
        """Let paths of the image point into the folder."""
        return INSIDE.sub(f"{self.folder}/", text)

    def make(self) -> None:
        """Do what the build stage says, once for all processes of the run; then take over the environment."""
        stamp = self.folder / "made"
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for line in self.build:
                if line["instruction"] == "ENV" or not stamp.exists():
                    getattr(self, f"do_{line['instruction'].lower()}")(self.local(line["value"]))
            stamp.touch()
        for line in values(self.final, "ENV"):
            self.do_env(self.local(line))

    def do_from(self, value: str) -> None:
        pass

    def do_workdir(self, value: str) -> None:
        self.cwd = Path(value)
        self.cwd.mkdir(parents=True, exist_ok=True)

    def do_env(self, value: str) -> None:
        for word in shlex.split(value):
            name, _, text = word.partition("=")
            self.environment[name] = re.sub(r"\$(\w+)", lambda found: self.environment[found[1]], text)

    def do_copy(self, value: str) -> None:
        *sources, target = shlex.split(value)
        for source in sources:
            end = self.cwd / target / (source if target == "./" else "")
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, end, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
            else:
                end.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, end)

    def do_run(self, value: str) -> None:
        self.run(["/bin/sh", "-c", value], cwd=self.cwd)

    def run(self, command: list[str], *, check: bool = True, cwd: Path | None = None, **environment: str):
        """Execute something in the image and return what came of it."""
        done = subprocess.run(
            [self.local(word) for word in command],
            env=self.environment | environment,
            cwd=cwd or self.folder,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done


class Container(Server):
    """A service of the compose file, as a process."""

    def __init__(self, image: Image, service: dict, **environment: str):
        super().__init__()
        self.name = " ".join(service["command"])
        self.image, self.service = image, service
        self.environment = image.environment | service["environment"] | {"PORT": str(self.port)} | environment
        self.url = f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        program, *arguments = self.service["command"]
        return [shutil.which(program, path=self.environment["PATH"]), *arguments]

    def surroundings(self) -> dict:
        return super().surroundings() | {"env": self.environment}

    def is_ready(self) -> bool:
        """Whether it is healthy, as the image's HEALTHCHECK sees it; a service without one is, as soon as it runs."""
        if self.service.get("healthcheck", {}).get("disable"):
            return self.process.poll() is None
        return self.execute(health_command(self.image)).returncode == 0

    def execute(self, command: list[str]) -> subprocess.CompletedProcess:
        """Do what ``docker compose exec`` does."""
        return self.image.run(command, check=False, **self.environment)


def health_command(image: Image) -> list[str]:
    (value,) = values(image.final, "HEALTHCHECK")
    return json.loads(value.partition("CMD")[2])
