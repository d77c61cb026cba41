"""What each entry must say, derived anew from the document behind it: accounts by event and policy, amounts by lines.

An order's invoices, credit notes and shipments, receipts, matches and refunds, stock papers and reversals each give the
lines of their entry; the difference to the lines that are posted must be nothing, per entry and account. Revenue of a
shipment is the step between two cumulative shares, which needs the shipments in their order; of an order that was
corrected meanwhile (returned, cancelled or credited in part, or a fiscal invoice was issued ahead of a shipment) the
steps depend on how papers of several series followed each other, so its revenue, undelivered, unbilled and VAT lines
are compared as one sum per account, VAT whether due or deferred.
"""

from __future__ import annotations

from finance.manual import KEPT_BY_DOCUMENTS
from web.integrity.check import Group, alone, share


def role(name: str) -> str:
    """The account behind a role, looked up once per statement."""
    return f"(SELECT id FROM account WHERE role = '{name}')"


AR, ADVANCES, UNDELIVERED, UNBILLED = map(role, ("receivable", "advances", "undelivered", "unbilled"))
DEFERRED, OUTPUT, REVENUE = map(role, ("deferred_vat", "output_vat", "revenue"))
COST, INVENTORY = map(role, ("cost_of_goods", "inventory"))
ON_ORDER = "invoicing_policy = 'on_order'"


_KEPT = ", ".join(f"'{name}'" for name in sorted(KEPT_BY_DOCUMENTS))


def _lines(source: str, *lines: tuple[str, str]) -> str:
    """A line (entry, account, debit less credit) for each row of `source` and each (account, amount)."""
    values = ", ".join(f"({account}, {amount})" for account, amount in lines)
    return (
        f"SELECT source.entry_id, line.account_id, line.amount FROM {source} AS source "
        f"CROSS JOIN LATERAL (VALUES {values}) AS line (account_id, amount)"
    )


# An order's lines stay what was agreed; these are its papers, and whether it was corrected.
_ORDERS = {
    "corrected": """
        SELECT link.order_id FROM credit_note AS note JOIN sales_order_invoice AS link USING (invoice_id)
        UNION
        SELECT link.order_id FROM shipment JOIN sales_order_shipment AS link ON link.shipment_id = shipment.id
         WHERE shipment.kind = 'return'
        UNION
        SELECT link.order_id FROM invoice JOIN sales_order_invoice AS link ON link.invoice_id = invoice.id
         WHERE invoice.fiscal_number IS NOT NULL
    """,
    "billed": """
        SELECT invoice.entry_id, orders.invoicing_policy, orders.tax_point, lines.net, lines.tax
          FROM (SELECT invoice_id, sum(amount_net) AS net, sum(amount_tax) AS tax FROM invoice_line
                 GROUP BY invoice_id) AS lines
          JOIN invoice ON invoice.id = lines.invoice_id
          JOIN sales_order_invoice AS link ON link.invoice_id = lines.invoice_id
          JOIN sales_order AS orders ON orders.id = link.order_id
    """,
}
# Shipments of orders never corrected: what each line's share rose by; services go out with the first one.
_SHIPPED = {
    "out_lines": """
        SELECT paper.id AS shipment_id, paper.number, link.order_id, line.position, line.quantity AS part, line.cost,
               sum(line.quantity) OVER (PARTITION BY link.order_id, line.position
                                        ORDER BY paper.recorded_at, length(paper.number), paper.number) AS now
          FROM shipment AS paper JOIN sales_order_shipment AS link ON link.shipment_id = paper.id
          JOIN shipment_line AS line ON line.shipment_id = paper.id WHERE paper.kind = 'out'
    """,
    "first_out": """
        SELECT DISTINCT ON (link.order_id) link.order_id, paper.id AS shipment_id, paper.number
          FROM shipment AS paper JOIN sales_order_shipment AS link ON link.shipment_id = paper.id WHERE paper.kind = 'out'
         ORDER BY link.order_id, paper.recorded_at, length(paper.number), paper.number
    """,
    "steps": """
        SELECT out_lines.shipment_id, out_lines.number, out_lines.order_id, out_lines.cost, line.quantity,
               line.amount_net, line.amount_tax, out_lines.now - out_lines.part AS before, out_lines.now
          FROM out_lines JOIN sales_order_line AS line USING (order_id, position)
        UNION ALL
        SELECT first_out.shipment_id, first_out.number, first_out.order_id, 0, line.quantity, line.amount_net,
               line.amount_tax, 0, line.quantity_shipped
          FROM first_out JOIN sales_order_line AS line USING (order_id) WHERE line.is_service
    """,
    "stepped": f"""
        SELECT shipment_id, number, order_id, sum(cost) AS cost,
               sum({share("amount_net", "now", "quantity")} - ({share("amount_net", "before", "quantity")})) AS net,
               sum({share("amount_tax", "now", "quantity")} - ({share("amount_tax", "before", "quantity")})) AS tax
          FROM steps GROUP BY shipment_id, number, order_id
    """,
    "shipped": """
        SELECT stepped.shipment_id, stepped.number, stepped.cost, stepped.net, stepped.tax, orders.invoicing_policy,
               orders.tax_point, corrected.order_id IS NULL AS plain
          FROM stepped JOIN sales_order AS orders ON orders.id = stepped.order_id
          LEFT JOIN corrected ON corrected.order_id = stepped.order_id
    """,
    "shipment_entries": """
        SELECT coalesce(entry.id, -shipped.shipment_id) AS entry_id, shipped.*
          FROM shipped LEFT JOIN journal_entry AS entry ON entry.document = shipped.number AND entry.event = 'shipment'
    """,
    "tax_entries": f"""
        SELECT coalesce(entry.id, -shipped.shipment_id) AS entry_id, shipped.tax
          FROM shipped LEFT JOIN journal_entry AS entry ON entry.document = shipped.number AND entry.event = 'tax_point'
         WHERE plain AND {ON_ORDER} AND tax_point <> 'invoice'
    """,
    "services": f"""
        SELECT entry.id AS entry_id, entry.event, orders.invoicing_policy, sum(line.net) AS net, sum(line.tax) AS tax
          FROM journal_entry AS entry JOIN sales_order AS orders ON orders.number = entry.origin
          JOIN (SELECT order_id, {share("amount_net", "quantity_shipped", "quantity")} AS net,
                       {share("amount_tax", "quantity_shipped", "quantity")} AS tax FROM sales_order_line WHERE is_service) AS line
            ON line.order_id = orders.id
         WHERE (entry.event = 'service' OR (entry.event = 'tax_point' AND entry.document IS NULL))
           AND orders.id NOT IN (SELECT order_id FROM corrected)
         GROUP BY entry.id, entry.event, orders.invoicing_policy
    """,
}
# Orders that were corrected, as they stand: what is with the customer at the price that is left, and what was credited.
# A price credit lowers the price of the whole line in proportion to what was left of it then, as the line says.
_CORRECTED = {
    "credited": """
        SELECT link.order_id, sum(line.amount_net) AS net, sum(line.amount_tax) AS tax
          FROM credit_note AS note JOIN sales_order_invoice AS link ON link.invoice_id = note.invoice_id
          JOIN credit_note_line AS line ON line.credit_note_id = note.id GROUP BY 1
    """,
    "gone": """
        SELECT link.order_id, line.position,
               sum(CASE paper.kind WHEN 'out' THEN line.quantity ELSE -line.quantity END) AS part,
               sum(CASE paper.kind WHEN 'return' THEN line.cost ELSE 0 END) AS cost_back
          FROM sales_order_shipment AS link JOIN corrected USING (order_id) JOIN shipment AS paper
            ON paper.id = link.shipment_id JOIN shipment_line AS line ON line.shipment_id = paper.id GROUP BY 1, 2
    """,
    "left_lines": """
        SELECT line.order_id, line.quantity, coalesce(gone.cost_back, 0) AS cost_back,
               CASE WHEN line.is_service THEN line.quantity_shipped ELSE coalesce(gone.part, 0) END AS part,
               line.amount_net - line.net_reduced AS net, line.amount_tax - line.tax_reduced AS tax
          FROM corrected JOIN sales_order_line AS line USING (order_id) LEFT JOIN gone USING (order_id, position)
    """,
    "shares": f"""
        SELECT order_id, sum(cost_back) AS cost_back, sum({share("net", "part", "quantity")}) AS net,
               sum({share("tax", "part", "quantity")}) AS tax
          FROM left_lines GROUP BY order_id
    """,
    "corrections": """
        SELECT -shares.order_id AS entry_id, orders.invoicing_policy, shares.cost_back, shares.net, shares.tax,
               coalesce(credited.net, 0) AS credited_net, coalesce(credited.tax, 0) AS credited_tax
          FROM shares JOIN sales_order AS orders ON orders.id = shares.order_id
          LEFT JOIN credited ON credited.order_id = shares.order_id
    """,
    "corrected_entries": """
        SELECT entry.id AS entry_id, entry.event = 'return' AS whole, -orders.id AS key
          FROM corrected JOIN sales_order AS orders ON orders.id = corrected.order_id
          JOIN journal_entry AS entry ON entry.origin = orders.number
         WHERE entry.event NOT IN ('confirm', 'bill', 'payment', 'match', 'unmatch', 'refund')
    """,
}
# Debit less credit. What is put on an invoice leaves the advances, into which receipts and credit notes go first.
_EXPECTED = " UNION ALL ".join(
    (
        _lines(
            "billed",
            (AR, "net + tax"),
            (UNDELIVERED, f"CASE WHEN {ON_ORDER} THEN -net ELSE 0 END"),
            (UNBILLED, f"CASE WHEN {ON_ORDER} THEN 0 ELSE -net - tax END"),
            (DEFERRED, f"CASE WHEN NOT {ON_ORDER} THEN tax WHEN tax_point = 'invoice' THEN 0 ELSE -tax END"),
            (OUTPUT, f"CASE WHEN {ON_ORDER} AND tax_point <> 'invoice' THEN 0 ELSE -tax END"),
        ),
        _lines("shipment_entries", (COST, "cost"), (INVENTORY, "-cost")),
        _lines(
            "(SELECT * FROM shipment_entries WHERE plain)",
            (REVENUE, "-net"),
            (UNDELIVERED, f"CASE WHEN {ON_ORDER} THEN net ELSE 0 END"),
            (UNBILLED, f"CASE WHEN {ON_ORDER} THEN 0 ELSE net + tax END"),
            (DEFERRED, f"CASE WHEN {ON_ORDER} THEN 0 ELSE -tax END"),
        ),
        _lines("tax_entries", (DEFERRED, "tax"), (OUTPUT, "-tax")),
        _lines(
            "(SELECT * FROM services WHERE event = 'service')",
            (REVENUE, "-net"),
            (UNDELIVERED, f"CASE WHEN {ON_ORDER} THEN net ELSE 0 END"),
            (UNBILLED, f"CASE WHEN {ON_ORDER} THEN 0 ELSE net + tax END"),
            (DEFERRED, f"CASE WHEN {ON_ORDER} THEN 0 ELSE -tax END"),
        ),
        _lines("(SELECT * FROM services WHERE event = 'tax_point')", (DEFERRED, "tax"), (OUTPUT, "-tax")),
        _lines(
            "corrections",
            (REVENUE, "-net"),
            (UNDELIVERED, f"CASE WHEN {ON_ORDER} THEN credited_net + net ELSE 0 END"),
            (UNBILLED, f"CASE WHEN {ON_ORDER} THEN 0 ELSE net + tax + credited_net + credited_tax END"),
            (DEFERRED, f"CASE WHEN {ON_ORDER} THEN credited_tax ELSE -tax END"),
            (COST, "-cost_back"),
            (INVENTORY, "cost_back"),
        ),
        f"SELECT entry_id, {ADVANCES}, -amount_total FROM credit_note",
        f"SELECT entry_id, {ADVANCES}, CASE kind WHEN 'receipt' THEN -amount ELSE amount END FROM payment",
        """SELECT payment.entry_id, bank.account_id, CASE payment.kind WHEN 'receipt' THEN amount ELSE -amount END
             FROM payment JOIN bank_account AS bank ON bank.id = payment.bank_account_id""",
        _lines(
            "(SELECT * FROM payment_allocation WHERE invoice_id IS NOT NULL AND write_off_id IS NULL)",
            (AR, "-amount"),
            (ADVANCES, "amount"),
        ),
        _lines(
            "(SELECT * FROM payment_allocation WHERE write_off_id IS NOT NULL)",
            (AR, "-amount"),
            (role("bad_debts"), "amount"),
        ),
        _lines(
            """(SELECT coalesce(document.entry_id, -document.id) AS entry_id, document.kind, sum(line.value) AS value,
                       coalesce(sum(line.value) FILTER (WHERE line.value > 0), 0) AS gain
                  FROM stock_document AS document JOIN stock_document_line AS line ON line.document_id = document.id
                 GROUP BY document.id)""",
            (INVENTORY, "value"),
            (role("opening_equity"), "CASE kind WHEN 'opening' THEN -value ELSE 0 END"),
            (role("received_not_billed"), "CASE kind WHEN 'receipt' THEN -value ELSE 0 END"),
            (role("stock_gain"), "CASE kind WHEN 'adjustment' THEN -gain ELSE 0 END"),
            (role("stock_loss"), "CASE kind WHEN 'adjustment' THEN gain - value ELSE 0 END"),
        ),
        """SELECT entry.id, line.account_id, line.credit - line.debit
             FROM journal_entry AS entry JOIN journal_line AS line ON line.entry_id = entry.reverses_id""",
        # What people post by hand says itself, but never on an account that documents keep.
        f"""SELECT line.entry_id, line.account_id, line.debit - line.credit
              FROM journal_entry AS entry JOIN journal_line AS line ON line.entry_id = entry.id
              JOIN account ON account.id = line.account_id
             WHERE entry.event = 'manual' AND coalesce(account.role, '') NOT IN ({_KEPT})""",
    )
)
_SHARED = ", ".join((UNDELIVERED, UNBILLED, DEFERRED, OUTPUT, REVENUE))
_KEY = f"""
    CASE WHEN corrected.whole OR (corrected.whole IS NOT NULL AND rows.account_id IN ({_SHARED}))
         THEN corrected.key ELSE rows.entry_id END
"""
_ACCOUNT = f"""
    CASE WHEN rows.account_id = {OUTPUT} AND corrected.whole IS NOT NULL THEN {DEFERRED} ELSE rows.account_id END
"""
_COMPARED = {
    "rows (entry_id, account_id, posted, expected)": f"""
        SELECT entry_id, account_id, debit - credit, 0 FROM journal_line
        UNION ALL SELECT entry_id, account_id, 0, amount FROM ({_EXPECTED}) AS expected (entry_id, account_id, amount)
    """,
    "compared": f"""
        SELECT {_KEY} AS key, {_ACCOUNT} AS account_id, sum(rows.posted) AS posted, sum(rows.expected) AS expected
          FROM rows LEFT JOIN corrected_entries AS corrected ON corrected.entry_id = rows.entry_id
         GROUP BY 1, 2 HAVING sum(rows.posted) <> sum(rows.expected)
    """,
}
_NAME = """
    coalesce((SELECT number FROM journal_entry WHERE id = compared.key),
             (SELECT number FROM sales_order WHERE id = -compared.key),
             (SELECT number FROM shipment WHERE id = -compared.key),
             (SELECT number FROM stock_document WHERE id = -compared.key), compared.key::text)
"""
GROUPS: tuple[Group, ...] = (
    alone(
        "I1.documents",
        "Every entry says what its document says, on the accounts that its event and policy name",
        """journal_entry journal_line account company invoice invoice_line credit_note credit_note_line shipment
           shipment_line sales_order sales_order_line sales_order_invoice sales_order_shipment payment bank_account
           payment_allocation stock_document stock_document_line""",
        f"""SELECT {_NAME}, account.code || ' ' || coalesce(account.role, account.name), compared.posted, compared.expected
              FROM compared JOIN account ON account.id = compared.account_id""",
        facts=_ORDERS | _SHIPPED | _CORRECTED | _COMPARED,
    ),
)
