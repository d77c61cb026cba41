"""Prices of document lines: what was asked for, completed from the catalog, checked field by field, rounded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from core.catalog import ProductKind
from core.errors import FieldErrors
from core.money import (
    LARGEST_AMOUNT,
    LARGEST_PRICE,
    LARGEST_QUANTITY,
    PERCENT_PLACES,
    PRICE_PLACES,
    QUANTITY_PLACES,
    is_finer,
    line_amount,
    taxes_per_document,
    taxes_per_line,
    total,
)
from core.organization import TaxRounding
from core.statements import statement

MAX_LINES = 500


@dataclass(frozen=True)
class LineRequest:
    """A line as somebody asks for it; None takes the catalog's price, text and rate."""

    product_id: int
    quantity: Decimal
    unit_price: Decimal | None = None
    discount_percent: Decimal = Decimal(0)
    on_short: str = "refuse"
    description: str | None = None


class ProductFact(NamedTuple):
    id: int
    sku: str
    name: str
    kind: str
    price: Decimal
    tax_rate: Decimal
    is_active: bool


PRODUCTS = statement(
    "pricing.products",
    "SELECT id, sku, name, kind, price, tax_rate, is_active FROM product WHERE id = ANY (%(ids)s::bigint[])",
    tables="product",
    scope="system",
    fact=ProductFact,
)


@dataclass(frozen=True)
class PricedLine:
    """A checked and priced line; amounts in the document's currency, net of tax and tax beside it. `list_price` is the
    catalog's when it was priced."""

    position: int
    product_id: int
    sku: str
    is_service: bool
    description: str
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal
    tax_rate: Decimal
    amount_net: Decimal
    amount_tax: Decimal
    on_short: str
    list_price: Decimal


@dataclass(frozen=True)
class Priced:
    lines: list[PricedLine]
    amount_net: Decimal
    amount_tax: Decimal

    @property
    def amount_total(self) -> Decimal:
        return self.amount_net + self.amount_tax


def price_lines(
    requests: Sequence[LineRequest],
    products: Sequence[ProductFact],
    *,
    currency: str,
    tax_rounding: str,
    errors: FieldErrors,
) -> Priced:
    """Prices every line; what is wrong is added to `errors` under `lines.<index>.<field>` and raised together.

    Tax is rounded per line, or once per rate over the document and shared out; the choice stays with the document.
    """
    known = {product.id: product for product in products}
    if not requests:
        errors.add("lines", "required")
    if len(requests) > MAX_LINES:
        errors.add("lines", "too_many", limit=MAX_LINES)
    for index, request in enumerate(requests):
        _check(request, known.get(request.product_id), f"lines.{index}", errors)
    errors.raise_if_any()
    prices = [
        known[request.product_id].price if request.unit_price is None else request.unit_price for request in requests
    ]
    nets = [
        line_amount(request.quantity, price, request.discount_percent, currency)
        for request, price in zip(requests, prices, strict=True)
    ]
    for index, net in enumerate(nets):
        if net > LARGEST_AMOUNT:
            errors.add(f"lines.{index}.quantity", "figure_too_large")
    errors.raise_if_any()
    rates = [known[request.product_id].tax_rate for request in requests]
    round_taxes = taxes_per_document if tax_rounding == TaxRounding.DOCUMENT else taxes_per_line
    taxes = round_taxes(nets, rates, currency)
    lines = [
        _priced(position, request, known[request.product_id], price, net, tax)
        for position, (request, price, net, tax) in enumerate(zip(requests, prices, nets, taxes, strict=True), start=1)
    ]
    return Priced(lines, total(nets), total(taxes))


def _priced(
    position: int, request: LineRequest, product: ProductFact, price: Decimal, net: Decimal, tax: Decimal
) -> PricedLine:
    return PricedLine(
        position=position,
        product_id=product.id,
        sku=product.sku,
        is_service=product.kind == ProductKind.SERVICE,
        description=request.description or product.name,
        quantity=request.quantity,
        unit_price=price,
        discount_percent=request.discount_percent,
        tax_rate=product.tax_rate,
        amount_net=net,
        amount_tax=tax,
        on_short=request.on_short,
        list_price=product.price,
    )


def _check(request: LineRequest, product: ProductFact | None, name: str, errors: FieldErrors) -> None:
    if product is None:
        errors.add(f"{name}.product_id", "product_unknown", id=str(request.product_id))
    elif not product.is_active:
        errors.add(f"{name}.product_id", "product_inactive", sku=product.sku)
    if request.quantity <= 0:
        errors.add(f"{name}.quantity", "not_positive")
    elif request.quantity > LARGEST_QUANTITY:
        errors.add(f"{name}.quantity", "too_large", limit=LARGEST_QUANTITY)
    elif is_finer(request.quantity, QUANTITY_PLACES):
        errors.add(f"{name}.quantity", "too_many_decimals", places=QUANTITY_PLACES)
    if request.unit_price is not None:
        if request.unit_price < 0:
            errors.add(f"{name}.unit_price", "negative")
        elif request.unit_price > LARGEST_PRICE:
            errors.add(f"{name}.unit_price", "too_large", limit=LARGEST_PRICE)
        elif is_finer(request.unit_price, PRICE_PLACES):
            errors.add(f"{name}.unit_price", "too_many_decimals", places=PRICE_PLACES)
    if not 0 <= request.discount_percent <= 100:
        errors.add(f"{name}.discount_percent", "not_a_percentage")
    elif is_finer(request.discount_percent, PERCENT_PLACES):
        errors.add(f"{name}.discount_percent", "too_many_decimals", places=PERCENT_PLACES)
    if request.on_short not in ("refuse", "back_order"):
        errors.add(f"{name}.on_short", "unknown_choice", choices=["refuse", "back_order"])
