"""Secrets that must be read again, kept so that the database alone does not tell them.

AES-256-GCM under keys derived from the installation's secret by HKDF, one per purpose. What a value belongs to is
sealed in with it, so that a row copied to somebody else opens nothing.
"""

from __future__ import annotations

import base64
import hmac
import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12
MARK = "v1."


class Unsealable(Exception):
    """The value was not sealed by this installation for this purpose and owner, or was changed since."""


class Seal:
    """Seals and opens texts for one purpose."""

    def __init__(self, secret_key: str, purpose: str) -> None:
        # The secret is random and long (`core.config` sees to it), so that no salt and no slow hash is needed.
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"countinghouse " + purpose.encode())
        self._key = derive.derive(secret_key.encode())

    def close(self, text: str, owner: str) -> str:
        """The sealed form of a text that belongs to `owner`; another one at each call."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self._key).encrypt(nonce, text.encode(), owner.encode())
        return MARK + base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, sealed: str, owner: str) -> str:
        """The text again. Raises Unsealable."""
        try:
            raw = base64.urlsafe_b64decode(sealed.removeprefix(MARK))
            return AESGCM(self._key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], owner.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise Unsealable(owner) from error

    def mark(self, text: str) -> bytes:
        """32 bytes that stand for a text, and say nothing about it to others."""
        return hmac.digest(self._key, text.encode(), sha256)


_secret_key = ""


def configure(secret_key: str) -> None:
    """Takes the process's SECRET_KEY, for `seal` and `unseal`."""
    global _secret_key
    _secret_key = secret_key


def seal(text: str, purpose: str) -> str:
    """The text, sealed for one purpose of the installation."""
    return _seal_for(purpose).close(text, purpose)


def unseal(sealed: str, purpose: str) -> str:
    """The text again. Raises Unsealable."""
    return _seal_for(purpose).open(sealed, purpose)


def _seal_for(purpose: str) -> Seal:
    if not _secret_key:
        raise RuntimeError("no secret key: call core.sealing.configure first")
    return Seal(_secret_key, purpose)
