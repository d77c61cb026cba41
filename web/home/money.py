"""Cards of what is owed, what came in, and what finance must look at."""

from __future__ import annotations

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _

from core.lists.reading import Count
from core.lists.state import demand
from web.home.cards import Figure, Groups, Rows, asking, declare
from web.invoices.listing import AGE_TONES, CREDIT_NOTE_LIST, INVOICE_LIST
from web.ledger.listing import TASK_LIST
from web.payments.listing import PAYMENT_LIST

_OPEN = demand("is_open", "yes")
_RECEIPTS = demand("kind", "in", "receipt")
_UNMATCHED = demand("is_unmatched", "yes")


def _invoices(held: Count) -> str:
    return ngettext("%(num)s invoice", "%(num)s invoices", held.rows)


def _payments(held: Count) -> str:
    return ngettext("%(num)s payment", "%(num)s payments", held.rows)


declare(
    Figure(
        name="collected",
        title=_("Collected, last 7 days"),
        page=PAYMENT_LIST,
        state=asking(_RECEIPTS, demand("received_on", "since", "today-6")),
        owner="owner",
        sums="amount",
        note=_payments,
        tone="ok",
    ),
    Figure(
        name="receivables",
        title=_("Receivables"),
        page=INVOICE_LIST,
        state=asking(_OPEN, sort="due_on"),
        owner="owner",
        sums="amount_open",
        note=_invoices,
    ),
    Figure(
        name="overdue",
        title=_("Overdue"),
        own_title=_("Overdue, mine"),
        page=INVOICE_LIST,
        state=asking(demand("is_overdue", "yes"), sort="due_on"),
        owner="owner",
        sums="amount_open",
        note=_invoices,
        tone="bad",
    ),
    Figure(
        name="due_soon",
        title=_("Due in the next 7 days"),
        page=INVOICE_LIST,
        state=asking(_OPEN, demand("due_on", "next", 7), sort="due_on"),
        owner="owner",
        sums="amount_open",
        note=_invoices,
    ),
    Figure(
        name="to_match",
        title=_("Payments to match"),
        page=PAYMENT_LIST,
        state=asking(_UNMATCHED),
        owner="owner",
        sums="amount_unapplied",
        note=_payments,
        tone="warn",
    ),
    Figure(
        name="credit_to_match",
        title=_("Credit to match"),
        page=CREDIT_NOTE_LIST,
        state=asking(demand("is_unapplied", "yes")),
        owner="owner",
        sums="amount_unapplied",
        note=lambda held: ngettext("%(num)s credit note", "%(num)s credit notes", held.rows),
        tone="warn",
    ),
    Figure(
        name="finance_tasks",
        title=_("Finance tasks"),
        page=TASK_LIST,
        state=asking(_OPEN),
        is_count=True,
        note=lambda held: gettext("somebody must look") if held.rows else gettext("Nothing to look at"),
        tone="warn",
    ),
    Rows(
        name="just_paid",
        title=_("Has just paid"),
        page=PAYMENT_LIST,
        state=asking(_RECEIPTS, sort="-received_on"),
        owner="owner",
        columns=("customer", "received_on", "amount", "amount_unapplied", "currency", "invoices", "left_open"),
        is_counted=False,
        empty=_("No payment yet."),
    ),
    Rows(
        name="unmatched",
        title=_("Payments to match"),
        page=PAYMENT_LIST,
        state=asking(_UNMATCHED, sort="-received_on"),
        owner="owner",
        columns=("number", "customer", "received_on", "amount_unapplied", "currency"),
        empty=_("All money is matched."),
    ),
    Groups(
        name="ages",
        title=_("Receivables by age"),
        own_title=_("My receivables by age"),
        page=INVOICE_LIST,
        state=asking(_OPEN, group="age", sort="due_on"),
        owner="owner",
        sums="amount_open",
        tones=AGE_TONES,
        empty=_("Nothing is open"),
        beside=("invoices.aging", _("Open aging")),
    ),
)
