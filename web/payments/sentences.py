"""What recording and matching money refuses, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from web.filters import day, money
from web.sentences import general_sentence_for, sentence_for


@sentence_for("not_positive")
def _not_positive(data: Mapping[str, Any]) -> str:
    return _("This must be more than zero.")


@sentence_for("in_the_future")
def _in_the_future(data: Mapping[str, Any]) -> str:
    return _("Money is recorded when it has moved: today, %(today)s, or before.", today=day(data["today"]))


@sentence_for("auto_with_allocations")
def _auto_with_allocations(data: Mapping[str, Any]) -> str:
    return _("Either let the rules match, or name the invoices; not both.")


@sentence_for("other_currency")
def _other_currency(data: Mapping[str, Any]) -> str:
    return _("The books are kept in %(currency)s. Enter the amount in that currency.", currency=data["currency"])


@sentence_for("invoice_unknown")
def _invoice_unknown(data: Mapping[str, Any]) -> str:
    return _("This customer has no such open invoice. Open the page again and choose another.")


@sentence_for("named_twice")
def _named_twice(data: Mapping[str, Any]) -> str:
    return _("%(number)s is named twice. Put the whole amount in one place.", number=data["number"])


@sentence_for("allocation_exceeds_invoice")
def _allocation_exceeds_invoice(data: Mapping[str, Any]) -> str:
    return _(
        "Only %(open)s is open on %(number)s; %(requested)s does not fit. Put the rest on another invoice or leave it.",
        open=money(data["open"]),
        number=data["number"],
        requested=money(data["requested"]),
    )


@sentence_for("allocation_exceeds_credit")
def _allocation_exceeds_credit(data: Mapping[str, Any]) -> str:
    return _(
        "The parts come to %(requested)s, but only %(available)s is there. Make one of them smaller.",
        requested=money(data["requested"]),
        available=money(data["available"]),
    )


@sentence_for("nothing_unapplied")
def _nothing_unapplied(data: Mapping[str, Any]) -> str:
    return _("All of %(number)s is used already. Un-match a part of it first.", number=data["number"])


@sentence_for("nothing_to_match")
def _nothing_to_match(data: Mapping[str, Any]) -> str:
    return _("Nothing to match: enter an amount beside at least one open invoice.")


@sentence_for("refund_exceeds_credit")
def _refund_exceeds_credit(data: Mapping[str, Any]) -> str:
    return _(
        "Not refunded: the customer has %(available)s of credit, and %(requested)s was asked for. "
        "Un-match a payment first, or refund less.",
        available=money(data["available"]),
        requested=money(data["requested"]),
    )


@sentence_for("bank_account_is_default")
def _bank_account_is_default(data: Mapping[str, Any]) -> str:
    return _("Not archived: payments go to %(name)s unless another is chosen. Make another one usual first.",
             name=data["name"])  # fmt: skip


@sentence_for("bank_account_not_empty")
def _bank_account_not_empty(data: Mapping[str, Any]) -> str:
    return _(
        "Not archived: %(name)s still holds %(balance)s in the books. Move it by a manual entry first.",
        name=data["name"],
        balance=money(data["balance"]),
    )


@sentence_for("account_taken")
def _account_taken(data: Mapping[str, Any]) -> str:
    return _("%(account)s stands behind %(bank)s. Choose another, or let a new one be made.",
             account=data["account"], bank=data["bank"])  # fmt: skip


@sentence_for("not_a_money_account")
def _not_a_money_account(data: Mapping[str, Any]) -> str:
    return _("Choose an asset account that is in use and that no posting rule has for itself.")


@sentence_for("sub_accounts_used_up")
def _sub_accounts_used_up(data: Mapping[str, Any]) -> str:
    return _("Account %(account)s has %(limit)s sub-accounts, and no more fit. Choose a ledger account instead.",
             account=data["account"], limit=data["limit"])  # fmt: skip


@general_sentence_for("duplicate_name")
def _duplicate_name(data: Mapping[str, Any]) -> str:
    return _("Another record has this name. Choose a different one.")


@sentence_for("correction_not_unmatched")
def _correction_not_unmatched(data: Mapping[str, Any]) -> str:
    return _(
        "Not un-matched: %(credit_note)s corrects %(invoice)s and stays with it. Only payments, and credit put on "
        "another invoice, can be un-matched. If the correction was a mistake, write a new order.",
        credit_note=data["credit_note"],
        invoice=data["invoice"],
    )


@sentence_for("credit_used_elsewhere")
def _credit_used_elsewhere(data: Mapping[str, Any]) -> str:
    return _(
        "Not un-matched: %(invoice)s was credited, and %(held)s of that credit was refunded or put on other invoices; "
        "so much of the money has to stay. Un-match the credit note from the other invoice first, or another payment.",
        invoice=data["invoice"],
        held=money(data["held"]),
    )


@sentence_for("match_too_early")
def _match_too_early(data: Mapping[str, Any]) -> str:
    return _(
        "%(number)s and these invoices were both there from %(first_on)s on. Take that day or a later one.",
        number=data["number"],
        first_on=day(data["first_on"], year=True),
    )


@sentence_for("unmatch_too_early")
def _unmatch_too_early(data: Mapping[str, Any]) -> str:
    return _("It was matched on %(first_on)s. Take that day or a later one.", first_on=day(data["first_on"], year=True))


@sentence_for("refund_too_early")
def _refund_too_early(data: Mapping[str, Any]) -> str:
    return _(
        "On this day %(available)s of the customer's credit was there. Take %(first_on)s or a later day, or refund "
        "less.",
        available=money(data["available"]),
        first_on=day(data["first_on"], year=True),
    )
