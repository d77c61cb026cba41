"""Product names and stock while a line is typed."""

from __future__ import annotations

from flask import abort, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core import database as db
from core.queries.products import products_named, suggest_products
from inventory.queries.stock import available_in
from web.filters import money, plain, quantity
from web.forms import parse_number
from web.lists import id_of, text_of
from web.permissions import may
from web.stock import area


@area.route("/suggest", permission="stock.read")
def suggest() -> ResponseReturnValue:
    """Goods that fit what was typed so far."""
    with db.current().reading() as connection:
        found = suggest_products(connection, text_of("q"), goods_only=True)
    return jsonify([{"value": product.text, "label": product.unit} for product in found])


@area.route("/lookup", permission="stock.read")
def lookup() -> ResponseReturnValue:
    """The product of a line: its usual cost (for who may see it) and its stock."""
    text = text_of("product")
    with db.current().reading() as connection:
        product = products_named(connection, [text]).get(text)
        if product is None:
            abort(404)
        level = available_in(connection, product.id, id_of("warehouse"))
    wanted = parse_number(request.args.get("quantity", "")) or 0
    price = parse_number(request.args.get("price", ""))
    left = (level.available if level else 0) + min(wanted, 0)
    cost = price if price is not None else product.cost
    return jsonify(
        id=product.id,
        name=product.name,
        price=plain(product.cost) if may("ledger.read") else "",
        amount=money(cost * wanted) if cost is not None and wanted else "",
        available=plain(level.available) if level else "",
        tone="bad" if left < 0 else "ok",
        icon="stop" if left < 0 else "ok",
        text=_("%(quantity)s available", quantity=quantity(level.available)) if level else _("no stock"),
    )
