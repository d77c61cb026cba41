"""The list of opportunities as its page shows it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

import crm.lists.editing  # noqa: F401 (what can be edited in the list)
from core.lists.state import State, demand
from crm.lists.opportunities import OPPORTUNITIES
from web.lists.declared import Empty, Head, ListPage, View, declare

KINDS = {"open": _("Open"), "won": _("Won"), "lost": _("Lost")}
KIND_TONES = {"open": "info", "won": "ok", "lost": "bad"}
_OPEN = demand("stage_kind", "in", "open")

OPPORTUNITY_LIST = declare(
    ListPage(
        source=OPPORTUNITIES,
        title=_("Opportunities"),
        permission="opportunities.read",
        endpoint="opportunities.index",
        record=("opportunities.show", "opportunity_id"),
        heads={
            "name": Head(label=_("Opportunity"), place=""),
            "number": Head(label=_("Number")),
            "customer": Head(label=_("Customer"), place="p2"),
            "stage": Head(label=_("Stage"), place=""),
            "stage_kind": Head(label=_("State"), words=KINDS, tones=KIND_TONES),
            "owner": Head(label=_("Owner")),
            "probability": Head(label=_("Probability")),
            "amount": Head(label=_("Amount"), place=""),
            "weighted": Head(label=_("Weighted"), hint=_("The amount times the probability of its stage")),
            "expected_close_on": Head(label=_("Expected to close"), place="p2"),
            "stage_since": Head(label=_("In this stage since")),
            "is_stalled": Head(label=_("Not moved for 21 days"), hint=_("Neither its stage nor an activity")),
            "budget": Head(label=_("Budget")),
            "schedule": Head(label=_("Schedule")),
            "source": Head(label=_("Source")),
            "lost_reason": Head(label=_("Reason of the loss")),
            "competitor": Head(label=_("Competitor")),
            "created_at": Head(label=_("Created")),
            "closed_at": Head(label=_("Closed")),
        },
        shown=("name", "customer", "stage", "owner", "expected_close_on", "amount"),
        default_sort="expected_close_on",
        views=(
            View("open", _("Open"), State(demands=(_OPEN,))),
            View("mine", _("Mine"), State(demands=(_OPEN, demand("owner", "in", "me")))),
            View("won", _("Won"), State(demands=(demand("stage_kind", "in", "won"),), sort="-created_at")),
            View("lost", _("Lost"), State(demands=(demand("stage_kind", "in", "lost"),), sort="-created_at")),
            View("all", _("All")),
        ),
        find=_("Name, number or customer"),
        empty=Empty(
            _("No opportunities yet"),
            _("An opportunity is a sale that may come: with an amount, a day and a next step."),
        ),
        template="opportunities/index.html",
        cells="opportunities/cells.html",
        aliases={"customer_id": "customer", "owner": "owner"},
        phone_lines=("customer", "expected_close_on"),
    )
)
