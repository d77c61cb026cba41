"""A small provider of OpenID Connect that really runs: on loopback, with keys of its own, and lies when told to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlencode

from joserfc import jws, jwt
from joserfc.jwk import OctKey, RSAKey
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

CLIENT_ID, CLIENT_SECRET = "books", "s3cret: of books"
Twist = Callable[[dict[str, Any]], dict[str, Any]]


class Provider:
    """Who signs in is `claims`; `twist` changes the id_token's claims, `sign` how it is signed."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.claims: dict[str, Any] = {"sub": "1", "email": "wei@example.com", "email_verified": True, "name": "Wei"}
        self.twist: Twist = dict
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        self.metadata: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.traded: list[str] = []
        self.key_reads = 0
        self.issuer = ""

    # what a browser and the client meet ------------------------------------------------------------------------------
    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        answers = {
            "/.well-known/openid-configuration": self._configuration,
            "/keys": self._keys,
            "/authorize": self._authorize,
            "/token": self._token,
        }
        answer = answers.get(request.path)
        response = answer(request) if answer else Response("none", 404)
        return response(environ, start_response)

    def _configuration(self, _request: Request) -> Response:
        return _json(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                **self.metadata,
            }
        )

    def _keys(self, _request: Request) -> Response:
        self.key_reads += 1
        return _json({"keys": [self.key.as_dict(private=False)]})

    def _authorize(self, request: Request) -> Response:
        given = request.args
        assert given["response_type"] == "code" and given["client_id"] == CLIENT_ID
        assert given["code_challenge_method"] == "S256" and "openid" in given["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = given.to_dict()
        back = {"code": code, "state": given["state"], "iss": self.issuer}
        return Response(status=302, headers={"Location": f"{given['redirect_uri']}?{urlencode(back)}"})

    def _token(self, request: Request) -> Response:
        given, asked = request.form, self.codes.pop(request.form["code"], None)
        self.traded.append(given["code"])
        if asked is None or request.headers.get("Authorization") != self._expected():
            return _json({"error": "invalid_grant"}, 400)
        digest = hashlib.sha256(given["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge != asked["code_challenge"] or given["redirect_uri"] != asked["redirect_uri"]:
            return _json({"error": "invalid_grant"}, 400)
        now = int(time.time())
        stamps = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        return _json({"id_token": self.sign(self.twist({**stamps, **self.claims})), "token_type": "Bearer"})

    def _expected(self) -> str:
        pair = urlencode({CLIENT_ID: CLIENT_SECRET}).replace("=", ":").replace("+", "%20")
        assert unquote(pair) == f"{CLIENT_ID}:{CLIENT_SECRET}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"

    # how it signs -----------------------------------------------------------------------------------------------------
    def signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def unsigned(self, claims: dict[str, Any]) -> str:
        registry = jws.JWSRegistry(algorithms=["none"])
        return jwt.encode({"alg": "none"}, claims, OctKey.generate_key(), registry=registry)

    def signed_with_the_public_key(self, claims: dict[str, Any]) -> str:
        """As if the public key, which anybody has, were a secret of both."""
        parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "kid": self.key.kid}, claims)]
        text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
        signature = hmac.digest(self.key.as_pem(private=False), text, "sha256")
        return f"{text.decode()}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    def signed_by_another(self, claims: dict[str, Any]) -> str:
        other = RSAKey.generate_key(2048, {"kid": "one"})
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, other)


def _json(data: Any, status: int = 200) -> Response:
    return Response(json.dumps(data), status, content_type="application/json")


@contextmanager
def running_provider() -> Iterator[Provider]:
    """A provider that answers until the block ends."""
    provider = Provider()
    server = make_server("127.0.0.1", 0, provider, threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
