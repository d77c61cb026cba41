"""Secrets of others that must be read again: kept in the database under a key that is not in it.

The key comes from SECRET_KEY, one for each purpose; a copy of the database alone opens nothing. With another SECRET_KEY
what was sealed cannot be opened, and is entered anew.
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_secret_key = ""


class CannotOpen(Exception):
    """What was sealed was sealed with another SECRET_KEY, for another purpose, or was changed since."""


def configure(secret_key: str) -> None:
    """Takes the process's SECRET_KEY."""
    global _secret_key
    _secret_key = secret_key


def seal(text: str, purpose: str) -> str:
    """The text, encrypted and authenticated for one purpose."""
    return _box(purpose).encrypt(text.encode()).decode()


def unseal(sealed: str, purpose: str) -> str:
    """The text again. Raises CannotOpen."""
    try:
        return _box(purpose).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise CannotOpen from error


def _box(purpose: str) -> Fernet:
    if not _secret_key:
        raise RuntimeError("no secret key: call core.sealing.configure first")
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"countinghouse {purpose}".encode())
    return Fernet(base64.urlsafe_b64encode(derived.derive(_secret_key.encode())))
