"""Levels, moves, valuation, reservations, and the papers behind them."""

from __future__ import annotations

from web.integrity.check import Group, alone, check, differs, group

_RECORD = "product.sku || ' ' || warehouse.code"
_LEVELS = f"""
    SELECT {_RECORD} AS record, level.on_hand, level.move_count, level.reserved, level.back_ordered, level.available,
           coalesce(moved.quantity, 0) AS quantity, coalesce(moved.moves, 0) AS moves,
           coalesce(held.reserved, 0) AS held, coalesce(held.back_ordered, 0) AS waiting
      FROM stock_level AS level JOIN product ON product.id = level.product_id
      JOIN warehouse ON warehouse.id = level.warehouse_id
      LEFT JOIN (SELECT level_id, sum(quantity) AS quantity, count(*) AS moves FROM stock_move GROUP BY level_id) AS moved
        ON moved.level_id = level.id
      LEFT JOIN (SELECT level_id, sum(quantity_reserved) AS reserved, sum(quantity_back_ordered) AS back_ordered
                   FROM reservation GROUP BY level_id) AS held ON held.level_id = level.id
"""
_CHAIN = f"""
    SELECT {_RECORD} || ' #' || chain.ordinal, chain.ordinal, chain.place, chain.on_hand_after, chain.running
      FROM (SELECT level_id, ordinal, on_hand_after, row_number() OVER moves AS place, sum(quantity) OVER moves AS running
              FROM stock_move WINDOW moves AS (PARTITION BY level_id ORDER BY ordinal)) AS chain
      JOIN stock_level AS level ON level.id = chain.level_id JOIN product ON product.id = level.product_id
      JOIN warehouse ON warehouse.id = level.warehouse_id
     WHERE chain.ordinal <> chain.place OR chain.on_hand_after <> chain.running
"""
_VALUATION = """
    SELECT product.sku, valuation.quantity, valuation.value, coalesce(moved.quantity, 0) AS moved_quantity,
           coalesce(moved.value, 0) AS moved_value
      FROM product_valuation AS valuation JOIN product ON product.id = valuation.product_id
      LEFT JOIN (SELECT product_id, sum(quantity) AS quantity, sum(value) AS value FROM stock_move GROUP BY product_id)
        AS moved ON moved.product_id = product.id
"""
# What moved by kind, paper and product, less what the papers say; a move's paper is the order's shipments, or its own.
_PAPERS = """
    SELECT origin, kind, product_id, sum(moved) AS moved, sum(moved_value) AS moved_value, sum(quantity) AS quantity,
           sum(value) AS value
      FROM (SELECT origin, kind::text, product_id, quantity AS moved, value AS moved_value, 0::numeric AS quantity,
                   0::numeric AS value FROM stock_move
            UNION ALL
            SELECT paper.origin, CASE paper.kind WHEN 'out' THEN 'shipment' ELSE 'return' END, line.product_id, 0, 0,
                   CASE paper.kind WHEN 'out' THEN -line.quantity ELSE line.quantity END,
                   CASE paper.kind WHEN 'out' THEN -line.cost ELSE line.cost END
              FROM shipment_line AS line JOIN shipment AS paper ON paper.id = line.shipment_id
            UNION ALL
            SELECT document.number, document.kind, line.product_id, 0, 0, line.quantity, line.value
              FROM stock_document_line AS line JOIN stock_document AS document ON document.id = line.document_id) AS found
     GROUP BY origin, kind, product_id HAVING sum(moved) <> sum(quantity) OR sum(moved_value) <> sum(value)
"""
_ON_SHIPMENTS = "kind IN ('shipment', 'return')"

GROUPS: tuple[Group, ...] = (
    group(
        "shipment shipment_line stock_document stock_document_line stock_move",
        check(
            "I6.shipments",
            "Goods on shipments and returns equal their moves",
            f"SELECT origin, kind || ' quantity', moved, quantity FROM papers WHERE moved <> quantity AND {_ON_SHIPMENTS}",
            f"""SELECT origin, kind || ' value', moved_value, value FROM papers
                 WHERE moved_value <> value AND {_ON_SHIPMENTS}""",
        ),
        check(
            "I6.documents",
            "Goods on receipts, adjustments and opening stock equal their moves",
            f"""SELECT origin, kind || ' quantity', moved, quantity FROM papers
                 WHERE moved <> quantity AND NOT {_ON_SHIPMENTS}""",
            f"""SELECT origin, kind || ' value', moved_value, value FROM papers
                 WHERE moved_value <> value AND NOT {_ON_SHIPMENTS}""",
        ),
        facts={"papers": _PAPERS},
    ),
    alone(
        "I6.moves",
        "Moves follow each other without a gap and never go below nothing",
        "stock_level stock_move product warehouse",
        "SELECT record, 'ordinal', ordinal, place FROM chain WHERE ordinal <> place",
        "SELECT record, 'on_hand_after', on_hand_after, running FROM chain WHERE on_hand_after <> running",
        facts={"chain (record, ordinal, place, on_hand_after, running)": _CHAIN},
    ),
    group(
        "stock_level stock_move reservation product warehouse",
        check(
            "I6.levels",
            "Stock on hand is the sum of its moves",
            differs("record", "on_hand", "on_hand", "quantity", "levels"),
            differs("record", "move_count", "move_count", "moves", "levels"),
        ),
        check(
            "I7",
            "Reserved and back-ordered stock is the sum of the reservations",
            differs("record", "reserved", "reserved", "held", "levels"),
            differs("record", "back_ordered", "back_ordered", "waiting", "levels"),
            "SELECT record, 'reserved', held, quantity FROM levels WHERE held > quantity",
        ),
        check(
            "I7.idle",
            "No stock lies free while an order waits for it",
            "SELECT record, 'back_ordered', back_ordered, available FROM levels WHERE back_ordered > 0 AND available > 0",
        ),
        facts={"levels": _LEVELS},
    ),
    group(
        "product_valuation stock_move product journal_line account",
        check(
            "I6.valuation",
            "Quantity and value of each product are the sum of its moves",
            differs("sku", "quantity", "quantity", "moved_quantity", "valued"),
            differs("sku", "value", "value", "moved_value", "valued"),
        ),
        check(
            "I6.account",
            "The value of all moves equals the inventory account",
            """SELECT 'inventory', 'value', moves.value, ledger.amount
                 FROM (SELECT coalesce(sum(value), 0) AS value FROM stock_move) AS moves,
                      (SELECT coalesce(sum(debit - credit), 0) AS amount FROM journal_line
                        WHERE account_id = (SELECT id FROM account WHERE role = 'inventory')) AS ledger
                WHERE moves.value <> ledger.amount""",
        ),
        facts={"valued": _VALUATION},
    ),
    alone(
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
)
