"""The list of quotations as its page shows it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from core.lists.state import State, demand
from crm.lists.quotations import QUOTATIONS
from web.lists.declared import Act, Empty, Head, ListPage, View, declare
from web.quotations.sentences import STATE_TONES, STATES

QUOTATION_LIST = declare(
    ListPage(
        source=QUOTATIONS,
        title=_("Quotations"),
        permission="quotations.read",
        endpoint="quotations.index",
        record=("quotations.show", "quotation_id"),
        heads={
            "number": Head(label=_("Number"), place=""),
            "customer": Head(label=_("Customer"), place="p2"),
            "salesperson": Head(label=_("Written by")),
            "owner": Head(label=_("Owner")),
            "quoted_on": Head(label=_("Quoted"), place="p2"),
            "valid_until": Head(label=_("Valid until")),
            "state": Head(
                label=_("State"),
                words={**STATES, "expired": _("Expired")},
                tones={**STATE_TONES, "expired": "warn"},
                place="",
            ),
            "amount_net": Head(label=_("Net")),
            "amount_total": Head(label=_("Amount"), place=""),
            "currency": Head(label=_("Currency")),
            "recorded_at": Head(label=_("Recorded")),
        },
        shown=("number", "customer", "salesperson", "quoted_on", "valid_until", "state", "amount_total"),
        default_sort="-quoted_on",
        views=(
            View("open", _("Open"), State(demands=(demand("state", "in", "draft", "sent"),))),
            View("ordered", _("Ordered"), State(demands=(demand("state", "in", "ordered"),))),
            View("declined", _("Declined"), State(demands=(demand("state", "in", "declined"),))),
            View("expired", _("Expired"), State(demands=(demand("state", "in", "expired"),))),
            View("all", _("All")),
        ),
        find=_("Number or customer"),
        empty=Empty(
            _("No quotations yet"), _("A quotation fixes prices for some days; ordering from it takes one step.")
        ),
        template="quotations/index.html",
        aliases={"customer_id": "customer", "owner": "owner"},
        acts=(
            Act(
                "declined",
                _("Mark as declined"),
                "stop",
                _("Mark these quotations as declined?"),
                tabs=("open", "expired"),
            ),
        ),
        phone_lines=("customer", "quoted_on"),
    )
)
