"""The lists of invoices and of credit notes as their pages show them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from core.lists.state import State, demand
from finance.lists.credit_notes import CREDIT_NOTES
from finance.lists.invoices import INVOICES
from web.lists.declared import Empty, Head, ListPage, View, declare

STATES = {
    "overdue": _("Overdue"),
    "partial": _("Partly paid"),
    "due_soon": _("Due soon"),
    "open": _("Open"),
    "paid": _("Paid"),
    "credited": _("Credited"),
    "written_off": _("Written off"),
    "part_written_off": _("Partly written off"),
}
AGES = {
    "not_due": _("Not due"),
    "to_30": _("1–30 days"),
    "to_60": _("31–60 days"),
    "to_90": _("61–90 days"),
    "older": _("over 90 days"),
}
AGE_TONES = {"not_due": "info", "to_30": "warn", "to_60": "warn", "to_90": "bad", "older": "bad"}
STATE_TONES = {
    "overdue": "bad",
    "partial": "info",
    "due_soon": "warn",
    "open": "mute",
    "paid": "ok",
    "credited": "mute",
    "written_off": "warn",
    "part_written_off": "warn",
}


def _flag(name: str, answer: str = "yes", sort: str = "") -> State:
    return State(demands=(demand(name, answer),), sort=sort)


INVOICE_LIST = declare(
    ListPage(
        source=INVOICES,
        title=_("Receivables"),
        permission="invoices.read",
        endpoint="invoices.index",
        record=("invoices.show", "invoice_id"),
        heads={
            "number": Head(label=_("Number"), place=""),
            "customer": Head(label=_("Customer"), place="p2"),
            "origin": Head(label=_("Order")),
            "issued_on": Head(label=_("Issued")),
            "due_on": Head(label=_("Due"), place="p2"),
            "days_late": Head(label=_("Days late")),
            "age": Head(label=_("Age"), words=AGES, tones=AGE_TONES, hint=_("How late what is open is")),
            "amount_net": Head(label=_("Net")),
            "amount_tax": Head(label=_("Tax")),
            "amount_total": Head(label=_("Total"), place="p2"),
            "amount_credited": Head(label=_("Credited")),
            "amount_written_off": Head(label=_("Written off")),
            "amount_open": Head(label=_("Open"), place=""),
            "currency": Head(label=_("Currency")),
            "state": Head(label=_("State"), words=STATES, tones=STATE_TONES, place=""),
            "is_open": Head(label=_("Is open")),
            "is_overdue": Head(label=_("Is overdue")),
            "fiscal_number": Head(label=_("Fiscal invoice")),
            "fiscal_issued_on": Head(label=_("Fiscal invoice of")),
            "customer_reference": Head(label=_("Their order number")),
            "terms_days": Head(label=_("Payment term, days")),
            "owner": Head(label=_("Owner")),
            "salesperson": Head(label=_("Salesperson")),
            "recorded_at": Head(label=_("Recorded")),
        },
        shown=("number", "customer", "origin", "issued_on", "due_on", "amount_total", "amount_open", "state"),
        default_sort="-issued_on",
        views=(
            View("open", _("Open"), _flag("is_open", sort="due_on")),
            View("overdue", _("Overdue"), _flag("is_overdue", sort="due_on"), is_hot=True),
            View("paid", _("Paid"), _flag("is_open", "no")),
            View("all", _("All")),
        ),
        find=_("Number, order or customer"),
        empty=Empty(
            _("Nothing is open"),
            _("An invoice stands here from the confirmation of its order until it is paid."),
        ),
        template="invoices/index.html",
        cells="invoices/cells.html",
        aliases={"customer": "customer", "owner": "owner"},
        beside=("credit-notes",),
        phone_lines=("customer", "due_on"),
    )
)

CREDIT_NOTE_LIST = declare(
    ListPage(
        source=CREDIT_NOTES,
        title=_("Credit notes"),
        permission="invoices.read",
        endpoint="invoices.credit_notes",
        record=("invoices.credit_note", "credit_note_id"),
        heads={
            "number": Head(label=_("Number"), place=""),
            "customer": Head(label=_("Customer"), place="p2"),
            "invoice": Head(label=_("Invoice"), place="p2"),
            "origin": Head(label=_("Order")),
            "issued_on": Head(label=_("Issued"), place="p2"),
            "reason": Head(label=_("Reason")),
            "amount_net": Head(label=_("Net")),
            "amount_tax": Head(label=_("Tax")),
            "amount_total": Head(label=_("Amount"), place=""),
            "amount_unapplied": Head(label=_("Not applied"), place=""),
            "is_unapplied": Head(label=_("To match")),
            "currency": Head(label=_("Currency")),
            "owner": Head(label=_("Owner")),
            "recorded_at": Head(label=_("Recorded")),
        },
        shown=("number", "customer", "invoice", "issued_on", "reason", "amount_total", "amount_unapplied"),
        default_sort="-issued_on",
        views=(
            View("all", _("All")),
            View("unapplied", _("To match"), _flag("is_unapplied"), is_hot=True),
        ),
        find=_("Number, order or customer"),
        empty=Empty(
            _("No credit notes yet"),
            _("Returned goods, cancelled orders and corrected prices are credited here, against their invoice."),
        ),
        template="invoices/credit_notes.html",
        cells="invoices/cells.html",
        aliases={"customer": "customer"},
        beside=("invoices",),
        phone_lines=("customer", "issued_on"),
    )
)
