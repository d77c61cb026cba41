"""What can be done with a confirmed order line by line: one description per action, one page for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from flask_babel import lazy_gettext as _

from core.columns import longest_texts
from core.money import MONEY_PLACES, QUANTITY_PLACES
from crm.models import SalesOrder
from crm.orders.bill import BillRequest, bill_order
from crm.orders.cancel import cancel_order
from crm.orders.correction import QuantityRequest
from crm.orders.credit import PriceCredit, credit_order
from crm.orders.return_goods import return_goods
from crm.orders.ship import ShipRequest, ship_order
from crm.queries.order_page import OrderLine, OrderPage
from inventory.models import Shipment

NOTHING: Final = Decimal(0)


@dataclass(frozen=True)
class Action:
    """One action. `most` is how much of a line it can take, `usual` what stands in the field at first."""

    name: str
    permission: str
    title: Any
    lead: Any
    confirm: Any
    done: Any
    undo: Any
    column: Any
    command: Callable[..., Any]
    request: Callable[[int, Decimal], Any]
    most: Callable[[OrderLine], Decimal]
    usual: Callable[[OrderLine], Decimal]
    may_now: Callable[[OrderPage], bool]
    texts: tuple[str, ...] = ()
    is_money: bool = False
    danger: bool = False
    whole: bool = True

    @property
    def places(self) -> int:
        """Decimals of what is typed beside a line."""
        return MONEY_PLACES if self.is_money else QUANTITY_PLACES

    def arguments(self, quantities: Mapping[int, Decimal], texts: Mapping[str, str]) -> dict[str, Any]:
        """What the command takes beside the order."""
        lines = [self.request(line_id, amount) for line_id, amount in quantities.items() if amount]
        return {"lines": lines, **{name: texts.get(name, "").strip() or None for name in self.texts}}


ACTIONS: Final = {
    action.name: action
    for action in (
        Action(
            "ship",
            "orders.ship",
            _("Ship"),
            _("What is reserved stands in the fields. Lower a quantity to ship in parts."),
            _("Ship now"),
            _("%(number)s shipped"),
            _("Goods that left come back only with a return."),
            _("To ship"),
            ship_order,
            ShipRequest,
            lambda line: line.to_ship,
            lambda line: line.reserved,
            lambda page: page.order.state == "confirmed" and page.reserved > 0,
            texts=("carrier", "tracking_number"),
        ),
        Action(
            "cancel",
            "orders.cancel",
            _("Cancel order"),
            _("What is not shipped can be cancelled; lower a quantity to keep part of it."),
            _("Cancel these quantities"),
            _("%(number)s cancelled"),
            _("This cannot be undone. Payments stay as the customer's credit."),
            _("Not shipped"),
            cancel_order,
            QuantityRequest,
            lambda line: line.quantity - line.cancelled - line.shipped,
            lambda line: line.quantity - line.cancelled - line.shipped,
            lambda page: (
                page.order.state == "draft"
                or (page.order.state == "confirmed" and any(line.to_ship > 0 for line in page.lines))
            ),
            texts=("reason",),
            danger=True,
        ),
        Action(
            "return",
            "orders.return",
            _("Return"),
            _("Enter what comes back. It returns to stock at the cost it left at, and what was invoiced is credited."),
            _("Take back and credit"),
            _("Return for %(number)s recorded"),
            _("This cannot be undone; what comes back can be ordered again."),
            _("With the customer"),
            return_goods,
            QuantityRequest,
            lambda line: NOTHING if line.is_service else line.out,
            lambda line: NOTHING,
            lambda page: (
                page.order.state in ("confirmed", "done")
                and any(line.out > 0 and not line.is_service for line in page.lines)
            ),
            texts=("reason",),
            whole=False,
        ),
        Action(
            "bill",
            "orders.bill",
            _("Invoice"),
            _("What is shipped and not invoiced yet stands in the fields."),
            _("Post invoice"),
            _("%(number)s invoiced"),
            _("An invoice is corrected by a credit note, never changed."),
            _("To invoice"),
            bill_order,
            BillRequest,
            lambda line: line.to_bill,
            lambda line: line.to_bill,
            lambda page: (
                page.order.invoicing_policy == "on_delivery"
                and page.order.state in ("confirmed", "done")
                and any(line.to_bill > 0 for line in page.lines)
            ),
        ),
        Action(
            "credit",
            "orders.bill",
            _("Credit price"),
            _("Enter what to take off each line, net of tax. Goods stay with the customer."),
            _("Issue credit note"),
            _("%(number)s credited"),
            _("A credit note cannot be taken back."),
            _("Can be credited, net"),
            credit_order,
            PriceCredit,
            lambda line: line.creditable,
            lambda line: NOTHING,
            lambda page: bool(page.invoices) and page.order.state in ("confirmed", "done"),
            texts=("reason",),
            is_money=True,
            whole=False,
        ),
    )
}
LONGEST: Final = {
    **{name: longest_texts(Shipment)[name] for name in ("carrier", "tracking_number")},
    "reason": longest_texts(SalesOrder)["cancel_reason"],
}
TEXT_LABELS: Final = {
    "carrier": _("Carrier"),
    "tracking_number": _("Tracking number"),
    "reason": _("Reason, shown in the history"),
}
