"""The list of products as its page shows it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from core.lists.state import State, demand
from inventory.lists.products import PRODUCTS
from web.lists.declared import Empty, Head, ListPage, View, declare

KINDS = {"goods": _("Goods"), "service": _("Service")}
STATES = {
    "enough": _("Enough"),
    "low": _("Reorder"),
    "waiting": _("Orders wait"),
    "discontinued": _("Discontinued"),
    "service": _("Service"),
    "inactive": _("Inactive"),
}
STATE_TONES = {
    "enough": "ok",
    "low": "warn",
    "waiting": "bad",
    "discontinued": "mute",
    "service": "vio",
    "inactive": "mute",
}

PRODUCT_LIST = declare(
    ListPage(
        source=PRODUCTS,
        title=_("Products"),
        permission="products.read",
        endpoint="products.index",
        record=("products.show", "product_id"),
        heads={
            "name": Head(label=_("Product"), place=""),
            "sku": Head(label=_("Code"), place="p2"),
            "category": Head(label=_("Category")),
            "supplier": Head(label=_("Supplier")),
            "kind": Head(label=_("Kind"), words=KINDS),
            "barcode": Head(label=_("Barcode")),
            "description": Head(label=_("Description")),
            "price": Head(label=_("Price"), place="p2", hint=_("Net of tax")),
            "cost": Head(label=_("Purchase cost"), hint=_("What the supplier asks for")),
            "average_cost": Head(label=_("Average cost"), hint=_("Moving average of what is in stock")),
            "value": Head(label=_("Value")),
            "tax_rate": Head(label=_("Tax rate")),
            "on_hand": Head(label=_("On hand"), place="p2"),
            "reserved": Head(label=_("Reserved")),
            "available": Head(label=_("Available"), place="", hint=_("On hand less reserved, over all warehouses")),
            "back_ordered": Head(label=_("Waited for")),
            "reorder_point": Head(label=_("Reorder point")),
            "unit": Head(label=_("Unit")),
            "state": Head(label=_("State"), words=STATES, tones=STATE_TONES, place=""),
            "is_low": Head(label=_("To reorder")),
            "is_discontinued": Head(label=_("Discontinued")),
            "is_active": Head(label=_("Active")),
            "created_at": Head(label=_("Created")),
        },
        shown=("name", "sku", "category", "price", "on_hand", "available", "unit", "state"),
        default_sort="name",
        views=(
            View("all", _("All")),
            View("goods", _("Goods"), State(demands=(demand("kind", "in", "goods"),))),
            View("services", _("Services"), State(demands=(demand("kind", "in", "service"),))),
            View("discontinued", _("Discontinued"), State(demands=(demand("is_discontinued", "yes"),))),
            View("low", _("To reorder"), State(demands=(demand("is_low", "yes"),), sort="available"), is_hot=True),
        ),
        imports="products",
        find=_("Code, name or barcode"),
        empty=Empty(
            _("No products yet"),
            _("What is sold stands here with its price and stock. Begin with the first product."),
        ),
        template="products/index.html",
        cells="products/cells.html",
        aliases={"category": "category", "supplier": "supplier"},
        phone_lines=("sku", "price"),
    )
)
