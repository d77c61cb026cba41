"""Orders: how far each line has come, the statuses that follow, and what the books hold for each order."""

from __future__ import annotations

from web.integrity.check import PLACES, Group, check, differs, group, share

_PARTS = {
    "live": "(line.quantity - line.quantity_cancelled - line.quantity_returned)",
    "out": "(line.quantity_shipped - line.quantity_returned)",
    "billed": "(line.quantity_invoiced - line.quantity_credited)",
}
_NET = "(line.amount_net - line.net_reduced)"
_TAX = "(line.amount_tax - line.tax_reduced)"
_LINES = (
    """
    SELECT line.id, line.order_id, line.position, line.is_service, line.quantity, line.quantity_cancelled,
           line.quantity_shipped, line.quantity_invoiced, line.quantity_credited, line.quantity_returned,
           line.net_recognised, line.tax_recognised, line.cost_recognised, line.reservation_id, line.quantity_to_ship,
           orders.number, orders.state, orders.invoicing_policy, orders.tax_point, orders.customer_id,
    """
    + ", ".join(
        f"{quantity} AS {name}, {share(_NET, quantity, 'line.quantity')} AS net_{name}, "
        f"{share(_TAX, quantity, 'line.quantity')} AS tax_{name}"
        for name, quantity in _PARTS.items()
    )
    + " FROM sales_order_line AS line JOIN sales_order AS orders ON orders.id = line.order_id"
)
_ON_ORDER = "invoicing_policy = 'on_order'"
# An order as its lines say: amounts, how far it has come, and what the books must hold for it (debit less credit).
_SUMS = f"""
    SELECT order_id, count(*) FILTER (WHERE NOT is_service) AS goods,
           bool_and(quantity - quantity_cancelled - quantity_shipped <= 0) AS all_gone,
           bool_and(quantity - quantity_cancelled - quantity_shipped <= 0) FILTER (WHERE NOT is_service) AS goods_gone,
           bool_or(quantity_shipped > 0) AS any_shipped,
           bool_or(quantity_shipped > 0) FILTER (WHERE NOT is_service) AS goods_shipped,
           bool_and(billed >= live) AS all_billed, bool_or(quantity_invoiced > 0) AS any_invoiced,
           bool_and(live <= 0) AS nothing_live, sum(net_live + tax_live - net_billed - tax_billed) AS uninvoiced,
           -sum(net_out) AS revenue, sum(CASE WHEN {_ON_ORDER} THEN net_out - net_live ELSE 0 END) AS undelivered,
           sum(CASE WHEN {_ON_ORDER} THEN 0 ELSE net_out + tax_out - net_billed - tax_billed END) AS unbilled,
           sum(CASE WHEN {_ON_ORDER} THEN -tax_live ELSE -tax_out END) AS vat, -sum(tax_recognised) AS output_vat,
           sum(cost_recognised) AS cost_of_goods
      FROM lines GROUP BY order_id
"""
_HELD = ("revenue", "undelivered", "unbilled", "output_vat", "cost_of_goods")
# What each order's own events have posted, by account.
_POSTED = (
    "SELECT entry.origin, "
    + ", ".join(
        f"coalesce(sum(line.debit - line.credit) FILTER (WHERE account.role = '{role}'), 0) AS {role}" for role in _HELD
    )
    + """, coalesce(sum(line.debit - line.credit) FILTER (WHERE account.role IN ('deferred_vat', 'output_vat')), 0) AS vat
      FROM journal_line AS line JOIN account ON account.id = line.account_id
      JOIN journal_entry AS entry ON entry.id = line.entry_id
     WHERE account.role IN ('undelivered', 'unbilled', 'deferred_vat', 'output_vat', 'revenue', 'cost_of_goods')
     GROUP BY entry.origin
"""
)
_DERIVED = """
    SELECT orders.number, orders.state, orders.shipping_status, orders.invoice_status,
           CASE WHEN orders.confirmed_at IS NULL THEN
                     CASE WHEN orders.cancelled_at IS NULL THEN 'draft' ELSE 'cancelled' END
                WHEN nothing_live AND NOT any_shipped THEN 'cancelled'
                WHEN all_gone AND all_billed THEN 'done' ELSE 'confirmed' END AS state_now,
           CASE WHEN CASE WHEN goods > 0 THEN goods_gone AND goods_shipped ELSE all_gone AND any_shipped END
                     THEN 'shipped'
                WHEN CASE WHEN goods > 0 THEN goods_shipped ELSE any_shipped END THEN 'partial'
                ELSE 'none' END AS shipping_now,
           CASE WHEN all_billed AND any_invoiced THEN 'invoiced' WHEN any_invoiced THEN 'partial'
                ELSE 'none' END AS invoice_now
      FROM sales_order AS orders JOIN sums ON sums.order_id = orders.id
"""
_PAPERS = """
    SELECT link.order_id, line.position,
           sum(CASE shipment.kind WHEN 'out' THEN line.quantity ELSE 0 END) AS shipped,
           sum(CASE shipment.kind WHEN 'out' THEN 0 ELSE line.quantity END) AS returned,
           sum(CASE shipment.kind WHEN 'out' THEN line.cost ELSE -line.cost END) AS cost
      FROM sales_order_shipment AS link JOIN shipment ON shipment.id = link.shipment_id
      JOIN shipment_line AS line ON line.shipment_id = shipment.id GROUP BY link.order_id, line.position
"""
_BILLS = """
    SELECT order_id, position, sum(net) AS net, sum(tax) AS tax FROM (
        SELECT link.order_id, line.position, line.amount_net AS net, line.amount_tax AS tax
          FROM sales_order_invoice AS link JOIN invoice_line AS line ON line.invoice_id = link.invoice_id
        UNION ALL
        SELECT link.order_id, line.position, -line.amount_net, -line.amount_tax
          FROM sales_order_invoice AS link JOIN credit_note AS note ON note.invoice_id = link.invoice_id
          JOIN credit_note_line AS line ON line.credit_note_id = note.id) AS part
     GROUP BY order_id, position
"""
_DUE = f"""
    CASE WHEN NOT {_ON_ORDER} THEN tax_recognised <> tax_billed
         WHEN tax_point = 'invoice' THEN state <> 'draft' AND tax_recognised <> tax_live
         ELSE tax_recognised NOT BETWEEN tax_out AND greatest(tax_live, tax_out) END
"""
# Lines that differ in any way from what their papers and their bills say, beside these.
_BESIDE = f"""
    SELECT * FROM (SELECT lines.*, lines.number || ' #' || lines.position AS record,
           coalesce(papers.shipped, 0) AS papers_shipped, coalesce(papers.returned, 0) AS papers_returned,
           coalesce(papers.cost, 0) AS papers_cost, coalesce(bills.net, 0) AS bills_net, coalesce(bills.tax, 0) AS bills_tax,
           coalesce(reservation.quantity_reserved + reservation.quantity_back_ordered, 0) AS reserved,
           CASE lines.state WHEN 'confirmed' THEN lines.quantity_to_ship ELSE 0 END AS to_reserve
      FROM lines
      LEFT JOIN papers ON papers.order_id = lines.order_id AND papers.position = lines.position
      LEFT JOIN bills ON bills.order_id = lines.order_id AND bills.position = lines.position
      LEFT JOIN reservation ON reservation.id = lines.reservation_id) AS beside
     WHERE reserved <> to_reserve OR quantity_shipped <> papers_shipped OR quantity_returned <> papers_returned
        OR cost_recognised <> papers_cost OR billed <> live OR billed > out OR bills_net <> net_billed
        OR bills_tax <> tax_billed OR net_recognised <> net_out OR {_DUE}
"""
_FACTS = {
    "lines": _LINES,
    "sums": _SUMS,
    "posted": _POSTED,
    "derived": _DERIVED,
    "papers": _PAPERS,
    "bills": _BILLS,
    "beside": _BESIDE,
    # Money off a cancelled order's invoices again: the receivable stands although nothing is owed.
    "cancelled": """
        SELECT invoice.number, invoice.amount_total, invoice.amount_credited, coalesce(put.amount, 0) AS allocated
          FROM sales_order AS orders JOIN sales_order_invoice AS link ON link.order_id = orders.id
          JOIN invoice ON invoice.id = link.invoice_id
          LEFT JOIN (SELECT invoice_id, sum(amount) AS amount FROM payment_allocation GROUP BY invoice_id) AS put
            ON put.invoice_id = invoice.id
         WHERE orders.state = 'cancelled'
    """,
}


def _ledger(*roles: str) -> list[str]:
    """Orders whose postings to a role are not the sum over their lines."""
    return [
        f"""SELECT orders.number, '{role}', coalesce(posted.{role}, 0), sums.{role}
              FROM sums JOIN sales_order AS orders ON orders.id = sums.order_id
              LEFT JOIN posted ON posted.origin = orders.number
             WHERE orders.state <> 'draft' AND coalesce(posted.{role}, 0) <> sums.{role}"""
        for role in roles
    ]


def _amounts(table: str, lines: str, owner: str) -> tuple[str, str]:
    """Documents that are not the sum of their lines, and lines that are not quantity, price and discount."""
    return (
        differs(
            "document.number",
            "lines",
            "document.amount_net || ' + ' || document.amount_tax",
            "lines.net || ' + ' || lines.tax",
            f"""{table} AS document LEFT JOIN (SELECT {owner}, sum(amount_net) AS net, sum(amount_tax) AS tax
                  FROM {lines} GROUP BY {owner}) AS lines ON lines.{owner} = document.id""",
        ),
        f"""SELECT document.number || ' #' || line.position, 'amount_net', line.amount_net,
                   round(line.quantity * line.unit_price * (1 - line.discount_percent / 100), {PLACES})
              FROM {lines} AS line JOIN {table} AS document ON document.id = line.{owner}
             WHERE line.amount_net <> round(line.quantity * line.unit_price * (1 - line.discount_percent / 100), {PLACES})""",
    )


GROUPS: tuple[Group, ...] = (
    group(
        """sales_order sales_order_line company reservation sales_order_shipment shipment shipment_line
           sales_order_invoice invoice invoice_line credit_note credit_note_line journal_entry journal_line account
           customer_account customer payment_allocation""",
        check(
            "I8.reserved",
            "What is still to ship is reserved or back-ordered, and closed orders hold nothing",
            "SELECT record, 'reserved', reserved, to_reserve FROM beside WHERE NOT is_service AND reserved <> to_reserve",
            """SELECT reservation.origin, 'reservation', reservation.quantity_reserved, 0 FROM reservation
                WHERE quantity_reserved + quantity_back_ordered > 0
                  AND NOT EXISTS (SELECT FROM sales_order_line WHERE reservation_id = reservation.id)""",
        ),
        check(
            "I8.shipped",
            "Shipped and returned quantities and their cost are those of the papers",
            differs("record", "quantity_shipped", "quantity_shipped", "papers_shipped", "beside")
            + " AND NOT is_service",
            differs("record", "quantity_returned", "quantity_returned", "papers_returned", "beside"),
            differs("record", "cost_recognised", "cost_recognised", "papers_cost", "beside"),
        ),
        check(
            "I8.billed",
            "Every line is billed as its policy says, and its invoices less credit notes sum to its share",
            f"""SELECT record, 'billed', billed, live FROM beside
                 WHERE {_ON_ORDER} AND state NOT IN ('draft') AND billed <> live AND quantity_invoiced > 0""",
            f"SELECT record, 'billed', billed, out FROM beside WHERE NOT {_ON_ORDER} AND billed > out",
            differs("record", "net billed", "bills_net", "net_billed", "beside"),
            differs("record", "tax billed", "bills_tax", "tax_billed", "beside"),
        ),
        check(
            "I8.cancelled",
            "The invoices of a cancelled order are credited in full and leave nothing open",
            differs("number", "amount_credited", "amount_credited", "amount_total", "cancelled"),
            "SELECT number, 'amount_open', amount_total - allocated, 0 FROM cancelled WHERE allocated <> amount_total",
        ),
        check(
            "I8.status",
            "State, shipping and invoice status follow from the lines",
            differs("number", "state", "state", "state_now", "derived"),
            differs("number", "shipping_status", "shipping_status", "shipping_now", "derived"),
            differs("number", "invoice_status", "invoice_status", "invoice_now", "derived"),
        ),
        check(
            "I8.recognised",
            "Revenue recognised of each line is the share that is with the customer",
            differs("record", "net_recognised", "net_recognised", "net_out", "beside"),
        ),
        check(
            "I8.tax",
            "VAT of each line is due as its tax point says",
            f"""SELECT record, 'tax_recognised', tax_recognised,
                       CASE WHEN NOT {_ON_ORDER} THEN tax_billed WHEN tax_point = 'invoice' THEN tax_live ELSE tax_out END
                  FROM beside WHERE {_DUE}""",
        ),
        check(
            "I8.ledger",
            "The books hold for each order what its lines say",
            *_ledger("revenue", "undelivered", "unbilled", "vat"),
        ),
        check(
            "I8.output",
            "Output VAT and cost of goods of each order are the sum over its lines",
            *_ledger("output_vat", "cost_of_goods"),
        ),
        check(
            "I8.exposure",
            "What each customer has ordered and not been billed follows from the orders",
            differs(
                "customer.name",
                "uninvoiced",
                "account.uninvoiced",
                "coalesce(open.amount, 0)",
                f"""customer_account AS account JOIN customer ON customer.id = account.customer_id
                    LEFT JOIN (SELECT orders.customer_id, sum(sums.uninvoiced) AS amount
                                 FROM sums JOIN sales_order AS orders ON orders.id = sums.order_id
                                WHERE NOT {_ON_ORDER} AND orders.state <> 'draft' GROUP BY orders.customer_id) AS open
                      ON open.customer_id = customer.id""",
            ),
        ),
        facts=_FACTS,
    ),
    group(
        "sales_order sales_order_line quotation quotation_line company",
        check(
            "I8.totals",
            "Orders and quotations equal their lines, and lines their quantity, price and discount",
            *_amounts("sales_order", "sales_order_line", "order_id"),
            *_amounts("quotation", "quotation_line", "quotation_id"),
        ),
        check(
            "I8.quotations",
            "A quotation is ordered exactly when there is its order, for the same customer and opportunity",
            """SELECT coalesce(orders.number, quotation.number), 'quotation', coalesce(quotation.state, 'none'),
                      coalesce(orders.number, 'no order')
                 FROM quotation FULL JOIN (SELECT * FROM sales_order WHERE quotation_id IS NOT NULL) AS orders
                   ON orders.quotation_id = quotation.id
                WHERE (orders.id IS NULL) <> (quotation.state IS DISTINCT FROM 'ordered')
                   OR orders.customer_id <> quotation.customer_id
                   OR (orders.id IS NOT NULL AND orders.opportunity_id IS DISTINCT FROM quotation.opportunity_id)""",
        ),
    ),
)
