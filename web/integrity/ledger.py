"""Books, customers' money, invoices, payments, and the numbers of documents."""

from __future__ import annotations

from web.integrity.check import Check, check, differs

_ROLE = "(SELECT id FROM account WHERE role = '{}')"


def _customer_ledger(role: str, sign: str) -> str:
    return f"""
        (SELECT customer_id, sum({sign}) AS amount FROM journal_line
          WHERE account_id = {_ROLE.format(role)} GROUP BY customer_id)
    """


# An invoice as its immutable rows say: what it was issued for less what was put on it.
_INVOICE = """
    invoice_facts AS (
        SELECT invoice.id, invoice.number, invoice.customer_id, invoice.due_on, invoice.amount_total,
               invoice.amount_allocated, invoice.amount_credited, coalesce(allocation.amount, 0) AS allocated
          FROM invoice LEFT JOIN (SELECT invoice_id, sum(amount) AS amount FROM payment_allocation
                                   WHERE invoice_id IS NOT NULL GROUP BY invoice_id) AS allocation
            ON allocation.invoice_id = invoice.id)
"""
_SOURCES = """
    source_facts AS (
        SELECT payment.id, payment.number, payment.customer_id, payment.amount, payment.amount_allocated,
               coalesce(used.amount, 0) AS used
          FROM payment LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM payment_allocation
                                   WHERE payment_id IS NOT NULL GROUP BY payment_id) AS used
            ON used.payment_id = payment.id WHERE payment.kind = 'receipt'
        UNION ALL
        SELECT note.id, note.number, note.customer_id, note.amount_total, note.amount_allocated, coalesce(used.amount, 0)
          FROM credit_note AS note LEFT JOIN (SELECT credit_note_id, sum(amount) AS amount FROM payment_allocation
                                               WHERE credit_note_id IS NOT NULL GROUP BY credit_note_id) AS used
            ON used.credit_note_id = note.id)
"""
_ACCOUNT = "customer_account AS account JOIN customer ON customer.id = account.customer_id"
_STATUS = """
    status AS (
        SELECT account.customer_id, account.paid_status, account.oldest_due_on,
               min(facts.due_on) FILTER (WHERE facts.allocated < facts.amount_total) AS oldest,
               CASE WHEN count(facts.id) = 0 THEN 'none'
                    WHEN coalesce(bool_and(facts.allocated >= facts.amount_total), true) THEN 'paid'
                    WHEN bool_or(facts.allocated > 0 AND facts.allocated < facts.amount_total) THEN 'partial'
                    ELSE 'unpaid' END AS derived
          FROM customer_account AS account
          LEFT JOIN invoice_facts AS facts ON facts.customer_id = account.customer_id GROUP BY account.customer_id)
"""
# Tables with document numbers, the column that says when a row was recorded, and the series they hold.
_NUMBERED = (
    ("sales_order", "recorded_at", "SO"),
    ("quotation", "recorded_at", "QT"),
    ("opportunity", "NULL::timestamptz", "OPP"),
    ("invoice", "recorded_at", "INV"),
    ("credit_note", "recorded_at", "CN"),
    ("payment", "recorded_at", "PAY REF"),
    ("shipment", "recorded_at", "SHP RET"),
    ("stock_document", "recorded_at", "OPN RCV ADJ"),
    ("journal_entry", "recorded_at", "SAL STK BNK GEN"),
)
_NUMBERS = (
    "numbered AS MATERIALIZED ("
    + " UNION ALL ".join(
        f"""SELECT number, split_part(number, '-', 1) AS kind, split_part(number, '-', 2)::int AS year,
               split_part(number, '-', 3)::int AS value, {moment} AS recorded_at FROM {table}"""
        for table, moment, _ in _NUMBERED
    )
    + """), ordered AS (
    SELECT number, kind, year, value, recorded_at, row_number() OVER series AS place,
           lag(recorded_at) OVER series AS before FROM numbered WINDOW series AS (PARTITION BY kind, year ORDER BY value))
"""
)
_KINDS = ", ".join(f"'{kind}'" for _, _, kinds in _NUMBERED for kind in kinds.split())

CHECKS: tuple[Check, ...] = (
    check(
        "I1",
        "Every entry balances and has all its lines",
        "journal_entry journal_line",
        """SELECT entry.number, 'lines', entry.line_count, coalesce(found.lines, 0)
             FROM journal_entry AS entry
             LEFT JOIN (SELECT entry_id, count(*) AS lines FROM journal_line GROUP BY entry_id) AS found
               ON found.entry_id = entry.id
            WHERE entry.line_count IS DISTINCT FROM found.lines OR found.lines < 2""",
        """SELECT entry.number, 'debit = credit, ' || unbalanced.currency, unbalanced.debit, unbalanced.credit
             FROM (SELECT entry_id, currency, sum(debit) AS debit, sum(credit) AS credit FROM journal_line
                    GROUP BY entry_id, currency HAVING sum(debit) <> sum(credit)) AS unbalanced
             JOIN journal_entry AS entry ON entry.id = unbalanced.entry_id""",
    ),
    check(
        "I2",
        "Nothing lies outside its period or was entered after its period closed",
        "journal_entry journal_line fiscal_period",
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
        "I3.receivables",
        "Open receivables of each customer equal the receivable account",
        "customer_account customer journal_line account",
        differs(
            "customer.name",
            "open_receivables",
            "account.open_receivables",
            "coalesce(ledger.amount, 0)",
            f"{_ACCOUNT} LEFT JOIN {_customer_ledger('receivable', 'debit - credit')} AS ledger USING (customer_id)",
        ),
    ),
    check(
        "I3.invoices",
        "Open invoices of each customer equal the receivable account",
        "invoice payment_allocation journal_line account customer",
        differs(
            "customer.name",
            "invoices",
            "coalesce(open.amount, 0)",
            "coalesce(ledger.amount, 0)",
            f"""customer LEFT JOIN (SELECT customer_id, sum(amount_total - allocated) AS amount FROM invoice_facts
                                     GROUP BY customer_id) AS open ON open.customer_id = customer.id
                LEFT JOIN {_customer_ledger("receivable", "debit - credit")} AS ledger ON ledger.customer_id = customer.id""",
        ),
        common=_INVOICE,
    ),
    check(
        "I3.advances",
        "Unapplied credit of each customer equals the advances account",
        "customer_account customer journal_line account",
        differs(
            "customer.name",
            "unapplied",
            "account.unapplied",
            "coalesce(ledger.amount, 0)",
            f"{_ACCOUNT} LEFT JOIN {_customer_ledger('advances', 'credit - debit')} AS ledger USING (customer_id)",
        ),
    ),
    check(
        "I3.credits",
        "Receipts and credit notes not yet used equal the advances account",
        "payment credit_note payment_allocation journal_line account customer",
        differs(
            "customer.name",
            "credits",
            "coalesce(open.amount, 0)",
            "coalesce(ledger.amount, 0)",
            f"""customer LEFT JOIN (SELECT customer_id, sum(amount - used) AS amount FROM source_facts
                                     GROUP BY customer_id) AS open ON open.customer_id = customer.id
                LEFT JOIN {_customer_ledger("advances", "credit - debit")} AS ledger ON ledger.customer_id = customer.id""",
        ),
        common=_SOURCES,
    ),
    check(
        "I3.customers",
        "Lines of customer accounts name their customer",
        "journal_line journal_entry account",
        """SELECT entry.number, account.role, 'NULL', 'customer' FROM journal_line AS line
             JOIN account ON account.id = line.account_id JOIN journal_entry AS entry ON entry.id = line.entry_id
            WHERE account.role IN ('receivable', 'advances', 'undelivered', 'unbilled') AND line.customer_id IS NULL""",
    ),
    check(
        "I3.status",
        "Payment status and oldest due date follow from the open invoices",
        "customer_account customer invoice payment_allocation",
        """SELECT customer.name, 'paid_status', status.paid_status, status.derived
             FROM status JOIN customer ON customer.id = status.customer_id WHERE status.paid_status <> status.derived""",
        """SELECT customer.name, 'oldest_due_on', status.oldest_due_on, status.oldest
             FROM status JOIN customer ON customer.id = status.customer_id
            WHERE status.oldest_due_on IS DISTINCT FROM status.oldest""",
        common=f"{_INVOICE}, {_STATUS}",
    ),
    check(
        "I3.last",
        "Last payment and number of orders follow from the documents",
        "customer_account customer payment sales_order",
        differs(
            "customer.name",
            "last_payment_on",
            "account.last_payment_on",
            "latest.on",
            f"""{_ACCOUNT} LEFT JOIN (SELECT customer_id, max(received_on) AS on FROM payment WHERE kind = 'receipt'
                                       GROUP BY customer_id) AS latest USING (customer_id)""",
        ),
        differs(
            "customer.name",
            "order_count",
            "account.order_count",
            "coalesce(found.orders, 0)",
            f"""{_ACCOUNT} LEFT JOIN (SELECT customer_id, count(confirmed_at) AS orders FROM sales_order
                                       GROUP BY customer_id) AS found USING (customer_id)""",
        ),
    ),
    check(
        "I4",
        "What is put on an invoice is the sum of its allocations",
        "invoice payment_allocation",
        differs("number", "amount_allocated", "amount_allocated", "allocated", "invoice_facts"),
        "SELECT number, 'amount_total', amount_total, allocated FROM invoice_facts "
        "WHERE allocated NOT BETWEEN 0 AND amount_total",
        common=_INVOICE,
    ),
    check(
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
    check(
        "I4.documents",
        "Invoices and credit notes equal their lines and their entries",
        "invoice invoice_line credit_note credit_note_line journal_line account",
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
            "entry",
            "invoice.amount_total",
            "posted.amount",
            f"""invoice LEFT JOIN (SELECT entry_id, sum(debit) AS amount FROM journal_line
                                    WHERE account_id = {_ROLE.format("receivable")} GROUP BY entry_id) AS posted
                  ON posted.entry_id = invoice.entry_id""",
        ),
    ),
    check(
        "I5",
        "What is used of a receipt or credit note is the sum of its allocations",
        "payment credit_note payment_allocation",
        differs("number", "amount_allocated", "amount_allocated", "used", "source_facts"),
        "SELECT number, 'amount', amount, used FROM source_facts WHERE used NOT BETWEEN 0 AND amount",
        common=_SOURCES,
    ),
    check(
        "I5.refunds",
        "Every refund is drawn in full from credits",
        "payment payment_allocation",
        """SELECT payment.number, 'amount', payment.amount, coalesce(drawn.amount, 0)
             FROM payment LEFT JOIN (SELECT refund_id, sum(amount) AS amount FROM payment_allocation GROUP BY refund_id)
               AS drawn ON drawn.refund_id = payment.id
            WHERE payment.kind = 'refund' AND payment.amount IS DISTINCT FROM drawn.amount""",
    ),
    check(
        "I5.bank",
        "Receipts and refunds equal their bank entries",
        "payment bank_account journal_line",
        """SELECT payment.number, 'entry', CASE payment.kind WHEN 'receipt' THEN payment.amount ELSE -payment.amount END,
                  posted.amount
             FROM payment JOIN bank_account AS bank ON bank.id = payment.bank_account_id
             LEFT JOIN (SELECT entry_id, account_id, sum(debit - credit) AS amount FROM journal_line
                         WHERE account_id IN (SELECT account_id FROM bank_account)
                         GROUP BY entry_id, account_id) AS posted
               ON posted.entry_id = payment.entry_id AND posted.account_id = bank.account_id
            WHERE posted.amount IS DISTINCT FROM CASE payment.kind WHEN 'receipt' THEN payment.amount ELSE -payment.amount END""",
    ),
    check(
        "I5.reversals",
        "An un-match takes back exactly what was matched",
        "payment_allocation",
        """SELECT opposite.id, 'amount', opposite.amount, -original.amount
             FROM payment_allocation AS opposite JOIN payment_allocation AS original ON original.id = opposite.reverses_id
            WHERE opposite.amount <> -original.amount OR opposite.invoice_id IS DISTINCT FROM original.invoice_id
               OR opposite.payment_id IS DISTINCT FROM original.payment_id
               OR opposite.credit_note_id IS DISTINCT FROM original.credit_note_id""",
    ),
    check(
        "I9",
        "Document numbers have no gap and follow the order of recording",
        " ".join(table for table, _, _ in _NUMBERED) + " number_series",
        "SELECT number, 'number', value, place FROM ordered WHERE value <> place",
        "SELECT number, 'recorded_at', recorded_at, before FROM ordered WHERE recorded_at < before",
        f"""SELECT coalesce(series.kind || '-' || series.year, found.kind || '-' || found.year), 'last_value',
                   series.last_value, found.last_value
              FROM (SELECT kind, year, last_value FROM number_series WHERE kind IN ({_KINDS})) AS series
              FULL JOIN (SELECT kind, year, max(value) AS last_value FROM numbered GROUP BY kind, year) AS found
                ON found.kind = series.kind AND found.year = series.year
             WHERE series.last_value IS DISTINCT FROM found.last_value""",
        common=_NUMBERS,
    ),
)
