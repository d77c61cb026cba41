"""The lists of entries and of finance tasks as their pages show them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from core.lists.state import State, demand
from finance.lists.journal import JOURNAL
from finance.lists.tasks import TASKS
from web.lists.declared import Act, Empty, Head, ListPage, View, declare
from web.stock.words import EVENTS

TASK_REASONS = {
    "payment_after_cancellation": _(
        "A payment names what was cancelled. Ask the customer what it is for, then match or refund it."
    )
}

JOURNAL_LIST = declare(
    ListPage(
        source=JOURNAL,
        title=_("Journal"),
        permission="ledger.read",
        endpoint="ledger.journal",
        record=("ledger.entry", "entry_id"),
        heads={
            "number": Head(label=_("Number"), place=""),
            "effective_on": Head(label=_("Date"), place="p2"),
            "event": Head(label=_("What"), words=EVENTS, place=""),
            "document": Head(label=_("Document"), place="p2"),
            "origin": Head(label=_("Origin")),
            "accounts": Head(label=_("Accounts")),
            "amount": Head(label=_("Amount"), place=""),
            "recorded_at": Head(label=_("Recorded")),
            "journal": Head(label=_("Journal")),
            "memo": Head(label=_("Memo")),
            "who": Head(label=_("Who")),
            "lines": Head(label=_("Lines")),
            "is_reversal": Head(label=_("Reversal")),
        },
        shown=("number", "effective_on", "event", "document", "origin", "accounts", "amount", "recorded_at"),
        default_sort="-recorded_at",
        views=(
            View("all", _("All")),
            View("month", _("This month"), State(demands=(demand("effective_on", "period", "this_month"),))),
            View("manual", _("Manual entries"), State(demands=(demand("event", "in", "manual", "reversal"),))),
        ),
        find=_("Number, document or memo"),
        empty=Empty(
            _("Nothing posted yet"),
            _("Orders, receipts and payments post themselves; what is left is entered by hand. Either stands here."),
        ),
        template="ledger/journal.html",
        cells="ledger/cells.html",
        aliases={"account": "accounts", "journal": "journal"},
        phone_lines=("effective_on", "document"),
    )
)

TASK_LIST = declare(
    ListPage(
        source=TASKS,
        title=_("Finance tasks"),
        permission="ledger.read",
        endpoint="ledger.tasks",
        record=None,
        note=_("What a command came upon and could not decide. Look at it, act, and take it off the list."),
        heads={
            "kind": Head(label=_("Reason"), words=TASK_REASONS, place=""),
            "customer": Head(label=_("Customer"), place="p2"),
            "origin": Head(label=_("Document"), place="p2"),
            "amount": Head(label=_("Amount"), place=""),
            "detail": Head(label=_("Note")),
            "created_at": Head(label=_("Since")),
            "done_at": Head(label=_("Done")),
            "is_open": Head(label=_("Is open")),
        },
        shown=("kind", "customer", "origin", "amount", "created_at"),
        default_sort="created_at",
        views=(
            View("open", _("Open"), State(demands=(demand("is_open", "yes"),)), is_hot=True),
            View(
                "done",
                _("Done"),
                State(
                    demands=(demand("is_open", "no"),),
                    sort="-done_at",
                    columns=("kind", "customer", "origin", "amount", "done_at"),
                ),
                empty=Empty(_("Nothing done yet"), _("What is taken off the list stands here afterwards.")),
            ),
        ),
        find=_("Document, note or customer"),
        empty=Empty(
            _("Nothing to look at"), _("Every payment found what it was for. Whatever does not will stand here.")
        ),
        template="ledger/tasks.html",
        cells="ledger/task_cells.html",
        aliases={"customer": "customer"},
        acts=(Act("done", _("Mark as done"), "ok", _("Take these tasks off the list?"), tabs=("open",)),),
        phone_lines=("customer", "origin"),
    )
)
