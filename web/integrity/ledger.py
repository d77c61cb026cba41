"""Books, customers' money, invoices and payments."""

from __future__ import annotations

from web.integrity.check import Group, alone, check, differs, group

# An entry as its lines say.
_ENTRIES = {
    "facts": """
        SELECT entry.number, entry.line_count, found.lines, found.debit, found.credit, found.least, found.most
          FROM journal_entry AS entry
          LEFT JOIN (SELECT entry_id, count(*) AS lines, sum(debit) AS debit, sum(credit) AS credit,
                            min(currency) AS least, max(currency) AS most FROM journal_line GROUP BY entry_id) AS found
            ON found.entry_id = entry.id
         WHERE found.lines IS DISTINCT FROM entry.line_count OR found.lines < 2 OR found.debit <> found.credit
            OR found.least <> (SELECT currency FROM company) OR found.most <> (SELECT currency FROM company)
    """,
}
# A customer as his entries and documents say.
_CUSTOMERS = {
    "ledger": """
        SELECT customer_id,
               sum(debit - credit) FILTER (WHERE account_id = (SELECT id FROM account WHERE role = 'receivable')) AS receivable,
               sum(credit - debit) FILTER (WHERE account_id = (SELECT id FROM account WHERE role = 'advances')) AS advances
          FROM journal_line
         WHERE account_id IN (SELECT id FROM account WHERE role IN ('receivable', 'advances')) GROUP BY customer_id
    """,
    "invoice_facts": """
        SELECT invoice.id, invoice.number, invoice.customer_id, invoice.due_on, invoice.amount_total,
               invoice.amount_allocated, invoice.amount_credited, coalesce(allocation.amount, 0) AS allocated
          FROM invoice LEFT JOIN (SELECT invoice_id, sum(amount) AS amount FROM payment_allocation
                                   WHERE invoice_id IS NOT NULL GROUP BY invoice_id) AS allocation
            ON allocation.invoice_id = invoice.id
    """,
    "source_facts": """
        SELECT payment.id, payment.number, payment.customer_id, payment.amount, payment.amount_allocated,
               coalesce(used.amount, 0) AS used
          FROM payment LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM payment_allocation
                                   WHERE payment_id IS NOT NULL GROUP BY payment_id) AS used
            ON used.payment_id = payment.id WHERE payment.kind = 'receipt'
        UNION ALL
        SELECT note.id, note.number, note.customer_id, note.amount_total, note.amount_allocated, coalesce(used.amount, 0)
          FROM credit_note AS note LEFT JOIN (SELECT credit_note_id, sum(amount) AS amount FROM payment_allocation
                                               WHERE credit_note_id IS NOT NULL GROUP BY credit_note_id) AS used
            ON used.credit_note_id = note.id
    """,
    "open_invoices": """
        SELECT customer_id, sum(amount_total - allocated) AS amount, count(*) AS invoices,
               min(due_on) FILTER (WHERE allocated < amount_total) AS oldest_due_on,
               bool_and(allocated >= amount_total) AS all_paid,
               bool_or(allocated > 0 AND allocated < amount_total) AS any_partial
          FROM invoice_facts GROUP BY customer_id
    """,
    "customers": """
        SELECT customer.name, account.open_receivables, account.unapplied, account.paid_status, account.oldest_due_on,
               coalesce(ledger.receivable, 0) AS receivable, coalesce(ledger.advances, 0) AS advances,
               coalesce(open_invoices.amount, 0) AS invoices, coalesce(credits.amount, 0) AS credits,
               open_invoices.oldest_due_on AS oldest,
               CASE WHEN open_invoices.invoices IS NULL THEN 'none' WHEN open_invoices.all_paid THEN 'paid'
                    WHEN open_invoices.any_partial THEN 'partial' ELSE 'unpaid' END AS status
          FROM customer JOIN customer_account AS account ON account.customer_id = customer.id
          LEFT JOIN ledger ON ledger.customer_id = customer.id
          LEFT JOIN open_invoices ON open_invoices.customer_id = customer.id
          LEFT JOIN (SELECT customer_id, sum(amount - used) AS amount FROM source_facts GROUP BY customer_id) AS credits
            ON credits.customer_id = customer.id
    """,
}
# What happened last at each customer. A payment's number tells which of one day came last; the day of an order that was
# not billed when it was confirmed is known by its moment only, and the company's time zone may have changed since.
_LATEST = {
    "latest_payment": """
        SELECT DISTINCT ON (customer_id) customer_id, received_on, amount FROM payment WHERE kind = 'receipt'
         ORDER BY customer_id, received_on DESC, length(number) DESC, number DESC
    """,
    "latest_order": """
        SELECT DISTINCT ON (orders.customer_id) orders.customer_id, invoice.issued_on,
               (orders.confirmed_at AT TIME ZONE company.time_zone)::date AS confirmed_on
          FROM company, sales_order AS orders
          LEFT JOIN sales_order_invoice AS link ON link.order_id = orders.id AND orders.invoicing_policy = 'on_order'
          LEFT JOIN invoice ON invoice.id = link.invoice_id
         WHERE orders.confirmed_at IS NOT NULL ORDER BY orders.customer_id, orders.confirmed_at DESC
    """,
    "latest": """
        SELECT customer.name, account.last_payment_on, account.last_payment_amount, account.last_order_on,
               account.order_count, paid.received_on, paid.amount, ordered.issued_on, ordered.confirmed_on,
               coalesce(found.orders, 0) AS orders
          FROM customer_account AS account JOIN customer ON customer.id = account.customer_id
          LEFT JOIN latest_payment AS paid ON paid.customer_id = account.customer_id
          LEFT JOIN latest_order AS ordered ON ordered.customer_id = account.customer_id
          LEFT JOIN (SELECT customer_id, count(confirmed_at) AS orders FROM sales_order GROUP BY customer_id) AS found
            ON found.customer_id = account.customer_id
    """,
}
_OUTPUT_VAT = """
    (SELECT entry.document, sum(line.credit - line.debit) AS amount
       FROM journal_line AS line JOIN journal_entry AS entry ON entry.id = line.entry_id
       JOIN invoice ON invoice.number = entry.document
      WHERE line.account_id = (SELECT id FROM account WHERE role = 'output_vat') GROUP BY entry.document)
"""


def _dated(table: str, column: str, alias: str = "number") -> str:
    """Documents that do not bear the date of their entry."""
    return f"""
        SELECT document.{alias}, '{column}', document.{column}, entry.effective_on
          FROM {table} AS document JOIN journal_entry AS entry ON entry.id = document.entry_id
         WHERE document.{column} <> entry.effective_on
    """


GROUPS: tuple[Group, ...] = (
    alone(
        "I1",
        "Every entry balances and has all its lines",
        "journal_entry journal_line company",
        "SELECT number, 'lines', line_count, coalesce(lines, 0) FROM facts "
        "WHERE lines IS DISTINCT FROM line_count OR lines < 2",
        "SELECT number, 'debit = credit', debit, credit FROM facts WHERE debit <> credit",
        """SELECT number, 'currency', least || CASE WHEN most <> least THEN ' ' || most ELSE '' END,
                  (SELECT currency FROM company) FROM facts
            WHERE least <> (SELECT currency FROM company) OR most <> (SELECT currency FROM company)""",
        facts=_ENTRIES,
    ),
    group(
        "journal_entry journal_line fiscal_period invoice credit_note payment payment_allocation write_off "
        "stock_document stock_move shipment account",
        check(
            "I2",
            "Nothing lies outside its period or was entered after its period closed",
            """SELECT entry.number, 'period', period.starts_on, entry.effective_on
                 FROM journal_entry AS entry JOIN fiscal_period AS period ON period.id = entry.period_id
                WHERE entry.effective_on NOT BETWEEN period.starts_on AND period.ends_on""",
            """SELECT entry.number, 'closed_at', period.closed_at, entry.recorded_at
                 FROM journal_entry AS entry JOIN fiscal_period AS period ON period.id = entry.period_id
                WHERE period.state = 'closed' AND entry.recorded_at > period.closed_at""",
            """SELECT entry.number, 'effective_on', line.effective_on, entry.effective_on
                 FROM journal_line AS line JOIN journal_entry AS entry ON entry.id = line.entry_id
                WHERE line.effective_on <> entry.effective_on""",
        ),
        check(
            "I2.documents",
            "Documents, matches and moves bear the date of their entry",
            _dated("invoice", "issued_on"),
            _dated("credit_note", "issued_on"),
            _dated("payment", "received_on"),
            _dated("payment_allocation", "effective_on", "id"),
            _dated("write_off", "written_off_on"),
            _dated("stock_document", "effective_on"),
            _dated("stock_move", "effective_on", "origin"),
            """SELECT shipment.number, 'shipped_on', shipment.shipped_on, entry.effective_on
                 FROM shipment JOIN journal_entry AS entry ON entry.document = shipment.number
                WHERE shipment.shipped_on <> entry.effective_on""",
            """SELECT DISTINCT move.origin, move.kind || ' effective_on', move.effective_on, NULL::date
                 FROM stock_move AS move WHERE move.kind IN ('shipment', 'return') AND NOT EXISTS (
                      SELECT FROM shipment WHERE shipment.origin = move.origin AND shipment.shipped_on = move.effective_on)""",
        ),
    ),
    group(
        "customer_account customer journal_line account invoice credit_note payment payment_allocation",
        check(
            "I3.receivables",
            "Open receivables of each customer equal the receivable account",
            differs("name", "open_receivables", "open_receivables", "receivable", "customers"),
        ),
        check(
            "I3.invoices",
            "Open invoices of each customer equal the receivable account",
            differs("name", "invoices", "invoices", "receivable", "customers"),
        ),
        check(
            "I3.advances",
            "Unapplied credit of each customer equals the advances account",
            differs("name", "unapplied", "unapplied", "advances", "customers"),
        ),
        check(
            "I3.credits",
            "Receipts and credit notes not yet used equal the advances account",
            differs("name", "credits", "credits", "advances", "customers"),
        ),
        check(
            "I3.status",
            "Payment status and oldest due date follow from the open invoices",
            differs("name", "paid_status", "paid_status", "status", "customers"),
            differs("name", "oldest_due_on", "oldest_due_on", "oldest", "customers"),
        ),
        check(
            "I4",
            "What is put on an invoice is the sum of its allocations",
            differs("number", "amount_allocated", "amount_allocated", "allocated", "invoice_facts"),
            "SELECT number, 'amount_total', amount_total, allocated FROM invoice_facts "
            "WHERE allocated NOT BETWEEN 0 AND amount_total",
        ),
        check(
            "I5",
            "What is used of a receipt or credit note is the sum of its allocations",
            differs("number", "amount_allocated", "amount_allocated", "used", "source_facts"),
            "SELECT number, 'amount', amount, used FROM source_facts WHERE used NOT BETWEEN 0 AND amount",
        ),
        facts=_CUSTOMERS,
    ),
    alone(
        "I3.customers",
        "Lines of customer accounts name their customer",
        "journal_line journal_entry account",
        """SELECT entry.number, account.role, 'NULL', 'customer' FROM journal_line AS line
             JOIN account ON account.id = line.account_id JOIN journal_entry AS entry ON entry.id = line.entry_id
            WHERE account.role IN ('receivable', 'advances', 'undelivered', 'unbilled') AND line.customer_id IS NULL""",
    ),
    alone(
        "I3.limit",
        "The credit limit beside an account's figures is its customer's",
        "customer_account customer",
        """SELECT customer.name, 'credit_limit', account.credit_limit, customer.credit_limit
             FROM customer_account AS account JOIN customer ON customer.id = account.customer_id
            WHERE account.credit_limit IS DISTINCT FROM customer.credit_limit""",
    ),
    alone(
        "I3.last",
        "Last payment, last order and number of orders follow from the documents",
        "customer_account customer payment sales_order sales_order_invoice invoice company",
        differs("name", "last_payment_on", "last_payment_on", "received_on", "latest"),
        differs("name", "last_payment_amount", "last_payment_amount", "amount", "latest"),
        """SELECT name, 'last_order_on', last_order_on, coalesce(issued_on, confirmed_on) FROM latest
            WHERE (last_order_on IS NULL) <> (confirmed_on IS NULL) OR last_order_on <> issued_on
               OR (issued_on IS NULL AND last_order_on NOT BETWEEN confirmed_on - 1 AND confirmed_on + 1)""",
        differs("name", "order_count", "order_count", "orders", "latest"),
        facts=_LATEST,
    ),
    alone(
        "I4.credited",
        "What is credited of an invoice is the sum of its credit notes",
        "invoice credit_note",
        differs(
            "invoice.number",
            "amount_credited",
            "invoice.amount_credited",
            "coalesce(notes.amount, 0)",
            """invoice LEFT JOIN (SELECT invoice_id, sum(amount_total) AS amount FROM credit_note GROUP BY invoice_id)
               AS notes ON notes.invoice_id = invoice.id""",
        ),
    ),
    alone(
        "I4.orders",
        "What is owed for an order is what its invoices owe",
        "sales_order_receivable sales_order sales_order_invoice invoice",
        """SELECT coalesce(orders.number, kept.order_id::text), 'receivable', kept.facts, derived.facts
             FROM (SELECT order_id, concat_ws(' ', customer_id, owner_id, ordered_on, amount_open, amount_paid, due_on)
                     FROM sales_order_receivable) AS kept (order_id, facts)
             FULL JOIN (SELECT orders.id, concat_ws(' ', orders.customer_id, orders.owner_id, orders.ordered_on,
                               sum(amount_open), sum(amount_allocated - amount_credited - amount_written_off),
                               min(due_on) FILTER (WHERE amount_allocated < invoice.amount_total))
                          FROM sales_order AS orders JOIN sales_order_invoice AS link ON link.order_id = orders.id
                          JOIN invoice ON invoice.id = link.invoice_id GROUP BY orders.id) AS derived (order_id, facts)
               USING (order_id) LEFT JOIN sales_order AS orders ON orders.id = order_id
            WHERE kept.facts IS DISTINCT FROM derived.facts""",
    ),
    alone(
        "I4.documents",
        "Invoices and credit notes equal their lines, and their VAT due equals its entries",
        "invoice invoice_line credit_note credit_note_line journal_line journal_entry account",
        differs(
            "invoice.number",
            "lines",
            "invoice.amount_net || ' + ' || invoice.amount_tax",
            "lines.net || ' + ' || lines.tax",
            """invoice LEFT JOIN (SELECT invoice_id, sum(amount_net) AS net, sum(amount_tax) AS tax FROM invoice_line
                                   GROUP BY invoice_id) AS lines ON lines.invoice_id = invoice.id""",
        ),
        differs(
            "note.number",
            "lines",
            "note.amount_net || ' + ' || note.amount_tax",
            "lines.net || ' + ' || lines.tax",
            """credit_note AS note LEFT JOIN (
                   SELECT credit_note_id, sum(amount_net) AS net, sum(amount_tax) AS tax FROM credit_note_line
                    GROUP BY credit_note_id) AS lines ON lines.credit_note_id = note.id""",
        ),
        differs(
            "invoice.number",
            "tax_recognised",
            "invoice.tax_recognised",
            "coalesce(due.amount, 0)",
            f"invoice LEFT JOIN {_OUTPUT_VAT} AS due ON due.document = invoice.number",
        ),
    ),
    alone(
        "I5.refunds",
        "Every refund is drawn in full from credits",
        "payment payment_allocation",
        """SELECT payment.number, 'amount', payment.amount, coalesce(drawn.amount, 0)
             FROM payment LEFT JOIN (SELECT refund_id, sum(amount) AS amount FROM payment_allocation GROUP BY refund_id)
               AS drawn ON drawn.refund_id = payment.id
            WHERE payment.kind = 'refund' AND payment.amount IS DISTINCT FROM drawn.amount""",
    ),
    alone(
        "I5.reversals",
        "An un-match takes back exactly what was matched",
        "payment_allocation",
        """SELECT opposite.id, 'amount', opposite.amount, -original.amount
             FROM payment_allocation AS opposite JOIN payment_allocation AS original ON original.id = opposite.reverses_id
            WHERE opposite.amount <> -original.amount OR opposite.invoice_id IS DISTINCT FROM original.invoice_id
               OR opposite.payment_id IS DISTINCT FROM original.payment_id
               OR opposite.credit_note_id IS DISTINCT FROM original.credit_note_id
               OR opposite.write_off_id IS DISTINCT FROM original.write_off_id""",
    ),
    alone(
        "I4.written_off",
        "What is written off of an invoice is the sum of its write-offs, each on its invoice in full",
        "invoice write_off payment_allocation",
        differs(
            "invoice.number",
            "amount_written_off",
            "invoice.amount_written_off",
            "coalesce(put.amount, 0)",
            """invoice LEFT JOIN (SELECT invoice_id, sum(amount) AS amount FROM payment_allocation
                                   WHERE write_off_id IS NOT NULL GROUP BY invoice_id) AS put ON put.invoice_id = invoice.id""",
        ),
        """SELECT write_off.number, 'allocation', coalesce(put.amount, 0), write_off.amount
             FROM write_off LEFT JOIN payment_allocation AS put
               ON put.write_off_id = write_off.id AND put.reverses_id IS NULL AND put.invoice_id = write_off.invoice_id
            WHERE put.amount IS DISTINCT FROM write_off.amount""",
    ),
)
