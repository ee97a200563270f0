"""The shipped nginx configurations under a real nginx.

No Python package contains nginx, so these tests need the system's (``apt-get install nginx``). The syntax of
the files is checked everywhere (``tests/test_containers.py``).
"""

import contextlib
import os
import re
import shutil
import socket
import ssl
from datetime import datetime, timedelta

import pytest
import requests
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from websockets.sync.client import connect

from tests.factories import incident_body
from tests.live import ROOT, running_argus
from tests.servers import Server, find_free_port, running

NGINX = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
    pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning"),
]
NAME = "argus-api.example.org"
FRAME = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


class Nginx(Server):
    """nginx with a shipped configuration. Only ports, certificate and the address of Argus differ."""

    name = "nginx"

    def __init__(self, file: str, argus):
        super().__init__()
        self.plain_port = find_free_port()
        text = (ROOT / "deploy" / file).read_text()
        for old, new in {
            r"listen (443|8080)": f"listen 127.0.0.1:{self.port}",
            r"listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            r"127\.0\.0\.1:8000|argus-api:8000": f"127.0.0.1:{argus.port}",
            r"/etc/ssl/\w+/": f"{self.folder}/",
        }.items():
            text = re.sub(old, new, text)
        (self.folder / "site.conf").write_text(text)
        (self.folder / "nginx.conf").write_text(FRAME.format(folder=self.folder))
        if "ssl_certificate" in text:
            write_certificate(self.folder)
        self.scheme = "https" if "ssl_certificate" in text else "http"
        self.url = f"{self.scheme}://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return [NGINX, "-e", "stderr", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]

    def is_ready(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def ask(self, method: str, path: str, **keywords) -> requests.Response:
        """Send a request like a remote client, over TLS unless a header says otherwise."""
        headers = {"Host": NAME, **keywords.pop("headers", {})}
        if self.scheme == "http":
            # The proxy that terminates TLS sets it.
            headers.setdefault("X-Forwarded-Proto", "https")
        with requests.Session() as session:
            return session.request(
                method, self.url + path, headers=headers, verify=False, timeout=60, allow_redirects=False, **keywords
            )


def write_certificate(folder) -> None:
    """Create a self-signed certificate for the host name."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    now = datetime.now()
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    (folder / f"{NAME}.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    (folder / f"{NAME}.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


@pytest.fixture(scope="module")
def argus():
    surroundings = {
        "ALLOWED_HOSTS": NAME,
        "ARGUS_BEHIND_TLS_PROXY": "1",
        "ARGUS_TRUSTED_PROXIES": "127.0.0.1",
        "ARGUS_LOGIN_TRIES": "1",
    }
    with running_argus(**surroundings) as server:
        yield server


@pytest.fixture(scope="module", params=["nginx.conf", "nginx-compose.conf"])
def proxy(request, argus):
    urllib3.disable_warnings()
    with running(Nginx(request.param, argus)) as server:
        server.source = argus.make_source()
        server.token = {"Authorization": f"Token {server.source['token']}"}
        yield server


def test_requests_pass_and_links_have_the_public_name_and_scheme(proxy):
    for _ in range(2):
        posted = proxy.ask("POST", "/api/v1/incidents/", json=incident_body(), headers=proxy.token)
        assert posted.status_code == 201
        assert posted.headers["X-Request-ID"]
    page = proxy.ask("GET", "/api/v1/incidents/?page_size=1", headers=proxy.token)
    assert page.json()["next"].startswith(f"https://{NAME}/api/v1/incidents/?")


def test_websockets_pass(proxy):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    options = {"ssl": context} if proxy.scheme == "https" else {}
    address = f"{proxy.scheme.replace('http', 'ws')}://{NAME}/ws/open/"
    way = socket.create_connection(("127.0.0.1", proxy.port))
    with connect(address, sock=way, additional_headers=proxy.token, open_timeout=60, **options) as follower:
        follower.send('{"action": "subscribe"}')
        assert '"subscribed"' in follower.recv(60)
        proxy.ask("POST", "/api/v1/incidents/", json=incident_body(), headers=proxy.token)
        assert '"created"' in follower.recv(60)


def test_bodies_up_to_the_limit_pass_and_longer_ones_get_413(proxy):
    many = {"incidents": [incident_body(description="x" * 2000) for _ in range(1000)]}
    assert proxy.ask("POST", "/api/v1/incidents/bulk/", json=many, headers=proxy.token).status_code in {200, 201, 207}
    one = incident_body(description="x" * 300_000)
    assert proxy.ask("POST", "/api/v1/incidents/", json=one, headers=proxy.token).status_code == 413
    assert proxy.ask("POST", "/api/v1/incidents/", data=b"x" * 10_000_000, headers=proxy.token).status_code == 413


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/metrics?x"])
def test_metrics_are_not_public(proxy, path):
    assert proxy.ask("GET", path).status_code == 404


def test_tls_is_required_despite_forged_headers(proxy):
    if proxy.scheme == "http":
        pytest.skip("TLS is terminated by another proxy")
    answer = requests.get(
        f"http://127.0.0.1:{proxy.plain_port}/api/v1/incidents/?a=b", headers={"Host": NAME}, allow_redirects=False
    )
    assert (answer.status_code, answer.headers["Location"]) == (301, f"https://{NAME}/api/v1/incidents/?a=b")
    page = proxy.ask("GET", "/api/v1/incidents/?page_size=1", headers={**proxy.token, "X-Forwarded-Proto": "http"})
    assert page.json()["next"] is None or page.json()["next"].startswith("https://")


def test_client_cannot_avoid_the_throttle_by_forged_addresses(proxy):
    answers = [
        proxy.ask(
            "POST",
            "/api/v1/token-auth/",
            json={"username": f"kari-{proxy.port}", "password": "guess"},
            headers={"X-Forwarded-For": f"192.0.2.{number}"},
        ).status_code
        for number in range(10)
    ]
    if proxy.scheme == "https":
        assert 429 in answers
    else:
        # The proxy in front of it sets the address and must overwrite forged headers.
        assert set(answers) == {400}
