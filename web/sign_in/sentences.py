"""What sign-in refuses, in words. It never says which of the two was wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from web.sentences import sentence_for


@sentence_for("sign_in_failed", "wrong_credentials", "invalid_credentials")
def _sign_in_failed(data: Mapping[str, Any]) -> str:
    return _("Name or password is wrong. Type both again.")


@sentence_for("sign_in_blocked", "sign_in_delayed", "too_many_sign_ins")
def _sign_in_blocked(data: Mapping[str, Any]) -> str:
    seconds = int(data.get("retry_after_seconds") or data.get("seconds") or 60)
    return ngettext(
        "Too many failed attempts. Try again in %(num)s second.",
        "Too many failed attempts. Try again in %(num)s seconds.",
        max(1, seconds),
    )


@sentence_for("weak_password", "password_too_short")
def _weak_password(data: Mapping[str, Any]) -> str:
    return _("At least %(count)s characters, and not a common password.", count=data.get("minimum", 10))


@sentence_for("duplicate_login")
def _duplicate_login(data: Mapping[str, Any]) -> str:
    return _("Another user has this sign-in name. Choose a different one.")


@sentence_for("duplicate_email")
def _duplicate_email(data: Mapping[str, Any]) -> str:
    return _("Another user has this e-mail address.")


@sentence_for("last_administrator")
def _last_administrator(data: Mapping[str, Any]) -> str:
    return _("This is the last active administrator. Make somebody else administrator first.")


@sentence_for("not_an_email", "invalid_email")
def _not_an_email(data: Mapping[str, Any]) -> str:
    return _("This is not an e-mail address. Write it like name@example.com.")
