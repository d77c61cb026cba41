"""What the home page of each role has from the start. Roles that a company makes itself begin with all of it, as far as
they may; who has several roles, with that of each."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext as _

from web.home import money, selling, stock  # noqa: F401 (their cards)
from web.home.cards import Act, begin_with

_FOLLOW_UPS: Final = Act("activities.index", _("Follow-ups"), "cal", "l")
_NEW_ORDER: Final = Act("orders.new", _("New order"), "plus", "n")

begin_with(
    "admin manager sales_manager",
    "won_month open_pipeline collected overdue held follow_ups stages ages top_customers just_paid late_customers"
    " held_orders stalled",
    _FOLLOW_UPS,
    _NEW_ORDER,
)
begin_with(
    "sales",
    "won_month open_pipeline late_follow_ups collected overdue held follow_ups stages stalled just_paid late_customers"
    " held_orders",
    _FOLLOW_UPS,
    _NEW_ORDER,
)
begin_with("service", "late_follow_ups held overdue follow_ups held_orders late_customers just_paid", _FOLLOW_UPS)
begin_with("marketing", "won_month open_pipeline new_customers stages stalled")
begin_with(
    "finance",
    "to_match credit_to_match receivables overdue collected finance_tasks ages unmatched late_customers just_paid",
    Act("payments.match", _("Match payments"), "swap", "m"),
    Act("payments.new", _("Record payment"), "plus", "n"),
)
begin_with(
    "warehouse",
    "ready held alerts to_ship held_orders short_products stock_alerts",
    Act("shipments.index", _("To ship"), "truck", "s"),
)
