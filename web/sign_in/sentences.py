"""What sign-in refuses, in words. It never says which of the two was wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from web.sentences import sentence_for


@sentence_for("sign_in_failed")
def _sign_in_failed(data: Mapping[str, Any]) -> str:
    return _("Name or password is wrong. Type both again.")


@sentence_for("sign_in_delayed")
def _sign_in_blocked(data: Mapping[str, Any]) -> str:
    seconds = int(data["seconds"])
    return ngettext(
        "Too many failed attempts. Try again in %(num)s second.",
        "Too many failed attempts. Try again in %(num)s seconds.",
        max(1, seconds),
    )


@sentence_for("duplicate_login")
def _duplicate_login(data: Mapping[str, Any]) -> str:
    return _("Another user has this sign-in name. Choose a different one.")


@sentence_for("duplicate_email")
def _duplicate_email(data: Mapping[str, Any]) -> str:
    return _("Another user has this e-mail address.")


@sentence_for("last_administrator")
def _last_administrator(data: Mapping[str, Any]) -> str:
    return _("This is the last active administrator. Make somebody else administrator first.")


@sentence_for("not_an_email")
def _not_an_email(data: Mapping[str, Any]) -> str:
    return _("This is not an e-mail address. Write it like name@example.com.")


@sentence_for("too_short")
def _too_short(data: Mapping[str, Any]) -> str:
    return _("At least %(count)s characters.", count=data["smallest"])


@sentence_for("edit_conflict")
def _edit_conflict(data: Mapping[str, Any]) -> str:
    return _("Somebody else changed this record meanwhile. Your entries are kept below; compare and save again.")


@sentence_for("unknown_choice", "role_unknown", "unknown_time_zone", "unknown_currency")
def _unknown_choice(data: Mapping[str, Any]) -> str:
    return _("Choose one of the entries of the list.")


@sentence_for("out_of_range")
def _out_of_range(data: Mapping[str, Any]) -> str:
    return _("Choose a number from %(smallest)s to %(largest)s.", smallest=data["smallest"], largest=data["largest"])


@sentence_for("not_a_logo")
def _not_a_logo(data: Mapping[str, Any]) -> str:
    return _(
        "This is no complete PNG or JPEG of at most %(limit)s kB. Save the picture as PNG, smaller, and choose it "
        "again.",
        limit=data["limit"] // 1024,
    )


@sentence_for("not_a_rate")
def _not_a_rate(data: Mapping[str, Any]) -> str:
    return _("A tax rate lies from 0 to less than 100 %(sign)s.", sign="%")


@sentence_for("not_set_up")
def _not_set_up(data: Mapping[str, Any]) -> str:
    return _("The company is not set up yet. An administrator opens the first-run page.")


@sentence_for("already_set_up")
def _already_set_up(data: Mapping[str, Any]) -> str:
    return _("The company is set up already. Sign in.")
