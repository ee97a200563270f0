"""An identity provider on the loopback interface, for OpenID Connect and for Dataporten. Tests can make it fail."""

import base64
import hashlib
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID = "argus"
CLIENT_SECRET = "hush-hush-client-secret"


def new_key(kid: str) -> jwt.PyJWK:
    """Return a key pair for signatures."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.PyJWK({**jwt.algorithms.RSAAlgorithm.to_jwk(private, as_dict=True), "kid": kid, "alg": "RS256"})


KEY = new_key("one")
OTHER_KEY = new_key("one")


@dataclass
class IdentityProvider:
    """Log in the user that ``person`` describes, with claims of OpenID Connect.

    ``claims`` replaces claims of the ID token (None removes one). ``answers`` maps a path to the status and body that
    it returns instead. ``consents`` is whether the user agrees to the login.
    """

    person: dict = field(default_factory=lambda: {"sub": "4711", "preferred_username": "kari", "name": "Kari Nordmann"})
    claims: dict = field(default_factory=dict)
    answers: dict = field(default_factory=dict)
    consents: bool = True
    key: jwt.PyJWK = KEY
    # The token endpoint waits for this event before it responds.
    hangs_until: threading.Event | None = None
    grants: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)

    def __post_init__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"provider": self}))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def handle(self, method: str, path: str, parameters: dict, headers) -> tuple[int, dict | str, dict]:
        """Return status, body and headers of the response."""
        self.asked.append(path)
        if path == "/oauth/token" and self.hangs_until:
            self.hangs_until.wait(30)
        if path in self.answers:
            return *self.answers[path], {}
        answer = {
            "/.well-known/openid-configuration": self.configuration,
            "/oauth/authorization": self.authorize,
            "/oauth/token": self.token,
            "/oidc/userinfo": self.userinfo,
            "/userinfo": self.dataporten_userinfo,
            "/jwks": self.jwks,
        }.get(path)
        return answer(parameters, headers) if answer else (404, "", {})

    def configuration(self, parameters, headers):
        names = {
            "authorization_endpoint": "/oauth/authorization",
            "token_endpoint": "/oauth/token",
            "userinfo_endpoint": "/oidc/userinfo",
            "jwks_uri": "/jwks",
        }
        return 200, {"issuer": self.url, **{name: self.url + path for name, path in names.items()}}, {}

    def authorize(self, parameters, headers):
        """Redirect the browser with a code, or with an error."""
        code = secrets.token_hex(16)
        self.grants[code] = parameters
        said = {"code": code} if self.consents else {"error": "access_denied", "error_description": "No, thanks"}
        back = f"{parameters['redirect_uri']}?{urlencode({**said, 'state': parameters['state']})}"
        return 302, "", {"Location": back}

    def token(self, parameters, headers):
        """Exchange a code for tokens, once, for the same client with the right verifier."""
        grant = self.grants.pop(parameters.get("code"), None)
        basic = base64.b64decode(headers.get("Authorization", "").removeprefix("Basic ")).decode()
        if grant is None or basic != f"{CLIENT_ID}:{CLIENT_SECRET}":
            return 400, {"error": "invalid_grant"}, {}
        if "code_challenge" in grant and s256(parameters["code_verifier"]) != grant["code_challenge"]:
            return 400, {"error": "invalid_grant"}, {}
        answer = {"access_token": "hush-hush-access-token", "token_type": "Bearer", "expires_in": 3600}
        if "openid" in grant["scope"].split():
            answer["id_token"] = self.id_token(grant["nonce"])
        return 200, answer, {}

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce, **self.person}
        claims = {name: value for name, value in (claims | self.claims).items() if value is not None}
        return jwt.encode(claims, self.key.key, "RS256", headers={"kid": self.key.key_id})

    def userinfo(self, parameters, headers):
        return 200, self.person, {}

    def dataporten_userinfo(self, parameters, headers):
        """Return ``person`` in Dataporten's format, and the client."""
        user = {
            "userid": self.person["sub"],
            "userid_sec": [f"feide:{self.person['preferred_username']}", "nin:0"],
            "name": self.person.get("name"),
            "email": self.person.get("email"),
        }
        return 200, {"user": user | self.claims, "audience": self.claims.get("aud", CLIENT_ID)}, {}

    def jwks(self, parameters, headers):
        public = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.key.public_key(), as_dict=True)
        return 200, {"keys": [{**public, "kid": "one", "alg": "RS256", "use": "sig"}]}, {}


def s256(verifier: str) -> str:
    """Return the PKCE challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class Handler(BaseHTTPRequestHandler):
    provider: IdentityProvider

    def do_GET(self):
        self.respond(urlsplit(self.path).query)

    def do_POST(self):
        self.respond(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

    def respond(self, query: str) -> None:
        parameters = {name: values[0] for name, values in parse_qs(query).items()}
        path = urlsplit(self.path).path
        status, body, headers = self.provider.handle(self.command, path, parameters, self.headers)
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": len(content), **headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        """Write no access log."""
