"""Product names and stock while a line is typed."""

from __future__ import annotations

from flask import jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core import database as db
from core.catalog import ProductKind
from core.masks import COSTS, sees
from inventory.queries.lookup import ProductMatch, find_products, suggest_products
from web.filters import money, plain, plain_price, quantity
from web.forms import parse_number
from web.limits import LOOKUP
from web.lists.address import id_of, text_of
from web.orders.lines import unfound, unit_of
from web.orders.lookups import number_faults
from web.stock import area


@area.route("/suggest", permission="stock.read", limit=LOOKUP)
def suggest() -> ResponseReturnValue:
    """Goods that fit what was typed so far."""
    with db.current().reading() as connection:
        found = suggest_products(connection, text_of("q"), id_of("warehouse"), ProductKind.GOODS)
    return jsonify([{"value": product.text, "label": unit_of(product)} for product in found])


@area.route("/lookup", permission="stock.read", limit=LOOKUP)
def lookup() -> ResponseReturnValue:
    """The product of a line: its usual cost (for who may see it) and its stock; and what is wrong with its cells."""
    text = text_of("product")
    with db.current().reading() as connection:
        product = find_products(connection, [text], id_of("warehouse")).get(text) if text else None
    if not isinstance(product, ProductMatch):
        faults = {"product": unfound(product), **number_faults()} if text else number_faults()
        return jsonify(code="product_unknown", faults=faults)
    wanted = parse_number(request.args.get("quantity", "")) or 0
    price = parse_number(request.args.get("price", ""))
    left = product.available + min(wanted, 0)
    cost = price if price is not None else product.cost if sees(COSTS) else None
    return jsonify(
        id=product.id,
        name=product.name,
        faults=number_faults(),
        price=plain_price(product.cost) if sees(COSTS) else "",
        amount=money(cost * wanted) if cost is not None and wanted else "",
        available=plain(product.available),
        tone="bad" if left < 0 else "ok",
        icon="stop" if left < 0 else "ok",
        text=_("%(quantity)s available", quantity=quantity(product.available)) if product.on_hand else _("no stock"),
    )
