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


@sentence_for("reset_link_dead")
def _reset_link_dead(data: Mapping[str, Any]) -> str:
    return _("This link was used, is too old, or a newer one was sent. Ask for another link.")


@sentence_for("reset_delayed")
def _reset_delayed(data: Mapping[str, Any]) -> str:
    minutes = (int(data["seconds"]) + 59) // 60
    return ngettext(
        "Too many requests from here. Try again in %(num)s minute.",
        "Too many requests from here. Try again in %(num)s minutes.",
        minutes,
    )


@sentence_for("mail_not_set")
def _mail_not_set(data: Mapping[str, Any]) -> str:
    return _("No mail can be sent yet. Set SMTP_URL, MAIL_FROM and PUBLIC_URL, or set a password here.")


@sentence_for("mail_sent")
def _mail_sent(data: Mapping[str, Any]) -> str:
    return _("This mail was sent, or is being sent. There is nothing to send again.")


@sentence_for("not_invitable")
def _not_invitable(data: Mapping[str, Any]) -> str:
    return _("%(name)s has a password already, or may not sign in. Nothing was sent.", name=data["name"])


@sentence_for("duplicate_issuer")
def _duplicate_issuer(data: Mapping[str, Any]) -> str:
    return _("Another provider has this issuer. Change that one.")


@sentence_for("not_an_issuer")
def _not_an_issuer(data: Mapping[str, Any]) -> str:
    return _("Write the issuer as the provider names it, such as https://accounts.example.com, without ? and #.")


@sentence_for("not_a_domain")
def _not_a_domain(data: Mapping[str, Any]) -> str:
    return _("“%(text)s” is not a domain. Write them like example.com, one per line.", text=data["text"])


@sentence_for("domains_needed")
def _domains_needed(data: Mapping[str, Any]) -> str:
    return _("Accounts are only made for domains of yours: name them, or make no accounts.")


@sentence_for("oidc_state")
def _oidc_state(data: Mapping[str, Any]) -> str:
    return _("This sign-in was begun elsewhere, was used already, or took too long. Begin again.")


@sentence_for("oidc_cancelled")
def _oidc_cancelled(data: Mapping[str, Any]) -> str:
    return _("%(provider)s did not sign you in. Try again, or use your password.", provider=data["provider"])


@sentence_for("oidc_refused")
def _oidc_refused(data: Mapping[str, Any]) -> str:
    return _("What %(provider)s answered does not hold. Try again; if it stays so, tell an administrator.", **data)


@sentence_for("oidc_unreachable", "oidc_inactive")
def _oidc_unreachable(data: Mapping[str, Any]) -> str:
    return _("%(provider)s cannot be used now. Use your password, or try again later.", provider=data["provider"])


@sentence_for("oidc_email")
def _oidc_email(data: Mapping[str, Any]) -> str:
    return _("%(provider)s names no verified e-mail address of yours. Have it verified there.", **data)


@sentence_for("oidc_domain")
def _oidc_domain(data: Mapping[str, Any]) -> str:
    return _("Your address at %(provider)s is not one of this company's. Use another account there.", **data)


@sentence_for("oidc_no_account")
def _oidc_no_account(data: Mapping[str, Any]) -> str:
    return _("You have no account here that may sign in with %(provider)s. Ask an administrator.", **data)


@sentence_for("oidc_linked_otherwise")
def _oidc_linked_otherwise(data: Mapping[str, Any]) -> str:
    return _("The account with your address belongs to another person at %(provider)s. Ask an administrator.", **data)


@sentence_for("own_email_missing")
def _own_email_missing(data: Mapping[str, Any]) -> str:
    return _("Your own account has no e-mail address. Enter it under Users first.")
