"""Orders: how far each line has come, the statuses that follow, and what the books hold for each order."""

from __future__ import annotations

from web.integrity.check import PLACES, Check, check, differs


def _share(total: str, quantity: str) -> str:
    """A cumulative share as the product rounds it: the whole takes all."""
    return f"CASE WHEN {quantity} = line.quantity THEN {total} ELSE round({total} * {quantity} / line.quantity, {PLACES}) END"


_PARTS = {
    "live": "(line.quantity - line.quantity_cancelled - line.quantity_returned)",
    "out": "(line.quantity_shipped - line.quantity_returned)",
    "billed": "(line.quantity_invoiced - line.quantity_credited)",
}
_NET = "(line.amount_net - line.net_reduced)"
_TAX = "(line.amount_tax - line.tax_reduced)"
_LINES = (
    """
    lines AS MATERIALIZED (
        SELECT line.id, line.order_id, line.position, line.is_service, line.quantity, line.quantity_cancelled,
               line.quantity_shipped, line.quantity_invoiced, line.quantity_credited, line.quantity_returned,
               line.net_recognised, line.tax_recognised, line.cost_recognised, line.reservation_id, line.quantity_to_ship,
               orders.number, orders.state, orders.invoicing_policy, orders.tax_point, orders.customer_id,
               orders.number || ' #' || line.position AS record,
    """
    + ", ".join(
        f"{quantity} AS {name}, {_share(_NET, quantity)} AS net_{name}, {_share(_TAX, quantity)} AS tax_{name}"
        for name, quantity in _PARTS.items()
    )
    + """
          FROM sales_order_line AS line JOIN sales_order AS orders ON orders.id = line.order_id)
    """
)
_STATUS = """
    status AS (
        SELECT order_id,
               count(*) FILTER (WHERE NOT is_service) AS goods,
               bool_and(quantity - quantity_cancelled - quantity_shipped <= 0) AS all_gone,
               bool_and(quantity - quantity_cancelled - quantity_shipped <= 0) FILTER (WHERE NOT is_service) AS goods_gone,
               bool_or(quantity_shipped > 0) AS any_shipped,
               bool_or(quantity_shipped > 0) FILTER (WHERE NOT is_service) AS goods_shipped,
               bool_and(billed >= live) AS all_billed, bool_or(quantity_invoiced > 0) AS any_invoiced,
               bool_and(live <= 0) AS nothing_live
          FROM lines GROUP BY order_id),
    derived AS (
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
          FROM sales_order AS orders JOIN status ON status.order_id = orders.id)
"""
# What each order's own events have posted, by account.
_POSTED = """
    posted AS (
        SELECT entry.origin, account.role, sum(line.debit - line.credit) AS amount
          FROM journal_entry AS entry JOIN journal_line AS line ON line.entry_id = entry.id
          JOIN account ON account.id = line.account_id
         WHERE account.role IN ('undelivered', 'unbilled', 'deferred_vat', 'output_vat', 'revenue', 'cost_of_goods')
         GROUP BY entry.origin, account.role)
"""


def _ledger(role: str, derived: str) -> str:
    """Orders whose postings to a role are not the sum over their lines."""
    return f"""
        SELECT owed.number, '{role}', coalesce(posted.amount, 0), owed.amount
          FROM (SELECT number, sum({derived}) AS amount FROM lines WHERE state <> 'draft' GROUP BY number) AS owed
          LEFT JOIN posted ON posted.origin = owed.number AND posted.role = '{role}'
         WHERE coalesce(posted.amount, 0) <> owed.amount
    """


def _by_policy(on_order: str, on_delivery: str) -> str:
    return f"CASE invoicing_policy WHEN 'on_order' THEN {on_order} ELSE {on_delivery} END"


_PAPERS = """
    papers AS (
        SELECT link.order_id, line.position,
               sum(CASE shipment.kind WHEN 'out' THEN line.quantity ELSE 0 END) AS shipped,
               sum(CASE shipment.kind WHEN 'out' THEN 0 ELSE line.quantity END) AS returned,
               sum(CASE shipment.kind WHEN 'out' THEN line.cost ELSE -line.cost END) AS cost
          FROM sales_order_shipment AS link JOIN shipment ON shipment.id = link.shipment_id
          JOIN shipment_line AS line ON line.shipment_id = shipment.id GROUP BY link.order_id, line.position)
"""
_BILLS = """
    bills AS (
        SELECT order_id, position, sum(net) AS net, sum(tax) AS tax, sum(quantity) AS quantity FROM (
            SELECT link.order_id, line.position, line.amount_net AS net, line.amount_tax AS tax, line.quantity
              FROM sales_order_invoice AS link JOIN invoice_line AS line ON line.invoice_id = link.invoice_id
            UNION ALL
            SELECT link.order_id, line.position, -line.amount_net, -line.amount_tax, 0
              FROM sales_order_invoice AS link JOIN credit_note AS note ON note.invoice_id = link.invoice_id
              JOIN credit_note_line AS line ON line.credit_note_id = note.id) AS part
         GROUP BY order_id, position)
"""
_WITH_PAPERS = "lines LEFT JOIN papers ON papers.order_id = lines.order_id AND papers.position = lines.position"
_WITH_BILLS = "lines LEFT JOIN bills ON bills.order_id = lines.order_id AND bills.position = lines.position"
_RESERVED = "coalesce(reservation.quantity_reserved + reservation.quantity_back_ordered, 0)"
_TABLES = "sales_order sales_order_line company"

CHECKS: tuple[Check, ...] = (
    check(
        "I8.totals",
        "Orders and quotations equal their lines",
        "sales_order sales_order_line quotation quotation_line",
        differs(
            "orders.number",
            "lines",
            "orders.amount_net || ' + ' || orders.amount_tax",
            "lines.net || ' + ' || lines.tax",
            """sales_order AS orders LEFT JOIN (SELECT order_id, sum(amount_net) AS net, sum(amount_tax) AS tax
                 FROM sales_order_line GROUP BY order_id) AS lines ON lines.order_id = orders.id""",
        ),
        differs(
            "quotation.number",
            "lines",
            "quotation.amount_net || ' + ' || quotation.amount_tax",
            "lines.net || ' + ' || lines.tax",
            """quotation LEFT JOIN (SELECT quotation_id, sum(amount_net) AS net, sum(amount_tax) AS tax
                 FROM quotation_line GROUP BY quotation_id) AS lines ON lines.quotation_id = quotation.id""",
        ),
    ),
    check(
        "I8.reserved",
        "What is still to ship is reserved or back-ordered, and closed orders hold nothing",
        f"{_TABLES} reservation",
        f"""SELECT record, 'reserved', {_RESERVED}, CASE state WHEN 'confirmed' THEN quantity_to_ship ELSE 0 END
              FROM lines LEFT JOIN reservation ON reservation.id = lines.reservation_id
             WHERE NOT is_service AND {_RESERVED} <> CASE state WHEN 'confirmed' THEN quantity_to_ship ELSE 0 END""",
        """SELECT reservation.origin, 'reservation', reservation.quantity_reserved, 0 FROM reservation
            WHERE quantity_reserved + quantity_back_ordered > 0
              AND NOT EXISTS (SELECT FROM sales_order_line WHERE reservation_id = reservation.id)""",
        common=_LINES,
    ),
    check(
        "I8.shipped",
        "Shipped and returned quantities and their cost are those of the papers",
        f"{_TABLES} sales_order_shipment shipment shipment_line",
        differs("record", "quantity_shipped", "quantity_shipped", "coalesce(shipped, 0)", _WITH_PAPERS)
        + " AND NOT is_service",
        differs("record", "quantity_returned", "quantity_returned", "coalesce(returned, 0)", _WITH_PAPERS),
        differs("record", "cost_recognised", "cost_recognised", "coalesce(cost, 0)", _WITH_PAPERS),
        common=f"{_LINES}, {_PAPERS}",
    ),
    check(
        "I8.billed",
        "Every line is billed as its policy says, and its invoices less credit notes sum to its share",
        f"{_TABLES} sales_order_invoice invoice_line credit_note credit_note_line",
        """SELECT record, 'billed', billed, live FROM lines
            WHERE invoicing_policy = 'on_order' AND state NOT IN ('draft') AND billed <> live AND quantity_invoiced > 0""",
        """SELECT record, 'billed', billed, out FROM lines WHERE invoicing_policy = 'on_delivery' AND billed > out""",
        differs("record", "net billed", "coalesce(bills.net, 0)", "net_billed", _WITH_BILLS),
        differs("record", "tax billed", "coalesce(bills.tax, 0)", "tax_billed", _WITH_BILLS),
        common=f"{_LINES}, {_BILLS}",
    ),
    check(
        "I8.status",
        "State, shipping and invoice status follow from the lines",
        _TABLES,
        differs("number", "state", "state", "state_now", "derived"),
        differs("number", "shipping_status", "shipping_status", "shipping_now", "derived"),
        differs("number", "invoice_status", "invoice_status", "invoice_now", "derived"),
        common=f"{_LINES}, {_STATUS}",
    ),
    check(
        "I8.recognised",
        "Revenue recognised of each line is the share that is with the customer",
        _TABLES,
        differs("record", "net_recognised", "net_recognised", "net_out", "lines"),
        common=_LINES,
    ),
    check(
        "I8.tax",
        "VAT of each line is due as its tax point says",
        _TABLES,
        """SELECT record, 'tax_recognised', tax_recognised, tax_billed FROM lines
            WHERE invoicing_policy = 'on_delivery' AND tax_recognised <> tax_billed""",
        """SELECT record, 'tax_recognised', tax_recognised, tax_live FROM lines
            WHERE invoicing_policy = 'on_order' AND tax_point = 'invoice' AND state <> 'draft'
              AND tax_recognised <> tax_live""",
        """SELECT record, 'tax_recognised', tax_recognised, tax_out FROM lines
            WHERE invoicing_policy = 'on_order' AND tax_point <> 'invoice'
              AND tax_recognised NOT BETWEEN tax_out AND greatest(tax_live, tax_out)""",
        common=_LINES,
    ),
    check(
        "I8.ledger",
        "The books hold for each order what its lines say",
        f"{_TABLES} journal_entry journal_line account",
        _ledger("revenue", "-net_out"),
        _ledger("undelivered", _by_policy("net_out - net_live", "0")),
        _ledger("unbilled", _by_policy("0", "net_out + tax_out - net_billed - tax_billed")),
        f"""SELECT owed.number, 'deferred_vat + output_vat', coalesce(held.amount, 0), owed.amount
              FROM (SELECT number, sum({_by_policy("-tax_live", "-tax_out")}) AS amount FROM lines WHERE state <> 'draft'
                     GROUP BY number) AS owed
              LEFT JOIN (SELECT origin, sum(amount) AS amount FROM posted WHERE role IN ('deferred_vat', 'output_vat')
                          GROUP BY origin) AS held ON held.origin = owed.number
             WHERE coalesce(held.amount, 0) <> owed.amount""",
        common=f"{_LINES}, {_POSTED}",
    ),
    check(
        "I8.output",
        "Output VAT and cost of goods of each order are the sum over its lines",
        f"{_TABLES} journal_entry journal_line account",
        _ledger("output_vat", "-tax_recognised"),
        _ledger("cost_of_goods", "cost_recognised"),
        common=f"{_LINES}, {_POSTED}",
    ),
    check(
        "I8.exposure",
        "What each customer has ordered and not been billed follows from the orders",
        f"{_TABLES} customer_account customer",
        differs(
            "customer.name",
            "uninvoiced",
            "account.uninvoiced",
            "coalesce(open.amount, 0)",
            """customer_account AS account JOIN customer ON customer.id = account.customer_id
               LEFT JOIN (SELECT customer_id, sum(net_live + tax_live - net_billed - tax_billed) AS amount FROM lines
                           WHERE invoicing_policy = 'on_delivery' AND state <> 'draft' GROUP BY customer_id) AS open
                 ON open.customer_id = customer.id""",
        ),
        common=_LINES,
    ),
)
