"""A small OpenID provider on loopback: whoever comes is logged in as the person that a test names.

Authorization code flow with PKCE, as OpenID Connect Core 1.0 (section 3.1) and RFC 7636 have it: it holds codes
against the redirect address, the client's secret and the challenge, so that a client which leaves one out fails.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "letapis", "oidc-5m8w2q"


@dataclass
class OidcProvider:
    """``person`` are the claims of whoever logs in next; ``asked`` are the requests for authorization so far."""

    person: Mapping[str, Any] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._codes: dict[str, tuple[dict[str, str], Mapping[str, Any]]] = {}
        self._tokens: dict[str, Mapping[str, Any]] = {}
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def close(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def answer(
        self, path: str, query: dict[str, str], form: dict[str, str], authorization: str
    ) -> tuple[int, Any]:
        """Status and JSON, or 302 and an address."""
        match path:
            case "/.well-known/openid-configuration":
                return 200, self._metadata()
            case "/jwks":
                public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
                return 200, {"keys": [public | {"kid": "1", "use": "sig", "alg": "RS256"}]}
            case "/authorize":
                return self._authorize(query)
            case "/token":
                return self._token(form, authorization)
            case "/userinfo":
                person = self._tokens.get(authorization.removeprefix("Bearer "))
                return (401, {"error": "invalid_token"}) if person is None else (200, dict(person))
        return 404, {}

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def _authorize(self, query: dict[str, str]) -> tuple[int, Any]:
        self.asked.append(query)
        code = secrets.token_urlsafe(16)
        self._codes[code] = (query, self.person)
        return 302, f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def _token(self, form: dict[str, str], authorization: str) -> tuple[int, Any]:
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked, person = self._codes.pop(form.get("code", ""), ({}, {}))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        right = (
            authorization == f"Basic {basic}"
            and asked.get("redirect_uri") == form.get("redirect_uri")
            and asked.get("code_challenge") == challenge.decode().rstrip("=")
        )
        if not right:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            **person,
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 60,
            "nonce": asked["nonce"],
        }
        token = secrets.token_urlsafe(16)
        self._tokens[token] = person
        signed = jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": "1"})
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": 300, "id_token": signed}


def _handler(provider: OidcProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            self._answer(dict(parse_qsl(body)))

        def _answer(self, form: dict[str, str]) -> None:
            parts = urlsplit(self.path)
            query, authorization = dict(parse_qsl(parts.query)), self.headers.get("Authorization") or ""
            status, answer = provider.answer(parts.path, query, form, authorization)
            body = b"" if status == 302 else json.dumps(answer).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", answer)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
