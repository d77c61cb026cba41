"""Costs and stock values that can be uncovered one by one."""

from __future__ import annotations

from core.masks import COSTS
from core.uncover import uncoverable

uncoverable(
    "product",
    "products.read",
    {"cost": COSTS, "average_cost": COSTS, "value": COSTS},
    """
    SELECT product.name, product.cost, round(valuation.value / nullif(valuation.quantity, 0), 4), valuation.value
      FROM product LEFT JOIN product_valuation AS valuation ON valuation.product_id = product.id
     WHERE product.id = %(record_id)s::bigint
    """,
    tables="product product_valuation",
)
uncoverable(
    "stock_level",
    "stock.read",
    {"value": COSTS},
    """
    SELECT product.name, round(level.on_hand * valuation.value / nullif(valuation.quantity, 0), 2)
      FROM stock_level AS level JOIN product ON product.id = level.product_id
      LEFT JOIN product_valuation AS valuation ON valuation.product_id = level.product_id
     WHERE level.id = %(record_id)s::bigint
    """,
    tables="stock_level product product_valuation",
)
uncoverable(
    "stock_move",
    "stock.read",
    {"value": COSTS},
    "SELECT origin, value FROM stock_move WHERE id = %(record_id)s::bigint",
    tables="stock_move",
)
uncoverable(
    "stock_document",
    "stock.read",
    {"value": COSTS},
    """
    SELECT document.number, (SELECT sum(line.value) FROM stock_document_line AS line
                              WHERE line.document_id = document.id)
      FROM stock_document AS document WHERE document.id = %(record_id)s::bigint
    """,
    tables="stock_document stock_document_line",
)
uncoverable(
    "stock_document_line",
    "stock.read",
    {"unit_cost": COSTS, "value": COSTS},
    """
    SELECT document.number, line.unit_cost, line.value FROM stock_document_line AS line
      JOIN stock_document AS document ON document.id = line.document_id WHERE line.id = %(record_id)s::bigint
    """,
    tables="stock_document_line stock_document",
)
uncoverable(
    "shipment_line",
    "orders.read",
    {"cost": COSTS},
    """
    SELECT shipment.number, line.cost FROM shipment_line AS line JOIN shipment ON shipment.id = line.shipment_id
     WHERE line.id = %(record_id)s::bigint AND visible(shipment)
    """,
    tables="shipment_line shipment",
    scoped=True,
)
