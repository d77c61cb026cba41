"""The lists of stock levels, of moves, and of receipts and adjustments, as their pages show them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from core.lists.state import State, demand
from inventory.lists.documents import DOCUMENTS
from inventory.lists.levels import LEVELS
from inventory.lists.moves import MOVES
from web.lists.declared import Empty, Head, ListPage, View, declare
from web.stock.words import MOVE_KINDS


def _of_kind(kind: str) -> State:
    return State(demands=(demand("kind", "in", kind),))


LEVEL_LIST = declare(
    ListPage(
        source=LEVELS,
        title=_("Stock levels"),
        permission="stock.read",
        endpoint="stock.levels",
        record=("products.show", "product_id"),
        leads_by="product_id",
        heads={
            "product": Head(label=_("Product"), place=""),
            "sku": Head(label=_("Code")),
            "barcode": Head(label=_("Barcode")),
            "category": Head(label=_("Category")),
            "supplier": Head(label=_("Supplier")),
            "warehouse": Head(label=_("Warehouse"), place="p2"),
            "on_hand": Head(label=_("On hand"), place="p2"),
            "reserved": Head(label=_("Reserved"), place="p2"),
            "available": Head(label=_("Available"), place="", hint=_("On hand less reserved")),
            "back_ordered": Head(label=_("Waited for"), place="", hint=_("Ordered, and not in stock")),
            "reorder_point": Head(label=_("Reorder point")),
            "unit": Head(label=_("Unit")),
            "value": Head(label=_("Value"), hint=_("At the product's moving average")),
            "is_low": Head(label=_("To reorder")),
            "has_alert": Head(label=_("Open alert"), hint=_("Opened when the stock fell, and not answered yet")),
            "alert_since": Head(label=_("Alert since")),
            "is_discontinued": Head(label=_("Discontinued")),
            "is_active": Head(label=_("Active")),
        },
        shown=(
            "product",
            "sku",
            "warehouse",
            "on_hand",
            "reserved",
            "available",
            "back_ordered",
            "reorder_point",
            "value",
        ),
        default_sort="product",
        views=(
            View("all", _("All")),
            View("low", _("To reorder"), State(demands=(demand("is_low", "yes"),))),
            View("waiting", _("Orders wait"), State(demands=(demand("back_ordered", "gt", 0),)), is_hot=True),
            View("reserved", _("Reserved"), State(demands=(demand("reserved", "gt", 0),))),
            View("empty", _("Empty"), State(demands=(demand("on_hand", "eq", 0),))),
        ),
        imports="stock",
        find=_("Code, name or barcode"),
        empty=Empty(
            _("No stock yet"),
            _("Every product held in stock stands here with each warehouse. Create products, then receive goods."),
        ),
        template="stock/levels.html",
        cells="stock/cells.html",
        aliases={"warehouse": "warehouse", "product": "product"},
        phone_lines=("warehouse", "on_hand"),
    )
)

MOVE_LIST = declare(
    ListPage(
        source=MOVES,
        title=_("Stock moves"),
        permission="stock.read",
        endpoint="stock.moves",
        record=("ledger.document", "number"),
        leads_by="origin",
        heads={
            "origin": Head(label=_("Document"), place=""),
            "recorded_at": Head(label=_("When"), place="p2"),
            "effective_on": Head(label=_("Date")),
            "product": Head(label=_("Product"), place="p2"),
            "sku": Head(label=_("Code")),
            "category": Head(label=_("Category")),
            "kind": Head(label=_("What"), words=MOVE_KINDS, place="p2"),
            "warehouse": Head(label=_("Warehouse")),
            "quantity": Head(label=_("Quantity"), place=""),
            "on_hand_after": Head(label=_("On hand after"), place="p2"),
            "value": Head(label=_("Value")),
            "reason": Head(label=_("Reason")),
            "who": Head(label=_("Who")),
        },
        shown=(
            "origin",
            "recorded_at",
            "product",
            "kind",
            "warehouse",
            "quantity",
            "on_hand_after",
            "value",
            "reason",
            "who",
        ),
        default_sort="-recorded_at",
        views=(
            View("all", _("All")),
            View("receipts", _("Goods in"), _of_kind("receipt")),
            View("shipments", _("Shipments"), _of_kind("shipment")),
            View("returns", _("Goods back"), _of_kind("return")),
            View("adjustments", _("Adjustments"), _of_kind("adjustment")),
        ),
        find=_("Document number"),
        empty=Empty(
            _("Nothing moved yet"),
            _("Each receipt, shipment, return and adjustment leaves its moves here. Receive goods to see the first."),
        ),
        template="stock/moves.html",
        cells="stock/cells.html",
        aliases={"product": "product", "warehouse": "warehouse"},
        phone_lines=("product", "kind", "recorded_at"),
    )
)

DOCUMENT_LIST = declare(
    ListPage(
        source=DOCUMENTS,
        title=_("Receipts and adjustments"),
        permission="stock.read",
        endpoint="stock.documents",
        record=("stock.document", "document_id"),
        heads={
            "number": Head(label=_("Number"), place=""),
            "kind": Head(label=_("Kind"), words=MOVE_KINDS, place="p2"),
            "effective_on": Head(label=_("Date"), place="p2"),
            "warehouse": Head(label=_("Warehouse")),
            "supplier": Head(label=_("Supplier"), place="p2"),
            "reason": Head(label=_("Reason"), place="p2"),
            "lines": Head(label=_("Lines"), place=""),
            "value": Head(label=_("Value"), place=""),
            "who": Head(label=_("Who")),
            "recorded_at": Head(label=_("Recorded")),
        },
        shown=("number", "kind", "effective_on", "warehouse", "supplier", "reason", "lines", "value", "who"),
        default_sort="-recorded_at",
        views=(
            View("all", _("All")),
            View("receipts", _("Goods in"), _of_kind("receipt")),
            View("adjustments", _("Adjustments"), _of_kind("adjustment")),
            View("opening", _("Opening stock"), _of_kind("opening")),
        ),
        find=_("Number, supplier or reason"),
        empty=Empty(
            _("No receipts yet"),
            _("What came in and what was counted anew stands here with who booked it. Receive goods to begin."),
        ),
        template="stock/documents.html",
        cells="stock/cells.html",
        aliases={"warehouse": "warehouse", "supplier": "supplier"},
        phone_lines=("kind", "effective_on"),
    )
)
