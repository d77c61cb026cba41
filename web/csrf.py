"""The token of forms: Flask-WTF's, written as another text into every answer.

A text that stands in page after page could be guessed from how well pages compress (`web.compression`). So a page holds
a random mask and the token seen through it, which together say the token and of which no part is ever the same twice.
What is sent back is taken apart again before Flask-WTF judges it. A bare token is judged as it is: forms that were open
before pages were written so can still be sent.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error

from flask import Flask, g
from flask_wtf.csrf import CSRFProtect, generate_csrf


class MaskedTokens(CSRFProtect):
    """Every form's token is checked before any view, as Flask-WTF does, behind its mask."""

    def init_app(self, app: Flask) -> None:
        """Check the token of each unsafe request, and offer `csrf_token` to templates and their macros."""
        super().init_app(app)
        app.jinja_env.globals["csrf_token"] = masked_token
        app.context_processor(lambda: {"csrf_token": masked_token})

    def _get_csrf_token(self) -> str | None:
        return unmasked(super()._get_csrf_token())


def masked_token() -> str:
    """This browser's token, masked: one text for all forms of an answer, another one in the next."""
    if "masked_csrf_token" not in g:
        token = generate_csrf().encode()
        mask = secrets.token_bytes(len(token))
        g.masked_csrf_token = urlsafe_b64encode(mask + _seen_through(mask, token)).decode()
    text: str = g.masked_csrf_token
    return text


def unmasked(text: str | None) -> str | None:
    """The token that a masked one says, or that is bare; None for what is none."""
    if text and "." in text:  # a sign of signed tokens that masked ones never hold
        return text
    try:
        both = urlsafe_b64decode(text or "")
        half = len(both) // 2
        return _seen_through(both[:half], both[half:]).decode("ascii") or None
    except (Error, ValueError):
        return None


def _seen_through(mask: bytes, text: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(mask, text, strict=True))
