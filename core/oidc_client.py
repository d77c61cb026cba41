"""OpenID Connect as a client: the way to a provider, and what it says about who came back.

Authorization code flow with PKCE. A provider's documents are kept for an hour, its keys too, but for a key that was not
seen yet; nothing in an id_token is believed before its signature, issuer, audience, time and nonce hold.
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from core import clock
from core.outgoing import Guard, OutgoingRefused, fetch

DISCOVERY = "/.well-known/openid-configuration"
SCOPE = "openid email profile"
# Signatures by a key of the provider's own only: with `none` or a shared secret anybody could say anything.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
KEPT_SECONDS = 3600
NEW_KEYS_AFTER_SECONDS = 60
LEFT_ALONE_SECONDS = 15
LEEWAY_SECONDS = 60


class OidcError(Exception):
    """The provider cannot be used, or what came back cannot be believed; `reason` is for the log of this server."""

    def __init__(self, code: str, reason: str = "") -> None:
        super().__init__(f"{code} {reason}".strip())
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Client:
    """What this installation is to a provider."""

    issuer: str
    client_id: str
    secret: str | None
    may_be_internal: bool
    redirect_uri: str


@dataclass(frozen=True)
class Attempt:
    """One way to a provider and back, kept by the browser that goes it."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def fresh(cls) -> Attempt:
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))


_documents: dict[tuple[str, bool], tuple[float, Any]] = {}
# When a document could not be read: anybody may ask for the way to a provider, and must not keep this server waiting.
_failed: dict[tuple[str, bool], float] = {}
_lock = threading.Lock()


def forget_documents() -> None:
    """Drops what is kept of all providers."""
    with _lock:
        _documents.clear()
        _failed.clear()


def authorization_address(client: Client, attempt: Attempt) -> str:
    """Where the browser goes to sign in. Raises OidcError `oidc_unreachable`."""
    return add_params_to_uri(
        _metadata(client)["authorization_endpoint"],
        [
            ("response_type", "code"),
            ("client_id", client.client_id),
            ("redirect_uri", client.redirect_uri),
            ("scope", SCOPE),
            ("state", attempt.state),
            ("nonce", attempt.nonce),
            ("code_challenge", create_s256_code_challenge(attempt.verifier)),
            ("code_challenge_method", "S256"),
        ],
    )


def read_claims(client: Client, attempt: Attempt, code: str) -> dict[str, Any]:
    """Trades the code for an id_token and answers its claims, verified. Raises OidcError."""
    metadata = _metadata(client)
    sent = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": attempt.verifier,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if client.secret and "client_secret_basic" in methods:
        pair = f"{quote(client.client_id, safe='')}:{quote(client.secret, safe='')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        sent["client_id"] = client.client_id
        if client.secret:
            sent["client_secret"] = client.secret
    answer = _read_json(client, metadata["token_endpoint"], urlencode(sent).encode(), headers)
    token = answer.get("id_token")
    if not isinstance(token, str):
        raise OidcError("oidc_refused", f"no id_token: {str(answer.get('error'))[:80]}")
    return verify(client, attempt.nonce, token, answer.get("access_token"))


def verify(client: Client, nonce: str, token: str, access_token: Any = None) -> dict[str, Any]:
    """The claims of an id_token whose signature, issuer, audience, time and nonce hold. Raises OidcError."""
    try:
        decoded = _decode(client, token)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {"iss": {"essential": True, "value": client.issuer}, "aud": {"essential": True, "value": client.client_id}},
            {"client_id": client.client_id, "nonce": nonce, "access_token": access_token},
        )
        claims.validate(now=int(clock.now().timestamp()), leeway=LEEWAY_SECONDS)
    except (JoseError, ValueError, TypeError) as error:
        raise OidcError("oidc_refused", f"{type(error).__name__}: {error}"[:200]) from error
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise OidcError("oidc_refused", "subject")
    return dict(claims)


def _decode(client: Client, token: str) -> jwt.Token:
    """Checks the signature by the provider's keys; keys read anew, once a minute at most, where none fits."""
    try:
        return jwt.decode(token, _keys(client), algorithms=ALGORITHMS)
    except (JoseError, ValueError):
        keys = _keys(client, oldest_seconds=NEW_KEYS_AFTER_SECONDS)
        return jwt.decode(token, keys, algorithms=ALGORITHMS)


def _metadata(client: Client) -> Mapping[str, Any]:
    """The provider's own description, of the issuer it was asked for and no other."""
    found = _kept(client, client.issuer.rstrip("/") + DISCOVERY, KEPT_SECONDS)
    if found.get("issuer") != client.issuer:
        raise OidcError("oidc_unreachable", "another issuer")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        address = found.get(name)
        allowed = ("https://", "http://") if client.may_be_internal else ("https://",)
        if not isinstance(address, str) or not address.startswith(allowed):
            raise OidcError("oidc_unreachable", name)
    return found


def _keys(client: Client, oldest_seconds: float = KEPT_SECONDS) -> KeySet:
    """The provider's public keys; a secret that stands among them would be no signature of the provider's."""
    found = _kept(client, _metadata(client)["jwks_uri"], oldest_seconds)
    keys = found.get("keys")
    usable = [key for key in keys if isinstance(key, dict) and key.get("kty") in ("RSA", "EC", "OKP")] if keys else []
    if not usable:
        raise OidcError("oidc_unreachable", "keys")
    return KeySet.import_key_set({"keys": usable})


def _kept(client: Client, url: str, oldest_seconds: float) -> dict[str, Any]:
    key, now = (url, client.may_be_internal), time.monotonic()
    with _lock:
        kept, failed = _documents.get(key), _failed.get(key)
    if kept is not None and now - kept[0] < oldest_seconds:
        return dict(kept[1])
    if failed is not None and now - failed < LEFT_ALONE_SECONDS:
        raise OidcError("oidc_unreachable", "it could not be reached a moment ago")
    try:
        found = _read_json(client, url, None, {"Accept": "application/json"})
    except OidcError:
        with _lock:
            _failed[key] = now
        raise
    with _lock:
        _documents[key] = (now, found)
    return found


def _read_json(client: Client, url: str, body: bytes | None, headers: Mapping[str, str]) -> dict[str, Any]:
    try:
        if not (url.startswith("https://") or client.may_be_internal):
            raise ValueError("not https")
        guard = Guard.of_environment(private=client.may_be_internal)
        answer = fetch("GET" if body is None else "POST", url, body=body, headers=headers, guard=guard)
        found = json.loads(answer.body)
    except (OutgoingRefused, ValueError, RecursionError) as error:
        raise OidcError("oidc_unreachable", str(error)[:200]) from error
    if not isinstance(found, dict) or answer.status >= 500 or (body is None and answer.status != 200):
        raise OidcError("oidc_unreachable", f"status {answer.status}")
    return found
