"""Refusals about proving who one is, second factors, passwords and tokens, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from web.sentences import sentence_for


@sentence_for("sign_in_over")
def _sign_in_over(data: Mapping[str, Any]) -> str:
    return _("Signing in took too long, or the code was wrong too often. Begin again.")


@sentence_for("code_wrong")
def _code_wrong(data: Mapping[str, Any]) -> str:
    return _("This code is wrong, too old, or was used already. Type the one shown now.")


@sentence_for("password_wrong")
def _password_wrong(data: Mapping[str, Any]) -> str:
    return _("This is not your password. Type it again.")


@sentence_for("passkey_refused")
def _passkey_refused(data: Mapping[str, Any]) -> str:
    return _("This passkey was not accepted. Try again, or sign in another way.")


@sentence_for("passkey_known")
def _passkey_known(data: Mapping[str, Any]) -> str:
    return _("This passkey is set up already.")


@sentence_for("too_many_passkeys")
def _too_many_passkeys(data: Mapping[str, Any]) -> str:
    return _("At most %(limit)s passkeys. Remove one first.", limit=data["limit"])


@sentence_for("factor_exists")
def _factor_exists(data: Mapping[str, Any]) -> str:
    return _("An authenticator is set up already. Remove it before you set up another.")


@sentence_for("factor_not_begun")
def _factor_not_begun(data: Mapping[str, Any]) -> str:
    return _("There is nothing to confirm. Show a new picture and scan it.")


@sentence_for("no_second_factor")
def _no_second_factor(data: Mapping[str, Any]) -> str:
    return _("No second factor is set up.")


@sentence_for("password_common")
def _password_common(data: Mapping[str, Any]) -> str:
    return _(
        "This password is among the first that are tried. Choose one nobody guesses, such as a few unrelated words."
    )


@sentence_for("password_like_name")
def _password_like_name(data: Mapping[str, Any]) -> str:
    return _("This password is made of a name that others know. Choose one nobody guesses.")


@sentence_for("passwords_differ")
def _passwords_differ(data: Mapping[str, Any]) -> str:
    return _("The two are not the same. Type the new password twice.")


@sentence_for("scope_required")
def _scope_required(data: Mapping[str, Any]) -> str:
    return _("Choose at least one thing that the token may do.")


@sentence_for("scope_beyond_role")
def _scope_beyond_role(data: Mapping[str, Any]) -> str:
    return _("A token may not do what you may not do yourself: %(scopes)s.", scopes=", ".join(data["scopes"]))


@sentence_for("too_many_tokens")
def _too_many_tokens(data: Mapping[str, Any]) -> str:
    return _("At most %(limit)s tokens. End one first.", limit=data["limit"])
