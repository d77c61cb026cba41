"""The list of payments as its page shows it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from core.lists.state import State, demand
from finance.lists.payments import PAYMENTS
from web.lists.declared import Empty, Head, ListPage, View, declare

PAYMENT_KINDS = {"receipt": _("Payment"), "refund": _("Refund")}
STATES = {
    "unmatched": _("To match"),
    "partial": _("Partly matched"),
    "matched": _("Matched"),
    "refund": _("Refund"),
}

PAYMENT_LIST = declare(
    ListPage(
        source=PAYMENTS,
        title=_("Payments"),
        permission="payments.read",
        endpoint="payments.index",
        record=("payments.show", "payment_id"),
        heads={
            "number": Head(label=_("Number"), place=""),
            "customer": Head(label=_("Customer"), place="p2"),
            "received_on": Head(label=_("Date"), place="p2"),
            "bank_account": Head(label=_("Bank account")),
            "reference": Head(label=_("Reference")),
            "kind": Head(label=_("Kind"), words=PAYMENT_KINDS),
            "amount": Head(label=_("Amount"), place="", hint=_("What was given back counts as less")),
            "amount_unapplied": Head(label=_("Not applied"), place="p2"),
            "invoices": Head(label=_("Invoices"), hint=_("Those it is put on")),
            "left_open": Head(label=_("Open on them"), hint=_("What is still open on the invoices it is put on")),
            "currency": Head(label=_("Currency")),
            "state": Head(
                label=_("State"),
                words=STATES,
                tones={"unmatched": "warn", "partial": "info", "matched": "ok", "refund": "vio"},
                place="",
            ),
            "is_unmatched": Head(label=_("To match")),
            "owner": Head(label=_("Owner")),
            "recorded_at": Head(label=_("Recorded")),
        },
        shown=(
            "number",
            "customer",
            "received_on",
            "bank_account",
            "reference",
            "amount",
            "amount_unapplied",
            "state",
        ),
        default_sort="-received_on",
        views=(
            View("all", _("All")),
            View("unmatched", _("To match"), State(demands=(demand("is_unmatched", "yes"),)), is_hot=True),
            View("refunds", _("Refunds"), State(demands=(demand("kind", "in", "refund"),))),
        ),
        find=_("Number, reference or customer"),
        empty=Empty(
            _("No payments yet"),
            _("Money that customers send is recorded here and put on their invoices. Record the first payment."),
        ),
        template="payments/index.html",
        cells="payments/cells.html",
        aliases={"customer": "customer", "owner": "owner"},
        phone_lines=("customer", "received_on"),
    )
)
