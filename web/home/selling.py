"""Cards of what is sold: opportunities, follow-ups, customers, quotations, orders."""

from __future__ import annotations

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _

from core.lists.reading import Count
from core.lists.state import demand
from web.activities.listing import ACTIVITY_LIST
from web.customers.listing import CUSTOMER_LIST
from web.home.cards import Figure, Groups, Rows, amount, asking, declare
from web.opportunities.listing import OPPORTUNITY_LIST
from web.orders.listing import ORDER_LIST
from web.quotations.listing import QUOTATION_LIST

_OPEN = demand("stage_kind", "in", "open")
_WON = demand("stage_kind", "in", "won")
_SOLD = demand("state", "in", "confirmed", "done")
_MINE = demand("owner", "in", "me")
_PLANNED = demand("is_open", "yes")


def _deals(held: Count) -> str:
    return ngettext("%(num)s opportunity", "%(num)s opportunities", held.rows)


def _orders(held: Count) -> str:
    return ngettext("%(num)s order", "%(num)s orders", held.rows)


declare(
    Figure(
        name="won_month",
        title=_("Won this month"),
        page=OPPORTUNITY_LIST,
        state=asking(_WON, demand("closed_at", "period", "this_month"), sort="-created_at"),
        owner="owner",
        sums="amount",
        note=_deals,
    ),
    Figure(
        name="open_pipeline",
        title=_("Open pipeline"),
        page=OPPORTUNITY_LIST,
        state=asking(_OPEN),
        owner="owner",
        sums="amount",
        note=_deals,
    ),
    Figure(
        name="late_follow_ups",
        title=_("Late follow-ups"),
        page=ACTIVITY_LIST,
        state=asking(demand("is_late", "yes"), _MINE),
        is_count=True,
        note=lambda held: gettext("their day has passed") if held.rows else gettext("All follow-ups are in time."),
        tone="bad",
    ),
    Figure(
        name="held",
        title=_("Orders held by stock"),
        page=ORDER_LIST,
        state=asking(demand("waits", "yes"), sort="requested_on"),
        owner="owner",
        sums="amount_total",
        is_count=True,
        note=lambda held: gettext("worth %(amount)s", amount=amount(held.sums["amount_total"])),
        tone="warn",
    ),
    Figure(
        name="sold_month",
        title=_("Ordered this month"),
        page=ORDER_LIST,
        state=asking(_SOLD, demand("ordered_on", "period", "this_month")),
        owner="owner",
        sums="amount_total",
        note=_orders,
    ),
    Figure(
        name="drafts",
        title=_("Draft orders"),
        page=ORDER_LIST,
        state=asking(demand("state", "in", "draft")),
        owner="owner",
        sums="amount_total",
        is_count=True,
        note=lambda held: gettext("worth %(amount)s", amount=amount(held.sums["amount_total"])),
    ),
    Figure(
        name="open_quotations",
        title=_("Open quotations"),
        page=QUOTATION_LIST,
        state=asking(demand("state", "in", "draft", "sent")),
        owner="owner",
        sums="amount_total",
        note=lambda held: ngettext("%(num)s quotation", "%(num)s quotations", held.rows),
    ),
    Figure(
        name="new_customers",
        title=_("New customers this month"),
        page=CUSTOMER_LIST,
        state=asking(demand("created_at", "period", "this_month"), sort="-created_at"),
        owner="owner",
        is_count=True,
        note=lambda held: gettext("brought in since the first"),
    ),
    Figure(
        name="credit_used",
        title=_("Credit used"),
        page=CUSTOMER_LIST,
        state=asking(demand("credit_used", "yes")),
        owner="owner",
        is_count=True,
        note=lambda held: gettext("customers near their limit"),
        tone="warn",
    ),
    Rows(
        name="follow_ups",
        title=_("Follow up today"),
        page=ACTIVITY_LIST,
        state=asking(_PLANNED, _MINE, demand("due_on", "until", "today"), sort="due_on"),
        columns=("subject", "customer", "due_on"),
        most=6,
        empty=_("No customer to follow up today. Plan a step on a customer's page."),
    ),
    Groups(
        name="stages",
        title=_("Pipeline by stage"),
        own_title=_("My pipeline by stage"),
        page=OPPORTUNITY_LIST,
        state=asking(_OPEN, group="stage"),
        owner="owner",
        sums="amount",
        empty=_("No opportunity is open."),
        beside=("opportunities.board", _("Open board")),
    ),
    Rows(
        name="stalled",
        title=_("Not moved for 21 days"),
        page=OPPORTUNITY_LIST,
        state=asking(_OPEN, demand("is_stalled", "yes"), sort="-amount"),
        owner="owner",
        columns=("name", "customer", "stage", "amount", "stage_since"),
        most=4,
        empty=_("Every open opportunity has moved lately."),
    ),
    Rows(
        name="late_customers",
        title=_("Overdue customers"),
        own_title=_("My overdue customers"),
        page=CUSTOMER_LIST,
        state=asking(demand("is_overdue", "yes"), sort="overdue"),
        owner="owner",
        columns=("name", "overdue", "next_step"),
        empty=_("Nobody is overdue."),
    ),
    Rows(
        name="held_orders",
        title=_("Held by stock"),
        page=ORDER_LIST,
        state=asking(demand("waits", "yes"), sort="requested_on"),
        owner="owner",
        columns=("number", "customer", "requested_on", "amount_total", "currency", "back_ordered"),
        empty=_("No order waits for stock."),
    ),
    Groups(
        name="top_customers",
        title=_("Top customers this year"),
        own_title=_("My top customers this year"),
        page=ORDER_LIST,
        state=asking(_SOLD, demand("ordered_on", "period", "this_year"), group="customer"),
        owner="owner",
        sums="amount_total",
        most=6,
        largest=True,
        empty=_("No order yet this year."),
    ),
)
