"""Levels, moves, valuation and reservations."""

from __future__ import annotations

from web.integrity.check import Check, check, differs

_LEVEL = """
    stock_level AS level JOIN product ON product.id = level.product_id
    JOIN warehouse ON warehouse.id = level.warehouse_id
"""
_RECORD = "product.sku || ' ' || warehouse.code"
_MOVED = """
    moved AS (SELECT level_id, sum(quantity) AS quantity, count(*) AS moves FROM stock_move GROUP BY level_id)
"""
_HELD = """
    held AS (SELECT level_id, sum(quantity_reserved) AS reserved, sum(quantity_back_ordered) AS back_ordered
               FROM reservation GROUP BY level_id)
"""

CHECKS: tuple[Check, ...] = (
    check(
        "I6.levels",
        "Stock on hand is the sum of its moves",
        "stock_level stock_move product warehouse",
        differs(
            _RECORD,
            "on_hand",
            "level.on_hand",
            "coalesce(moved.quantity, 0)",
            f"{_LEVEL} LEFT JOIN moved ON moved.level_id = level.id",
        ),
        differs(
            _RECORD,
            "move_count",
            "level.move_count",
            "coalesce(moved.moves, 0)",
            f"{_LEVEL} LEFT JOIN moved ON moved.level_id = level.id",
        ),
        common=_MOVED,
    ),
    check(
        "I6.moves",
        "Moves follow each other without a gap and never go below nothing",
        "stock_level stock_move product warehouse",
        differs(
            _RECORD + " || ' #' || chain.ordinal",
            "ordinal",
            "chain.ordinal",
            "chain.place",
            f"{_LEVEL} JOIN chain ON chain.level_id = level.id",
        ),
        differs(
            _RECORD + " || ' #' || chain.ordinal",
            "on_hand_after",
            "chain.on_hand_after",
            "chain.running",
            f"{_LEVEL} JOIN chain ON chain.level_id = level.id",
        ),
        common="""
            chain AS (SELECT level_id, ordinal, on_hand_after, row_number() OVER moves AS place,
                             sum(quantity) OVER moves AS running
                        FROM stock_move WINDOW moves AS (PARTITION BY level_id ORDER BY ordinal))
        """,
    ),
    check(
        "I6.valuation",
        "Quantity and value of each product are the sum of its moves",
        "product_valuation stock_move product",
        differs(
            "product.sku",
            "quantity",
            "valuation.quantity",
            "coalesce(moved.quantity, 0)",
            """product_valuation AS valuation JOIN product ON product.id = valuation.product_id
               LEFT JOIN moved ON moved.product_id = product.id""",
        ),
        differs(
            "product.sku",
            "value",
            "valuation.value",
            "coalesce(moved.value, 0)",
            """product_valuation AS valuation JOIN product ON product.id = valuation.product_id
               LEFT JOIN moved ON moved.product_id = product.id""",
        ),
        common="""
            moved AS (SELECT product_id, sum(quantity) AS quantity, sum(value) AS value FROM stock_move GROUP BY product_id)
        """,
    ),
    check(
        "I6.account",
        "The value of all moves equals the inventory account",
        "stock_move journal_line account",
        """SELECT 'inventory', 'value', moves.value, ledger.amount
             FROM (SELECT coalesce(sum(value), 0) AS value FROM stock_move) AS moves,
                  (SELECT coalesce(sum(debit - credit), 0) AS amount FROM journal_line
                    WHERE account_id = (SELECT id FROM account WHERE role = 'inventory')) AS ledger
            WHERE moves.value <> ledger.amount""",
    ),
    check(
        "I6.shipments",
        "Goods on shipments and returns equal their moves",
        "shipment shipment_line stock_move",
        """SELECT coalesce(papers.origin, moves.origin), 'quantity', papers.quantity, moves.quantity
             FROM (SELECT shipment.origin, line.product_id,
                          sum(CASE shipment.kind WHEN 'out' THEN -line.quantity ELSE line.quantity END) AS quantity,
                          sum(CASE shipment.kind WHEN 'out' THEN -line.cost ELSE line.cost END) AS cost
                     FROM shipment_line AS line JOIN shipment ON shipment.id = line.shipment_id GROUP BY 1, 2) AS papers
             FULL JOIN (SELECT origin, product_id, sum(quantity) AS quantity, sum(value) AS cost FROM stock_move
                         WHERE kind IN ('shipment', 'return') GROUP BY 1, 2) AS moves
               ON moves.origin = papers.origin AND moves.product_id = papers.product_id
            WHERE papers.quantity IS DISTINCT FROM moves.quantity OR papers.cost IS DISTINCT FROM moves.cost""",
    ),
    check(
        "I6.places",
        "Every goods product has a level in every warehouse and a valuation",
        "product warehouse stock_level product_valuation",
        """SELECT product.sku, 'stock_level', 'none', warehouse.code
             FROM product CROSS JOIN warehouse
             LEFT JOIN stock_level AS level ON level.product_id = product.id AND level.warehouse_id = warehouse.id
            WHERE product.kind = 'goods' AND level.id IS NULL""",
        """SELECT product.sku, 'product_valuation', 'none', 'one' FROM product
             LEFT JOIN product_valuation AS valuation ON valuation.product_id = product.id
            WHERE product.kind = 'goods' AND valuation.product_id IS NULL""",
    ),
    check(
        "I7",
        "Reserved and back-ordered stock is the sum of the reservations",
        "stock_level stock_move reservation product warehouse",
        differs(
            _RECORD,
            "reserved",
            "level.reserved",
            "coalesce(held.reserved, 0)",
            f"{_LEVEL} LEFT JOIN held ON held.level_id = level.id",
        ),
        differs(
            _RECORD,
            "back_ordered",
            "level.back_ordered",
            "coalesce(held.back_ordered, 0)",
            f"{_LEVEL} LEFT JOIN held ON held.level_id = level.id",
        ),
        f"SELECT {_RECORD}, 'reserved', held.reserved, moved.quantity FROM {_LEVEL} JOIN held ON held.level_id = level.id "
        "LEFT JOIN moved ON moved.level_id = level.id WHERE held.reserved > coalesce(moved.quantity, 0)",
        common=f"{_HELD}, {_MOVED}",
    ),
    check(
        "I7.idle",
        "No stock lies free while an order waits for it",
        "stock_level product warehouse",
        f"SELECT {_RECORD}, 'back_ordered', level.back_ordered, level.available FROM {_LEVEL} "
        "WHERE level.back_ordered > 0 AND level.available > 0",
    ),
)
