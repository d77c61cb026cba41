"""How much of a line is shipped, billed, recognised: cumulative shares, so that parts always sum to the whole.

Everything is derived from quantities per line, never from percentages. With E = the line's amount less price credits
and Q its quantity, any state's amount is round(E × quantity ÷ Q), and a step is the difference between two states.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from core.money import round_money, share
from core.organization import InvoicingPolicy
from crm.models import InvoiceStatus, OrderState, ShippingStatus
from crm.orders.facts import LineFact


@dataclass
class Progress:
    """A line's quantities and amounts as this command leaves them."""

    line: LineFact
    cancelled: Decimal
    shipped: Decimal
    returned: Decimal
    invoiced: Decimal
    credited: Decimal
    net_reduced: Decimal
    tax_reduced: Decimal

    @classmethod
    def of(cls, line: LineFact) -> Progress:
        return cls(
            line,
            line.cancelled,
            line.shipped,
            line.returned,
            line.invoiced,
            line.credited,
            line.net_reduced,
            line.tax_reduced,
        )

    @property
    def live(self) -> Decimal:
        """What the customer keeps or will get: quantity − cancelled − returned."""
        return self.line.quantity - self.cancelled - self.returned

    @property
    def out(self) -> Decimal:
        """What is with the customer: shipped − returned."""
        return self.shipped - self.returned

    @property
    def billed(self) -> Decimal:
        return self.invoiced - self.credited

    @property
    def to_ship(self) -> Decimal:
        return self.line.quantity - self.cancelled - self.shipped

    def net(self, quantity: Decimal) -> Decimal:
        """The cumulative net amount of a quantity of this line."""
        return share(self.line.amount_net - self.net_reduced, quantity, self.line.quantity, self.line.currency)

    def tax(self, quantity: Decimal) -> Decimal:
        """The cumulative tax of a quantity of this line."""
        return share(self.line.amount_tax - self.tax_reduced, quantity, self.line.quantity, self.line.currency)

    def reduce(self, net: Decimal, tax: Decimal) -> None:
        """Takes a price credit off what is left of the line, so that its amounts fall by exactly `net` and `tax`.

        The line keeps the amounts of its whole quantity, of which what is left is a share; they fall in proportion.
        """
        line, left = self.line, self.live
        if net:
            whole = round_money((self.net(left) - net) * line.quantity / left, line.currency)
            self.net_reduced = line.amount_net - whole
        if tax:
            whole = round_money((self.tax(left) - tax) * line.quantity / left, line.currency)
            self.tax_reduced = line.amount_tax - whole

    def gross(self, quantity: Decimal) -> Decimal:
        return self.net(quantity) + self.tax(quantity)


def tax_point_reached(before: Progress, after: Progress, *, on_order: bool) -> Decimal:
    """The line's VAT whose tax point has come, once a correction has taken `before` to `after`.

    Under `on_delivery` that is the billed part. Under `on_order` it is all that lives where the invoice was the tax
    point (or everything is shipped), else what is with the customer.
    """
    recognised = before.line.tax_recognised
    if not on_order:
        return after.tax(after.billed)
    if recognised >= before.tax(before.live):
        return after.tax(after.live)
    return min(recognised, after.tax(after.out))


def shipping_status(lines: Iterable[Progress]) -> ShippingStatus:
    """From the goods' quantities; an order of services alone is shipped once they are delivered."""
    lines = list(lines)
    goods = [line for line in lines if not line.line.is_service] or lines
    if all(line.to_ship <= 0 for line in goods) and any(line.shipped > 0 for line in goods):
        return ShippingStatus.SHIPPED
    return ShippingStatus.PARTIAL if any(line.shipped > 0 for line in goods) else ShippingStatus.NONE


def invoice_status(lines: Iterable[Progress]) -> InvoiceStatus:
    lines = list(lines)
    if all(line.billed >= line.live for line in lines) and any(line.invoiced > 0 for line in lines):
        return InvoiceStatus.INVOICED
    return InvoiceStatus.PARTIAL if any(line.invoiced > 0 for line in lines) else InvoiceStatus.NONE


def order_state(lines: Iterable[Progress], current: str) -> OrderState:
    """done when nothing is left to ship or to bill; cancelled when nothing was ever shipped and nothing is live."""
    lines = list(lines)
    if current == OrderState.DRAFT:
        return OrderState.DRAFT
    if all(line.live <= 0 for line in lines) and not any(line.shipped > 0 for line in lines):
        return OrderState.CANCELLED
    if all(line.to_ship <= 0 for line in lines) and all(line.billed >= line.live for line in lines):
        return OrderState.DONE
    return OrderState.CONFIRMED


def uninvoiced(lines: Iterable[Progress], policy: str) -> Decimal:
    """Gross value of what is ordered and live and not yet billed (nothing under `on_order`, where confirming bills
    all)."""
    if policy == InvoicingPolicy.ON_ORDER:
        return Decimal("0.00")
    return sum((line.gross(line.live) - line.gross(line.billed) for line in lines), Decimal("0.00"))
