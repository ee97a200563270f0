"""nginx with the configurations of ``deploy/``, if nginx is installed (``apt-get install nginx``)."""

import contextlib
import os
import re
import shutil
import socket
from datetime import datetime, timedelta
from pathlib import Path

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.servers import Server, find_free_port

DEPLOY = Path(__file__).parent.parent / "deploy"
NGINX = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
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
    """nginx with a configuration of ``deploy/``, in which only addresses, the certificate and ``changes`` differ.

    ``web`` and ``websocket`` are the ports of the servers behind it.
    """

    name = "nginx"

    def __init__(self, file: str, *, web: list[int], websocket: int, changes: dict[str, str] | None = None):
        super().__init__()
        self.plain_port = find_free_port()
        text = (DEPLOY / file).read_text()
        for old, new in {
            r"listen (443|8080)": f"listen 127.0.0.1:{self.port}",
            r"listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            r"server 127\.0\.0\.1:8000( .*);": " ".join(rf"server 127.0.0.1:{port}\1;" for port in web),
            r"argus-api:8000": f"127.0.0.1:{web[0]}",
            r"127\.0\.0\.1:8001|websocket:8000": f"127.0.0.1:{websocket}",
            # As the container's start script does.
            r"\$\{ARGUS_OUTER_PROXY\}": "127.0.0.1",
            r"/etc/ssl/\w+/": f"{self.folder}/",
            **(changes or {}),
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
        """Send a request to the server's name, over TLS, or through a proxy that has terminated it."""
        headers = {"Host": NAME, **keywords.pop("headers", {})}
        if self.scheme == "http":
            headers.setdefault("X-Forwarded-Proto", "https")
        with requests.Session() as session:
            return session.request(
                method, self.url + path, headers=headers, verify=False, timeout=60, allow_redirects=False, **keywords
            )


def write_certificate(folder: Path) -> None:
    """Write a self-signed certificate for the name."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    now = datetime.now()
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    (folder / f"{NAME}.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    (folder / f"{NAME}.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
