"""Dockerfile, docker-compose.yml and what else is for production: right by their linters, and each command runs."""

import configparser
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path

import compose_spec
import crossplane
import pytest
import requests

from tests.factories import incident_body
from tests.image import ROOT, Container, Image, read_compose, read_stages, values
from tests.live import new_database
from tests.servers import running

pytestmark = pytest.mark.once

on_postgresql = pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="the services run on PostgreSQL")
DEPLOY = ROOT / "deploy"


def test_dockerfile_passes_its_linter():
    hadolint = Path(sys.executable).with_name("hadolint")
    # Layers of a stage that is thrown away need not be few.
    done = subprocess.run([hadolint, "--ignore=DL3059", ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_what_is_shipped_has_no_tools_no_root_and_a_health_check():
    build, final = read_stages()
    assert re.search(r":3\.\d+-slim", values(build, "FROM")[0])
    assert values(build, "FROM")[0].split()[0] == values(final, "FROM")[0]
    assert [command.split()[0] for command in values(final, "RUN")] == ["useradd"]
    assert values(final, "USER") == ["10001"]
    assert len(values(final, "HEALTHCHECK")) == 1
    assert json.loads(values(final, "CMD")[0]) == read_compose()["services"]["argus-api"]["command"]


def test_compose_file_is_one_and_its_servers_can_be_scaled():
    compose = read_compose()
    compose_spec.ComposeSpecification.model_validate(compose)
    for name in ("argus-api", "worker"):
        assert {"ports", "container_name", "hostname"} & set(compose["services"][name]) == set()
    named = {volume.partition(":")[0] for one in compose["services"].values() for volume in one.get("volumes", [])}
    assert {name for name in named if not name.startswith("./")} == set(compose["volumes"])
    assert all((ROOT / name).exists() for name in named if name.startswith("./"))
    for service in compose["services"].values():
        assert set(service.get("depends_on", {})) <= set(compose["services"])


def test_every_variable_of_the_template_reaches_the_containers():
    template = (ROOT / "env-template").read_text()
    named = set(re.findall(r"^#?([A-Z_]+)=", template, re.MULTILINE))
    text = (ROOT / "docker-compose.yml").read_text()
    assert named - set(re.findall(r"\$\{([A-Z_]+):-", text)) == {"STATIC_ROOT"}
    page = (ROOT / "docs" / "reference" / "settings.md").read_text()
    assert {name for name in named if f"`{name}`" not in page} == {"POSTGRES_PASSWORD"}


def directives(name: str, folder: Path) -> dict[str, list[list[str]]]:
    """The arguments of each directive in nginx's configuration, wherever it stands."""
    (folder / "nginx.conf").write_text(f"events {{}}\nhttp {{\n    include {DEPLOY / name};\n}}\n")
    parsed = crossplane.parse(str(folder / "nginx.conf"))
    assert parsed["status"] == "ok", parsed["errors"]
    found: dict[str, list[list[str]]] = {}

    def collect(block: list[dict]) -> None:
        for one in block:
            found.setdefault(one["directive"], []).append(one["args"])
            collect(one.get("block", []))

    collect(parsed["config"][1]["parsed"])
    return found


LIMITS = [
    "client_header_timeout",
    "client_body_timeout",
    "send_timeout",
    "large_client_header_buffers",
    "client_max_body_size",
    "limit_req_zone",
    "limit_req",
    "limit_conn_zone",
    "limit_conn",
    "proxy_request_buffering",
]


def test_both_configurations_of_nginx_have_the_same_limits(tmp_path):
    one, other = (directives(name, tmp_path) for name in ("nginx.conf", "nginx-compose.conf"))
    assert {name: one[name] for name in LIMITS} == {name: other[name] for name in LIMITS}
    assert one["proxy_request_buffering"] == [["on"]]
    assert one["client_max_body_size"] == [["8m"]]
    assert one["limit_req_status"] == other["limit_conn_status"] == [["429"]]


@pytest.mark.parametrize("name", ["nginx.conf", "nginx-compose.conf"])
def test_configuration_of_nginx_overwrites_what_clients_claim(name, tmp_path):
    headers = dict(directives(name, tmp_path)["proxy_set_header"])
    assert headers["X-Forwarded-For"] == "$remote_addr"
    assert set(headers) == {"Host", "X-Forwarded-For", "X-Forwarded-Proto", "Upgrade", "Connection"}


def test_containers_trust_forwarded_headers_of_one_proxy_each(tmp_path):
    compose = read_compose()
    proxy = compose["services"]["proxy"]
    address = proxy["networks"]["default"]["ipv4_address"]
    assert compose["services"]["argus-api"]["environment"]["ARGUS_TRUSTED_PROXIES"] == address
    [network] = compose["networks"]["default"]["ipam"]["config"]
    assert proxy["environment"]["ARGUS_OUTER_PROXY"] == network["gateway"] != address
    assert ip_address(address) in ip_network(network["subnet"])
    assert ip_address(address) not in ip_network(network["ip_range"])
    assert directives("nginx-compose.conf", tmp_path)["set_real_ip_from"] == [["${ARGUS_OUTER_PROXY}"]]


def test_caddy_has_the_limits_of_nginx():
    text = (DEPLOY / "Caddyfile").read_text()
    assert text.count("{") == text.count("}")
    for limit in ("read_header 20s", "read_body", "max_header_size", "max_size 8MiB", "request_buffers 8MiB"):
        assert limit in text
    assert "reverse_proxy 127.0.0.1:8001" in text


@pytest.mark.slow
@pytest.mark.parametrize("unit", sorted(path.name for path in DEPLOY.glob("*.service")))
def test_units_of_systemd_start_existing_programs(unit):
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read(DEPLOY / unit)
    assert parser["Service"]["User"] == "argus"
    program, *arguments = parser["Service"]["ExecStart"].split()
    if program.endswith("/gunicorn"):
        command = [sys.executable, "-m", "gunicorn", *arguments, "--check-config"]
        environment = {"PYTHONPATH": str(ROOT / "src"), "DJANGO_SETTINGS_MODULE": "argus.site.settings.test"}
    else:
        assert program == "/srv/argus/venv/bin/argus"
        command, environment = [sys.executable, str(ROOT / "manage.py"), *arguments, "--help"], {}
    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": os.defpath, **environment}, cwd="/tmp")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def image(tmp_path_factory, worker_id) -> Image:
    """The image, built by the commands of the Dockerfile from the package index; one for all processes of the run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "image"
    folder.mkdir(exist_ok=True)
    image = Image(folder)
    image.make()
    return image


@contextlib.contextmanager
def running_service(image: Image, name: str, variables: dict, **environment: str):
    service = read_compose(**variables)["services"][name]
    with running(Container(image, service, **environment)) as container:
        yield container


def run_once(image: Image, name: str, variables: dict) -> None:
    service = read_compose(**variables)["services"][name]
    image.run(service["command"], **service["environment"])


@pytest.mark.slow
@on_postgresql
@pytest.mark.both
def test_what_docker_compose_up_starts_works_twice_over(image, valkey_url):
    with new_database() as url, contextlib.ExitStack() as stack:
        variables = {"DATABASE_URL": url, "ARGUS_REDIS_URL": valkey_url}
        run_once(image, "migrate", variables)
        scaled = ["argus-api", "argus-api", "websocket", "worker", "worker"]
        services = [stack.enter_context(running_service(image, name, variables)) for name in scaled]
        first, second, *_ = services
        assert "Argus" in requests.get(first.url, timeout=30).text
        assert 'Password: "' in first.execute(["django-admin", "initial_setup"]).stdout
        source = json.loads(first.execute(["argus", "create_source", "nav", "-t", "nav", "--json"]).stdout)
        headers = {"Authorization": f"Token {source['token']}"}
        incidents = "/api/v1/incidents/"
        assert (
            requests.post(first.url + incidents, json=incident_body(), headers=headers, timeout=30).status_code == 201
        )
        assert len(requests.get(second.url + incidents, headers=headers, timeout=30).json()["results"]) == 1
        for service in services:
            service.process.send_signal(signal.SIGTERM)
        assert [service.process.wait(30) for service in services] == [0] * 5
        assert not any("Traceback" in service.log.read_text() for service in services)


def filled_template(**values: str) -> dict[str, str]:
    """Return the template with a value for each variable."""
    lines = re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / "env-template").read_text(), re.MULTILINE)
    return {name: value or f"{name.lower()}-{'x' * 40}" for name, value in lines} | values


@pytest.mark.slow
@on_postgresql
@pytest.mark.both
def test_filled_template_makes_a_production_with_hashed_static_files(image, valkey_url):
    with new_database() as url:
        variables = filled_template(DATABASE_URL=url, ARGUS_REDIS_URL=valkey_url)
        run_once(image, "migrate", variables)
        with running_service(image, "argus-api", variables) as server:
            names = {"Host": "argus-api.example.org", "X-Forwarded-Proto": "https"}
            page = requests.get(server.url, headers=names, timeout=30)
            style = re.search(r'href="(/static/argus/front_page\.\w+\.css)"', page.text)[1]
            kept = requests.get(server.url + style, headers=names, timeout=30)
            assert (kept.status_code, "immutable" in kept.headers["Cache-Control"]) == (200, True)
            assert requests.get(server.url, headers={**names, "Host": "elsewhere.org"}, timeout=30).status_code == 400
            plain = requests.get(server.url, headers={"Host": names["Host"]}, allow_redirects=False, timeout=30)
            assert plain.headers["Location"].startswith("https://argus-api.example.org/")
        check = image.run(["argus", "check", "--deploy", "--fail-level=WARNING"], check=False, **variables)
        assert check.returncode == 0, check.stderr


@pytest.mark.slow
@on_postgresql
@pytest.mark.both
def test_gunicorn_of_the_image_serves_and_refuses_nonsense_in_one_line(image, valkey_url):
    settings = filled_template(ARGUS_REDIS_URL=valkey_url, ARGUS_BEHIND_TLS_PROXY="0", SECURE_SSL_REDIRECT="0")
    with new_database() as url:
        settings["DATABASE_URL"] = url
        service = {"command": ["gunicorn", "--config", "python:argus.site.gunicorn_config"], "environment": {}}
        with running(Container(image, service, **settings)) as server:
            assert requests.get(f"{server.url}/api/v1/schema/", timeout=30).status_code == 200
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(30) == 0
        refused = image.run(service["command"], check=False, **settings | {"SECRET_KEY": "hush", "PORT": "0"})
        assert refused.returncode != 0
        assert "argus: SECRET_KEY: Shorter than minimum length 32." in refused.stderr
        assert "Traceback" not in refused.stderr


@pytest.mark.slow
@on_postgresql
@pytest.mark.both
def test_wheel_brings_everything_that_is_not_code(image):
    (site,) = image.folder.glob("opt/argus/lib/python3*/site-packages/argus")
    source = ROOT / "src" / "argus"
    files = [
        path.relative_to(source) for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
    assert [str(path) for path in files if not (site / path).exists()] == []
