"""What the line grid asks while somebody types: price, stock and suggestions, as JSON."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from flask import jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core import database as db
from core.money import LARGEST_PRICE, LARGEST_QUANTITY, line_amount
from inventory.queries.lookup import ProductMatch, find_products, suggest_products
from web.filters import company_currency, money, plain_price, quantity
from web.forms import PercentField, PriceField, QuantityField, parse_number, read_number
from web.limits import LOOKUP
from web.lists.address import id_of, text_of
from web.orders import area
from web.orders.lines import stock_state, unfound

NUMBERS: Final = {"quantity": QuantityField, "price": PriceField, "discount_percent": PercentField}


@area.route("/stock", permission="stock.read", limit=LOOKUP)
def stock() -> ResponseReturnValue:
    """Price, live availability and amount of one line: on hand, reserved, available, back-ordered; and what is wrong
    with its cells (`faults`), as it would be said when the form is sent."""
    text, warehouse_id = text_of("product"), id_of("warehouse_id")
    with db.current().reading() as connection:
        found = find_products(connection, [text], warehouse_id).get(text) if text else None
    faults = number_faults()
    if not isinstance(found, ProductMatch):
        faults = {"product": unfound(found), **faults} if text else faults
        return jsonify({"code": "product_unknown", "faults": faults})
    wanted = parse_number(request.args.get("quantity", ""))
    price = parse_number(request.args.get("price", ""))
    discount = parse_number(PercentField.cleaned(request.args.get("discount_percent", ""))) or Decimal(0)
    tone, icon, words = stock_state(found, wanted)
    answer: dict[str, Any] = {
        "id": found.id,
        "name": found.name,
        "sku": found.sku,
        "price": plain_price(found.price),
        "on_hand": str(found.on_hand),
        "reserved": str(found.reserved),
        "available": str(found.available),
        "back_ordered": str(found.back_ordered),
        "tone": tone,
        "icon": icon,
        "text": words,
        "faults": faults,
    }
    if wanted is not None and abs(wanted) <= LARGEST_QUANTITY and abs(price or Decimal(0)) <= LARGEST_PRICE:
        answer["amount"] = money(
            line_amount(wanted, found.price if price is None else price, discount, company_currency())
        )
        if not found.is_service and found.available < wanted and "short" not in request.args:
            answer["short"] = short_answer(found, wanted)
    return jsonify(answer)


def number_faults() -> dict[str, str]:
    """The sentence for each number of the line that cannot be read."""
    faults = {}
    for name, field in NUMBERS.items():
        try:
            if typed := field.cleaned(request.args.get(name, "")):
                read_number(typed, places=field.places, largest=field.largest)
        except ValueError as error:
            faults[name] = str(error)
    return faults


def short_answer(product: ProductMatch, wanted: Decimal) -> dict[str, Any]:
    """What stands below a short line; the ways end in a colon, behind which the row's number belongs."""
    text, detail = short_texts(product, wanted)
    numbers = [[label, value, tone] for label, value, tone, _note in short_numbers(product)]
    return {"text": text, "detail": detail, "numbers": numbers, "ways": short_ways(product, wanted, "")}


def short_texts(product: ProductMatch, wanted: Decimal, back_order: bool = False) -> tuple[str, str]:
    """By how much the line is short, and what that means."""
    short = wanted - product.available
    text = _("Short by %(count)s.", count=quantity(short))
    if back_order:
        return text, _(
            "%(now)s are reserved when the order is confirmed, %(later)s wait for the next receipt.",
            now=quantity(product.available),
            later=quantity(short),
        )
    return text, _("The warehouse cannot cover this line today. Choose a way out:")


def short_numbers(product: ProductMatch) -> list[tuple[str, str, str, str]]:
    """On hand, reserved, available, back-ordered."""
    return [
        (_("On hand"), quantity(product.on_hand), "", ""),
        (_("Reserved"), quantity(product.reserved), "", ""),
        (_("Available"), quantity(product.available), "bad", ""),
        (_("Back-ordered"), quantity(product.back_ordered), "", ""),
    ]


def short_ways(product: ProductMatch, wanted: Decimal, index: int | str) -> list[tuple[str, str, str, str]]:
    """The ways out as buttons of the form: (icon, label, name, value)."""
    later = _("Back-order %(count)s", count=quantity(wanted - product.available))
    ways = [("split", later, "way", f"back_order:{index}")]
    if product.available > 0:
        ways.append(("ok", _("Order only %(count)s", count=quantity(product.available)), "way", f"reduce:{index}"))
    return [*ways, ("x", _("Take the line out"), "way", f"drop:{index}")]


@area.route("/products", permission="products.read", limit=LOOKUP)
def products() -> ResponseReturnValue:
    """The first few products a text may mean: [{value, label}]."""
    with db.current().reading() as connection:
        found = suggest_products(connection, text_of("q"), id_of("warehouse_id"))
    return jsonify([{"value": match.text, "label": _label(match)} for match in found])


def _label(match: ProductMatch) -> str:
    return " · ".join((money(match.price), stock_state(match, None)[2]))
