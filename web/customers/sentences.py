"""What customers, contacts and activities are refused for, in words; and the codes every form may meet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from web.filters import day
from web.sentences import general_sentence_for, sentence_for


@sentence_for("duplicate_customer")
def _duplicate_customer(data: Mapping[str, Any]) -> str:
    names = {"tax_id": _("tax number"), "phone": _("phone"), "email": _("e-mail"), "name": _("name")}
    same = _(", ").join(names.get(name, name) for name in data["same"])
    return _(
        "Not saved: %(customer)s has the same %(same)s and belongs to %(owner)s. "
        "Open that customer, or ask %(owner)s for it.",
        customer=data["customer"],
        same=same,
        owner=data["owner"],
    )


@sentence_for("unknown_country")
def _unknown_country(data: Mapping[str, Any]) -> str:
    return _("Choose a country of the list.")


@sentence_for("owner_inactive")
def _owner_inactive(data: Mapping[str, Any]) -> str:
    return _("%(name)s has left and can own no customer. Choose somebody who is still here.", name=data["owner"])


@sentence_for("same_owner")
def _same_owner(data: Mapping[str, Any]) -> str:
    return _("The customers belong to this user already. Choose somebody else.")


@sentence_for("user_owns_customers")
def _user_owns_customers(data: Mapping[str, Any]) -> str:
    if "role" in data:
        return ngettext(
            "%(name)s has this role, owns %(num)s customer, and would read it no more. Hand it over first, on the page "
            "of %(name)s.",
            "%(name)s has this role, owns %(num)s customers, and would read them no more. Hand them over first, on the "
            "page of %(name)s.",
            data["count"],
            name=data["owner"],
        )
    return ngettext(
        "%(name)s still owns %(num)s customer. Hand it over first, on this page under “Customers”.",
        "%(name)s still owns %(num)s customers. Hand them over first, on this page under “Customers”.",
        data["count"],
        name=data["owner"],
    )


@sentence_for("user_unknown")
def _user_unknown(data: Mapping[str, Any]) -> str:
    return _("Choose somebody of the list.")


@sentence_for("terms_unknown")
def _terms_unknown(data: Mapping[str, Any]) -> str:
    return _("Choose payment terms of the list.")


@sentence_for("contact_unknown")
def _contact_unknown(data: Mapping[str, Any]) -> str:
    return _("Choose a contact of this customer.")


@sentence_for("opportunity_unknown")
def _opportunity_unknown(data: Mapping[str, Any]) -> str:
    return _("Choose an opportunity of this customer.")


@general_sentence_for("other_currency")
def _other_currency(data: Mapping[str, Any]) -> str:
    return _("Only %(currency)s, the company's currency, can be used.", currency=data["currency"])


@general_sentence_for("duplicate_code")
def _duplicate_code(data: Mapping[str, Any]) -> str:
    return _("Another record has this code. Choose a different one.")


@general_sentence_for("not_an_amount")
def _not_an_amount(data: Mapping[str, Any]) -> str:
    return _("An amount is zero or more, with at most two decimals.")


@general_sentence_for("not_positive")
def _not_positive(data: Mapping[str, Any]) -> str:
    return _("This must be more than zero.")


@general_sentence_for("negative")
def _negative(data: Mapping[str, Any]) -> str:
    return _("This must not be less than zero.")


@general_sentence_for("not_a_percentage")
def _not_a_percentage(data: Mapping[str, Any]) -> str:
    return _("A percentage lies from 0 to 100.")


@general_sentence_for("too_many")
def _too_many(data: Mapping[str, Any]) -> str:
    return _("At most %(limit)s of these fit on one document. Split it.", limit=data["limit"])


@general_sentence_for("in_the_past")
def _in_the_past(data: Mapping[str, Any]) -> str:
    return _("This day is over. Choose %(today)s or later.", today=day(_date(data["today"])))


@general_sentence_for("in_the_future")
def _in_the_future(data: Mapping[str, Any]) -> str:
    return _("This day has not come yet. Choose %(today)s or earlier.", today=day(_date(data["today"])))


@general_sentence_for("product_unknown")
def _product_unknown(data: Mapping[str, Any]) -> str:
    return _("There is no such product. Type its code, name or barcode.")


@general_sentence_for("product_inactive")
def _product_inactive(data: Mapping[str, Any]) -> str:
    return _("%(sku)s is no longer sold. Choose another product.", sku=data["sku"])


@general_sentence_for("line_unknown")
def _line_unknown(data: Mapping[str, Any]) -> str:
    return _("This line is not on the order any more. Open the order again.")


@general_sentence_for("period_closed")
def _period_closed(data: Mapping[str, Any]) -> str:
    on, first = _date(data["date"]), data.get("first_open_on")
    if first:
        return _(
            "Not posted: the books are closed on %(day)s. The first open day is %(first)s; "
            "finance can reopen the month.",
            day=day(on, year=True),
            first=day(_date(first), year=True),
        )
    return _("Not posted: the books are closed on %(day)s. Finance can reopen the month.", day=day(on, year=True))


@general_sentence_for("period_missing")
def _period_missing(data: Mapping[str, Any]) -> str:
    return _(
        "Not posted: there is no fiscal year for %(day)s. Finance can open it.", day=day(_date(data["date"]), year=True)
    )


@general_sentence_for("account_missing")
def _account_missing(data: Mapping[str, Any]) -> str:
    return _("Not posted: the chart has no account for “%(role)s”. Finance can name one.", role=data["role"])


def _date(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)
