"""The line grid of orders and quotations: what was typed becomes products, prices, amounts and stock states."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection
from wtforms import FieldList, FormField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from core.money import line_amount, taxes_per_document, taxes_per_line, total
from core.organization import TaxRounding
from crm.pricing import MAX_LINES, LineRequest
from inventory.queries.lookup import ProductMatch, find_products
from web.filters import quantity
from web.forms import LineForm, PercentField, PriceField, QuantityField, Rows
from web.i18n import language
from web.sentences import sentence

EMPTY_ROWS = 3
MOST_NAMED = 4
ON_SHORT = ("refuse", "back_order")


class OrderLineForm(LineForm):
    """One row: a product as typed, quantity, price (empty: the catalog's), discount, what happens on short stock."""

    product = StringField(_l("Product"))
    quantity = QuantityField(_l("Quantity"))
    price = PriceField(_l("Price"))
    discount_percent = PercentField(_l("Discount"))
    on_short = SelectField(
        _l("When stock is short"),
        choices=[SelectChoice("refuse", _l("Do not confirm")), SelectChoice("back_order", _l("Back-order the rest"))],
        default="refuse",
        validate_choice=False,
    )

    def is_empty(self) -> bool:
        """Whether nobody wrote anything into the row."""
        return not any(
            str((part.raw_data or [""])[0] or "").strip() for part in (self.product, self.quantity, self.price)
        )


class QuotationLineForm(OrderLineForm):
    """The same row without a choice for short stock."""

    on_short = None


def lines_field(form: type[LineForm]) -> FieldList[Any]:
    """A grid of rows."""
    return Rows(FormField(form), label=_l("Lines"), most=MAX_LINES, key="product")


@dataclass
class Grid:
    """The grid as it was typed, understood. Indexes are those of the form's rows."""

    products: dict[int, ProductMatch] = field(default_factory=dict)
    amounts: list[Decimal | None] = field(default_factory=list)
    requests: list[LineRequest] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    stock: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    shorts: dict[int, ProductMatch] = field(default_factory=dict)
    amount_net: Decimal = Decimal("0.00")
    amount_tax: Decimal = Decimal("0.00")
    discounts: Decimal = Decimal("0.00")
    is_valid: bool = True

    @property
    def amount_total(self) -> Decimal:
        return self.amount_net + self.amount_tax


def add_empty_rows(lines: FieldList[Any], count: int = EMPTY_ROWS) -> None:
    """Rows to write on, at the end; without script they are all there is."""
    for _number in range(count):
        lines.append_entry()


def fill_rows(lines: FieldList[Any], drafted: Iterable[Any]) -> None:
    """Rows with what stands in the lines of a draft, as if it had been typed."""
    for line in drafted:
        lines.append_entry(
            {
                "product": f"{line.sku} {line.name}",
                "quantity": line.quantity,
                "price": line.unit_price,
                "discount_percent": line.discount_percent,
                "on_short": getattr(line, "on_short", None),
            }
        )
    for entry in lines.entries:
        entry.form.product.raw_data = [str(entry.form.product.data)]
        entry.form.quantity.raw_data = [entry.form.quantity._value()]


def read_grid(
    connection: Connection, lines: FieldList[Any], warehouse_id: int | None, *, currency: str, tax_rounding: str
) -> Grid:
    """Understand the grid: find products, complete prices, compute amounts and stock states.

    What cannot be understood gets its sentence beside the cell (`is_valid` is False then); empty rows are left out.
    """
    grid = Grid(amounts=[None] * len(lines.entries))
    used = [index for index, entry in enumerate(lines.entries) if not entry.form.is_empty()]
    texts = [(lines.entries[index].form.product.data or "").strip() for index in used]
    found = find_products(connection, [text for text in texts if text], warehouse_id)
    for index, text in zip(used, texts, strict=True):
        _read_row(grid, lines.entries[index].form, index, found.get(text) if text else None)
    if not used:
        grid.is_valid = False
    _sum_up(grid, currency, tax_rounding)
    _look_at_stock(grid, lines)
    return grid


def unfound(found: list[ProductMatch] | None) -> str:
    """Why what was typed is no product: several fit, or none does."""
    if not found:
        return sentence("product_unknown")
    names = _(", ").join(match.text for match in found[:MOST_NAMED])
    return _("Several products fit: %(names)s. Type one of them.", names=names)


def _read_row(grid: Grid, row: Any, index: int, found: ProductMatch | list[ProductMatch] | None) -> None:
    if isinstance(found, ProductMatch):
        grid.products[index] = found
    elif found or (row.product.data or "").strip():
        _add_error(row.product, unfound(found))
    else:
        _add_error(row.product, sentence("required"))
    if row.quantity.data is None and not row.quantity.errors:
        _add_error(row.quantity, sentence("required"))
    choice = getattr(row, "on_short", None)
    if choice is not None and choice.data not in ON_SHORT and not choice.errors:
        _add_error(choice, sentence("not_a_choice"))
    if any(
        part.errors for part in (row.product, row.quantity, row.price, row.discount_percent, choice) if part is not None
    ):
        grid.is_valid = False
        return
    product = grid.products[index]
    if row.price.data is None:
        row.price.data = product.price
        row.price.raw_data = None
    grid.rows.append(index)
    grid.requests.append(
        LineRequest(
            product.id,
            row.quantity.data,
            row.price.data,
            row.discount_percent.data or Decimal(0),
            choice.data if choice is not None else "refuse",
        )
    )


def _add_error(cell: Any, text: str) -> None:
    cell.errors = [*cell.errors, text]


def _sum_up(grid: Grid, currency: str, tax_rounding: str) -> None:
    nets = [
        line_amount(request.quantity, request.unit_price or Decimal(0), request.discount_percent, currency)
        for request in grid.requests
    ]
    rates = [grid.products[index].tax_rate for index in grid.rows]
    taxes = (taxes_per_document if tax_rounding == TaxRounding.DOCUMENT else taxes_per_line)(nets, rates, currency)
    for index, net in zip(grid.rows, nets, strict=True):
        grid.amounts[index] = net
    grid.amount_net, grid.amount_tax = total(nets), total(taxes)
    full = total(
        line_amount(request.quantity, request.unit_price or Decimal(0), Decimal(0), currency)
        for request in grid.requests
    )
    grid.discounts = full - grid.amount_net


def _look_at_stock(grid: Grid, lines: FieldList[Any]) -> None:
    """Stock states in the order of the lines, as confirming would reserve them: an earlier line takes first."""
    left: dict[int, Decimal] = {}
    for index, request in zip(grid.rows, grid.requests, strict=True):
        product = grid.products[index]
        free = left.get(product.id, product.available)
        grid.stock[index] = stock_state(product, request.quantity, free)
        if not product.is_service and request.quantity > free:
            grid.shorts[index] = product._replace(available=free)
        left[product.id] = max(free - request.quantity, Decimal(0))


def stock_state(product: ProductMatch, wanted: Decimal | None, free: Decimal | None = None) -> tuple[str, str, str]:
    """Tone, icon and words of a line's stock."""
    if product.is_service:
        return ("mute", "ok", _("Service"))
    available = product.available if free is None else free
    if wanted is not None and wanted > available:
        text = _("%(available)s of %(wanted)s", available=quantity(available), wanted=quantity(wanted))
        return ("bad", "stop", text)
    if wanted is not None and available and wanted == available:
        return ("warn", "warn", _("%(count)s, the last", count=quantity(available)))
    return ("ok", "ok", _("%(count)s free", count=quantity(available)))


def unit_of(product: Any) -> str:
    """The unit's name in the language of the request."""
    return str(product.unit_zh if language() == "zh" else product.unit)
