"""A small model of order to cash, written from the rules and not from the product: plain numbers, no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
CENT = Decimal("0.01")


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


@dataclass
class Product:
    on_hand: Decimal = ZERO
    is_service: bool = False


@dataclass
class Line:
    product: Product
    quantity: Decimal
    net: Decimal
    tax: Decimal
    cancelled: Decimal = ZERO
    shipped: Decimal = ZERO
    returned: Decimal = ZERO
    invoiced: Decimal = ZERO
    credited: Decimal = ZERO
    reserved: Decimal = ZERO
    waiting: Decimal = ZERO

    @property
    def live(self) -> Decimal:
        return self.quantity - self.cancelled - self.returned

    @property
    def out(self) -> Decimal:
        return self.shipped - self.returned

    @property
    def billed(self) -> Decimal:
        return self.invoiced - self.credited

    @property
    def to_ship(self) -> Decimal:
        return self.quantity - self.cancelled - self.shipped

    def gross(self, quantity: Decimal) -> Decimal:
        """What a quantity of this line costs, tax included: each rounded on its own."""
        return rounded(self.net * quantity / self.quantity) + rounded(self.tax * quantity / self.quantity)


@dataclass
class Invoice:
    total: Decimal
    paid: Decimal = ZERO
    credited: Decimal = ZERO

    @property
    def open(self) -> Decimal:
        return self.total - self.paid


@dataclass
class Credit:
    """Money or a credit note that can be put on invoices."""

    amount: Decimal
    used: Decimal = ZERO
    kind: str = "payment"
    corrects: Invoice | None = None

    @property
    def left(self) -> Decimal:
        return self.amount - self.used


@dataclass
class Order:
    on_order: bool
    lines: list[Line]
    invoices: list[Invoice] = field(default_factory=list)
    confirmed: bool = False
    cancelled: bool = False

    @property
    def goods(self) -> list[Line]:
        return [line for line in self.lines if not line.product.is_service]

    @property
    def statuses(self) -> tuple[str, str, str]:
        shown = self.goods or self.lines
        gone = all(line.to_ship <= 0 for line in shown)
        some = any(line.shipped > 0 for line in shown)
        billed = all(line.billed >= line.live for line in self.lines)
        any_billed = any(line.invoiced > 0 for line in self.lines)
        shipping = "shipped" if gone and some else "partial" if some else "none"
        invoicing = "invoiced" if billed and any_billed else "partial" if any_billed else "none"
        if self.cancelled:
            return "cancelled", shipping, invoicing
        if not self.confirmed:
            return "draft", shipping, invoicing
        done = all(line.to_ship <= 0 for line in self.lines) and billed
        return "done" if done else "confirmed", shipping, invoicing


@dataclass
class Model:
    """One customer's dealings with one warehouse."""

    products: list[Product] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    queue: list[Line] = field(default_factory=list)
    credits: list[Credit] = field(default_factory=list)

    # stock ------------------------------------------------------------------------------------------------------------
    def free(self, product: Product) -> Decimal:
        return product.on_hand - sum((line.reserved for line in self.queue if line.product is product), ZERO)

    def fill(self, product: Product) -> None:
        """Free stock goes to whoever waits, in the order of confirmation."""
        for line in self.queue:
            if line.product is product and line.waiting:
                given = min(line.waiting, self.free(product))
                line.reserved += given
                line.waiting -= given

    # money ------------------------------------------------------------------------------------------------------------
    @property
    def receivables(self) -> Decimal:
        return sum((invoice.open for order in self.orders for invoice in order.invoices), ZERO)

    @property
    def unapplied(self) -> Decimal:
        return sum((credit.left for credit in self.credits), ZERO)

    @property
    def uninvoiced(self) -> Decimal:
        return sum(
            (
                line.gross(line.live) - line.gross(line.billed)
                for order in self.orders
                if order.confirmed and not order.on_order and not order.cancelled
                for line in order.lines
            ),
            ZERO,
        )

    def bill(self, order: Order, amount: Decimal) -> None:
        if amount:
            order.invoices.append(Invoice(amount))

    def credit(self, order: Order, amount: Decimal) -> None:
        """A correction: on the latest invoice that can carry it all, else on each its part, latest first."""
        if not amount:
            return
        rooms = [(invoice, invoice.total - invoice.credited) for invoice in reversed(order.invoices)]
        whole = [(invoice, amount) for invoice, room in rooms if room >= amount][:1]
        if not whole:
            left = amount
            for invoice, room in rooms:
                part = min(left, room)
                left -= part
                if part:
                    whole.append((invoice, part))
            assert left == 0
        for invoice, part in whole:
            applied = min(part, invoice.open)
            invoice.credited += part
            invoice.paid += applied
            self.credits.append(Credit(part, applied, "credit_note", invoice))

    def settle(self) -> None:
        """Credit notes go on the invoice that they correct as far as it is open, the oldest first."""
        for credit in self.credits:
            if credit.corrects:
                part = min(credit.left, credit.corrects.open)
                credit.used += part
                credit.corrects.paid += part
