"""The checker is tested: one corruption planted for every line of every check, and exactly that check fails."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from core.database import Database
from tests.scenarios.house import House
from web.integrity import CHECKS, GROUPS, check_database, run_checks, searching

ONE_ORDER = "(SELECT id FROM sales_order WHERE state = 'confirmed' AND shipping_status = 'partial' ORDER BY id LIMIT 1)"
ONE_LINE = f"(SELECT id FROM sales_order_line WHERE order_id = {ONE_ORDER} AND NOT is_service LIMIT 1)"
TWO_LINES = """
    UPDATE journal_line SET debit = debit + CASE id WHEN (SELECT min(id) FROM journal_line WHERE {0}) THEN 1 ELSE -1 END
     WHERE id IN ((SELECT min(id) FROM journal_line WHERE {0}), (SELECT max(id) FROM journal_line WHERE {0}))
"""
COST = "account_id = (SELECT id FROM account WHERE role = 'cost_of_goods') AND debit > 1"
SWAPPED = """
    UPDATE journal_line SET account_id = (SELECT id FROM account WHERE role = '{2}') WHERE id =
        (SELECT min(line.id) FROM journal_line AS line JOIN journal_entry AS entry ON entry.id = line.entry_id
          WHERE entry.event = '{0}' AND account_id = (SELECT id FROM account WHERE role = '{1}'))
"""
# The credit note that closed a cancelled order's invoice is taken off it again, with entry, counters and numbers: all
# else agrees with itself.
UNMATCHED = """
    CREATE TEMP TABLE taken ON COMMIT DROP AS
        SELECT allocation.*, note.customer_id, entry.period_id, entry.recorded_at AS moment,
               (SELECT max(last_recorded_at) FROM number_series) AS now, nextval('id_seq') AS new_id, company.currency,
               (SELECT 'BNK-' || year || '-' || to_char(last_value + 1, 'FM00000') FROM number_series
                 WHERE kind = 'BNK' ORDER BY year DESC LIMIT 1) AS number
          FROM company, payment_allocation AS allocation JOIN credit_note AS note ON note.id = allocation.credit_note_id
          JOIN journal_entry AS entry ON entry.id = note.entry_id
         WHERE entry.event = 'cancel' AND allocation.invoice_id IN (
               SELECT invoice_id FROM sales_order_invoice JOIN sales_order ON sales_order.id = order_id
                WHERE state = 'cancelled') ORDER BY allocation.id DESC LIMIT 1;
    UPDATE number_series SET last_value = last_value + 1
     WHERE kind || '-' || year = (SELECT substr(number, 1, 8) FROM taken);
    INSERT INTO journal_entry (id, number, journal_id, event, effective_on, recorded_at, period_id, line_count)
        SELECT new_id, number, (SELECT id FROM journal WHERE code = 'BNK'), 'unmatch', effective_on, now, period_id, 2
          FROM taken;
    INSERT INTO journal_line (id, entry_id, position, account_id, debit, credit, currency, effective_on, customer_id)
        SELECT new_id + side, new_id, side, account.id, CASE role WHEN 'receivable' THEN amount ELSE 0 END,
               CASE role WHEN 'receivable' THEN 0 ELSE amount END, currency, effective_on, customer_id
          FROM taken, (VALUES (1, 'receivable'), (2, 'advances')) AS lines (side, used) JOIN account ON role = used;
    INSERT INTO payment_allocation (id, credit_note_id, invoice_id, amount, effective_on, recorded_at, reverses_id, entry_id)
        SELECT new_id + 3, credit_note_id, invoice_id, -amount, effective_on, now, id, new_id FROM taken;
    UPDATE invoice SET amount_allocated = amount_allocated - amount FROM taken WHERE invoice.id = invoice_id;
    UPDATE credit_note SET amount_allocated = credit_note.amount_allocated - amount FROM taken
     WHERE credit_note.id = credit_note_id;
    UPDATE customer_account AS account SET open_receivables = open_receivables + amount, unapplied = unapplied + amount,
           paid_status = CASE paid_status WHEN 'paid' THEN 'unpaid' ELSE paid_status END,
           oldest_due_on = least(oldest_due_on, (SELECT due_on FROM invoice WHERE id = invoice_id))
      FROM taken WHERE account.customer_id = taken.customer_id;
"""
# Somebody left and had one customer, who is another's now.
LEFT = """
    INSERT INTO app_user (id, login, name, language, theme, contrast, density, shortcuts, is_active, failed_sign_ins,
                          created_at, version)
        VALUES (1, 'gone', 'Gone', 'zh', 'auto', 'normal', 'normal', true, false, 0, now(), 1);
    INSERT INTO departure (id, user_id, delegate_id, started_at, reason, rules, state, event_id, customers_total,
                           customers_done, documents_moved, activities_moved, shares_moved, finished_at, version)
        SELECT 2, 1, (SELECT id FROM app_user WHERE login = 'admin'), now(), 'x', '{}', 'done', min(id), 1, 1, 0, 0, 0,
               now(), 1 FROM outbox_event WHERE state = 'done';
    INSERT INTO departure_customer SELECT 2, min(id), (SELECT id FROM app_user WHERE login = 'admin'), now(), true
      FROM customer
"""
AUDITED = (
    "opportunity.created", "quotation.created", "quotation.ordered", "sales_order.created", "sales_order.confirmed",
    "sales_order.shipped", "sales_order.returned", "sales_order.billed", "sales_order.cancelled", "invoice.posted",
    "credit_note.posted", "payment.recorded", "refund.recorded", "stock.opening", "stock.receipt", "stock.adjustment",
    "journal_entry.manual", "journal_entry.reversal", "write_off.posted",
)  # fmt: skip
# What is planted, by which check it must be named. The books stay balanced where another check would speak up.
PLANTED = [
    ("I1", "UPDATE journal_entry SET line_count = line_count + 1 WHERE id = (SELECT min(id) FROM journal_entry)"),
    ("I1 I1.documents I8.output", TWO_LINES.format(COST)),
    ("I1", "UPDATE journal_line SET currency = 'USD' WHERE entry_id = (SELECT min(id) FROM journal_entry)"),
    # Balanced, and each customer's and each order's sums as they were: only the documents tell.
    ("I1.documents", "UPDATE journal_line SET account_id = (SELECT id FROM account WHERE role = 'bank') WHERE account_id = "
        "(SELECT id FROM account WHERE role = 'received_not_billed')"),
    ("I1.documents", SWAPPED.format("payment", "bank", "cash")),
    ("I1.documents", SWAPPED.format("refund", "bank", "cash")),
    ("I1.documents", SWAPPED.format("adjustment", "stock_loss", "stock_gain")),
    ("I1.documents", "UPDATE payment SET bank_account_id = (SELECT max(id) FROM bank_account) "
                     "WHERE id = (SELECT min(id) FROM payment)"),
    ("I1.documents", "UPDATE payment_allocation SET entry_id = (SELECT entry_id FROM invoice ORDER BY id DESC LIMIT 1) "
                     "WHERE id = (SELECT id FROM payment_allocation ORDER BY effective_on DESC, id LIMIT 1)"),
    ("I1.documents I11.audit", "UPDATE journal_entry SET event = 'manual' WHERE event = 'opening'"),

    ("I2", "UPDATE fiscal_period SET state = 'closed', closed_at = now() - interval '1 day'"),
    ("I2 I2.documents", "UPDATE journal_entry SET effective_on = effective_on + 400 WHERE id = (SELECT min(id) FROM journal_entry);"
           "UPDATE journal_line SET effective_on = effective_on + 400 WHERE entry_id = (SELECT min(id) FROM journal_entry)"),
    ("I2", "UPDATE journal_line SET effective_on = effective_on + 1 WHERE id = (SELECT min(id) FROM journal_line)"),
    ("I2.documents", "UPDATE invoice SET issued_on = issued_on - 100 WHERE id = (SELECT max(id) FROM invoice)"),
    ("I2.documents", "UPDATE credit_note SET issued_on = issued_on - 100 WHERE id = (SELECT max(id) FROM credit_note)"),
    ("I2.documents I3.last", "UPDATE payment SET received_on = '2024-01-01' WHERE kind = 'receipt'"),
    ("I2.documents", "UPDATE payment SET received_on = '2024-01-01' WHERE kind = 'refund'"),
    ("I2.documents", "UPDATE payment_allocation SET effective_on = '2030-01-01' "
                     "WHERE id = (SELECT min(id) FROM payment_allocation)"),
    ("I2.documents", "UPDATE stock_document SET effective_on = '2030-01-01' WHERE id = (SELECT min(id) FROM stock_document)"),
    ("I2.documents", "UPDATE shipment SET shipped_on = '2030-01-01' WHERE id = (SELECT min(id) FROM shipment)"),
    ("I2.documents", "UPDATE stock_move SET effective_on = '2030-01-01' WHERE id = "
        "(SELECT min(id) FROM stock_move WHERE kind = 'shipment')"),
    ("I2.documents", "UPDATE stock_move SET effective_on = '2030-01-01' WHERE id = "
        "(SELECT min(id) FROM stock_move WHERE kind = 'opening')"),
    ("I3.receivables", "UPDATE customer_account SET open_receivables = open_receivables + 1 WHERE customer_id = "
                       "(SELECT min(customer_id) FROM customer_account)"),
    ("I3.advances", "UPDATE customer_account SET unapplied = unapplied + 1 WHERE customer_id = "
                    "(SELECT min(customer_id) FROM customer_account)"),
    ("I3.invoices I3.status", "UPDATE invoice SET customer_id = (SELECT max(id) FROM customer) WHERE id = "
                              "(SELECT min(id) FROM invoice WHERE amount_open > 0)"),
    ("I3.credits I3.last", "UPDATE payment SET customer_id = (SELECT max(id) FROM customer) WHERE id = "
                           "(SELECT min(id) FROM payment WHERE kind = 'receipt' AND amount_unapplied > 0)"),
    ("I3.customers I3.advances I3.credits", "UPDATE journal_line SET customer_id = NULL WHERE id = (SELECT min(line.id) "
        "FROM journal_line AS line JOIN account ON account.id = account_id WHERE role = 'advances')"),
    ("I3.status", "UPDATE customer_account SET oldest_due_on = '2001-01-01' WHERE customer_id = "
                  "(SELECT min(customer_id) FROM customer_account)"),
    ("I3.status", "UPDATE customer_account SET paid_status = CASE paid_status WHEN 'paid' THEN 'unpaid' ELSE 'paid' END "
                  "WHERE customer_id = (SELECT min(customer_id) FROM customer_account)"),
    ("I3.limit", "UPDATE customer_account SET credit_limit = coalesce(credit_limit, 0) + 1"),
    ("I3.last", "UPDATE customer_account SET order_count = order_count + 1"),
    ("I3.last", "UPDATE customer_account SET last_payment_amount = last_payment_amount + 1"),
    ("I3.last", "UPDATE customer_account SET last_order_on = '2020-01-01' WHERE last_order_on IS NOT NULL"),
    ("I3.last", "UPDATE customer_account SET last_payment_on = '2001-01-01' WHERE last_payment_on IS NOT NULL"),
    ("I4.orders", "UPDATE sales_order_receivable SET amount_open = amount_open + 1"),
    ("I4.orders", "UPDATE sales_order_receivable SET due_on = '2001-01-01' WHERE amount_open > 0"),
    ("I4 I4.orders", "UPDATE invoice SET amount_allocated = amount_allocated - 1 WHERE id = "
           "(SELECT min(id) FROM invoice WHERE amount_allocated > 1)"),
    ("I4.credited I4.orders", "UPDATE invoice SET amount_credited = amount_credited - 1 WHERE id = "
                    "(SELECT min(id) FROM invoice WHERE amount_credited > 1)"),
    ("I4.documents", "UPDATE invoice SET tax_recognised = tax_recognised + 5 WHERE id = (SELECT min(id) FROM invoice)"),
    ("I4.documents", "UPDATE invoice SET amount_net = amount_net + 1, amount_tax = amount_tax - 1 "
                     "WHERE id = (SELECT min(id) FROM invoice)"),
    ("I4.documents", "UPDATE credit_note SET amount_net = amount_net + 1, amount_tax = amount_tax - 1 "
                     "WHERE id = (SELECT min(id) FROM credit_note)"),
    ("I4.written_off I4.orders", "UPDATE invoice SET amount_written_off = amount_written_off - 1 WHERE amount_written_off > 0"),
    ("I4.written_off", "UPDATE write_off SET amount = amount + 1 WHERE id = (SELECT min(id) FROM write_off); "
        "UPDATE audit_row SET changes = jsonb_build_object('amount', (SELECT amount::text FROM write_off WHERE id = record_id)) "
        "WHERE action = 'write_off.posted'"),
    ("I5", "UPDATE payment SET amount_allocated = amount_allocated - 1 WHERE id = "
           "(SELECT min(id) FROM payment WHERE kind = 'receipt' AND amount_allocated > 1)"),
    ("I5", "UPDATE credit_note SET amount_allocated = amount_allocated - 1 WHERE id = "
           "(SELECT min(id) FROM credit_note WHERE amount_allocated > 1)"),
    ("I5.refunds I1.documents I11.audit", "UPDATE payment SET amount = amount + 1 WHERE kind = 'refund'"),
    ("I5.reversals", "UPDATE payment_allocation SET reverses_id = (SELECT min(id) FROM payment_allocation "
                     "WHERE amount = 40) WHERE id = (SELECT min(id) FROM payment_allocation WHERE amount < 0)"),
    ("I6.levels", "UPDATE stock_level SET on_hand = on_hand + 1 WHERE on_hand > reserved"),
    ("I6.levels", "UPDATE stock_level SET move_count = move_count + 1"),
    ("I6.moves", "UPDATE stock_move SET on_hand_after = on_hand_after + 1 WHERE id = (SELECT min(id) FROM stock_move)"),
    ("I6.moves", "UPDATE stock_move SET ordinal = ordinal + 100 WHERE id IN (SELECT max(id) FROM stock_move)"),
    ("I6.valuation", "UPDATE product_valuation SET value = value + 1 WHERE quantity > 0"),
    ("I6.valuation", "UPDATE product_valuation SET quantity = quantity + 1 WHERE quantity > 0"),
    ("I6.account I6.valuation I6.documents", "UPDATE stock_move SET value = value + 1 WHERE kind = 'adjustment'"),
    ("I6.shipments I2.documents", "UPDATE stock_move SET origin = 'elsewhere' WHERE id = "
        "(SELECT min(id) FROM stock_move WHERE kind = 'shipment')"),
    ("I6.shipments", "UPDATE stock_move SET kind = 'return' WHERE id = "
        "(SELECT min(id) FROM stock_move WHERE kind = 'shipment')"),
    ("I6.documents", "UPDATE stock_document_line SET quantity = quantity + 100 WHERE id = "
        "(SELECT min(id) FROM stock_document_line)"),
    ("I6.documents I1.documents", "UPDATE stock_document_line SET quantity = quantity + 100, value = value + 600 WHERE id = "
        "(SELECT min(id) FROM stock_document_line)"),
    ("I6.documents", "UPDATE stock_move SET origin = 'elsewhere' WHERE id = (SELECT min(id) FROM stock_move WHERE kind = 'receipt')"),
    ("I6.places", "DELETE FROM product_valuation WHERE quantity = 0"),
    ("I7", "UPDATE stock_level SET reserved = reserved + 1 WHERE on_hand > reserved"),
    ("I7.idle I7", "UPDATE stock_level SET back_ordered = back_ordered + 2 WHERE available > 0"),
    ("I8.totals", f"UPDATE sales_order SET amount_net = amount_net + 1, amount_total = amount_total + 1 WHERE id = {ONE_ORDER}"),
    ("I8.totals", "UPDATE quotation SET amount_net = amount_net + 1, amount_total = amount_total + 1"),
    ("I8.totals", "UPDATE sales_order_line SET unit_price = unit_price * 2 WHERE id = (SELECT min(id) FROM sales_order_line)"),
    ("I8.totals", "UPDATE quotation_line SET discount_percent = 50"),
    ("I8.quotations I11.audit", "UPDATE quotation SET state = 'ordered' WHERE state = 'draft'"),
    ("I8.quotations", "UPDATE quotation SET state = 'sent' WHERE state = 'ordered'"),
    ("I8.quotations", "UPDATE sales_order SET opportunity_id = NULL WHERE quotation_id IS NOT NULL"),
    ("I8.cancelled I4.orders", UNMATCHED),
    ("I8.reserved", f"UPDATE sales_order_line SET reservation_id = NULL WHERE id = {ONE_LINE}"),
    ("I8.shipped I8.output", f"UPDATE sales_order_line SET cost_recognised = cost_recognised + 1 WHERE id = {ONE_LINE}"),
    ("I8.billed", "UPDATE invoice_line SET position = position + 100"),
    ("I8.status", "UPDATE sales_order SET state = 'confirmed' WHERE state = 'done'"),
    ("I8.status", f"UPDATE sales_order SET shipping_status = 'shipped' WHERE id = {ONE_ORDER}"),
    ("I8.status", f"UPDATE sales_order SET invoice_status = 'none' WHERE id = {ONE_ORDER}"),
    ("I8.recognised", f"UPDATE sales_order_line SET net_recognised = net_recognised + 1 WHERE id = {ONE_LINE}"),
    ("I8.tax I8.output", f"UPDATE sales_order_line SET tax_recognised = tax_recognised - 1 WHERE id = {ONE_LINE}"),
    ("I8.ledger I1.documents", "UPDATE journal_line SET account_id = (SELECT id FROM account WHERE role = 'stock_gain') WHERE id = "
        "(SELECT min(line.id) FROM journal_line AS line JOIN account ON account.id = account_id WHERE role = 'revenue')"),
    ("I8.output I1.documents", "UPDATE journal_line SET account_id = (SELECT id FROM account WHERE role = 'stock_loss') WHERE id = "
        "(SELECT min(line.id) FROM journal_line AS line JOIN account ON account.id = account_id WHERE role = 'cost_of_goods')"),
    ("I8.exposure", "UPDATE customer_account SET uninvoiced = uninvoiced + 1 WHERE customer_id = "
                    "(SELECT min(customer_id) FROM customer_account)"),
    ("I9", "UPDATE number_series SET last_value = last_value + 1 WHERE kind = 'INV'"),
    ("I9", "UPDATE quotation SET number = replace(number, '-000', '-010') WHERE id = (SELECT max(id) FROM quotation)"),
    ("I9 I1.documents", "UPDATE shipment SET number = replace(number, '-000', '-010') WHERE id = (SELECT max(id) FROM shipment)"),
    ("I9", "UPDATE sales_order SET recorded_at = recorded_at - interval '1 year' WHERE id = (SELECT max(id) FROM sales_order)"),
    ("I10", "UPDATE outbox_event SET state = 'dead' WHERE id = (SELECT min(id) FROM outbox_event)"),
    ("I10", "UPDATE outbox_event SET state = 'leased', leased_until = now() - interval '1 hour'"),
    ("I10", "INSERT INTO outbox_consumption SELECT max(id), 'low_stock_alerts', now() FROM outbox_event"),
    ("I10.effects", "DELETE FROM outbox_consumption WHERE consumer = 'low_stock_alerts'"),
    ("I10.effects", "DELETE FROM outbox_consumption WHERE (event_id, consumer) = "
        "(SELECT event_id, consumer FROM outbox_consumption ORDER BY event_id, consumer LIMIT 1)"),
    *[("I11.audit", f"DELETE FROM audit_row WHERE action = '{action}'") for action in AUDITED],
    ("I11.audit", "DELETE FROM audit_row WHERE id = (SELECT min(id) FROM audit_row WHERE action = 'sales_order.shipped')"),
    ("I11.audit", """UPDATE audit_row SET changes = '{"amount_total": "1"}' WHERE action = 'invoice.posted'"""),
    ("I11.audit", """UPDATE audit_row SET changes = '{"amount": "many"}' WHERE action = 'payment.recorded'"""),
    ("I11.triggers", "ALTER TABLE journal_line DISABLE TRIGGER immutable"),
    ("I11.triggers", "DROP TRIGGER no_truncate ON audit_row"),
    ("I11.schema", "UPDATE alembic_version SET version_num = '0001'"),
    ("I12.keys", "DROP INDEX uq_customer_name; UPDATE customer SET name_key = 'one'"),
    ("I12.owners", "UPDATE app_user SET is_active = false"),
    ("I12.ownership", "DELETE FROM customer_ownership WHERE id = (SELECT min(id) FROM customer_ownership)"),
    ("I12.ownership", "DROP INDEX uq_customer_ownership_open; INSERT INTO customer_ownership SELECT 1, customer_id, user_id, since "
        "FROM customer_ownership ORDER BY id LIMIT 1"),
    ("I12.ownership", f"{LEFT}; UPDATE customer_ownership SET user_id = 1 WHERE id = (SELECT min(id) FROM customer_ownership)"),
    ("I12.ownership", "INSERT INTO customer_ownership SELECT 1, customer_id, user_id, since - interval '2 days', since - "
        "interval '1 day' FROM customer_ownership ORDER BY id LIMIT 1"),
    *(("I12.departures", f"{LEFT}; {lie}") for lie in (
        "UPDATE departure SET customers_total = 2", "UPDATE departure SET customers_total = 3, customers_done = 2",
        "UPDATE departure SET state = 'running', finished_at = NULL",
    )),
    *(("I12.departed", f"{LEFT}; {lie}") for lie in (
        "INSERT INTO activity (id, kind, customer_id, owner_id, customer_owner_id, subject, due_on, created_at, version) "
            "SELECT 9, 'call', id, 1, owner_id, 'x', current_date, now(), 1 FROM customer ORDER BY id LIMIT 1",
        "UPDATE app_user SET reports_to_id = 1 WHERE login = 'admin'",
        "INSERT INTO customer_share (id, customer_id, user_id, created_at) SELECT 9, min(id), 1, now() FROM customer",
        "UPDATE departure SET customers_total = 2; INSERT INTO departure_customer (departure_id, customer_id, heir_id) "
            "SELECT 2, max(id), 1 FROM customer",
    )),
    *(
        ("I12.documents I4.orders" if table == "sales_order" else "I12.documents",
            "INSERT INTO app_user (id, login, name, language, theme, contrast, density, shortcuts, is_active, "
            "failed_sign_ins, created_at, version) VALUES (1, 'other', 'Other', 'zh', 'auto', 'normal', 'normal', true, true, "
            f"0, now(), 1); UPDATE {table} SET owner_id = 1 WHERE id = (SELECT min(id) FROM {table})")
        for table in ("quotation", "sales_order", "invoice", "credit_note", "payment", "shipment")
    ),
    ("I12.documents", "INSERT INTO activity (id, kind, customer_id, owner_id, customer_owner_id, subject, done_at, created_at, version) "
        "SELECT 9, 'note', customer.id, owner_id, app_user.id, 'x', now(), now(), 1 FROM customer JOIN app_user ON "
        "app_user.id <> owner_id LIMIT 1"),
    *(("I12.entries", lie) for lie in (
        "DELETE FROM search_entry WHERE id = (SELECT min(id) FROM customer)",
        "INSERT INTO search_entry (id, kind, terms) VALUES (7, 'product', '')",
        "UPDATE search_entry SET kind = 'supplier' WHERE id = (SELECT min(id) FROM product)",
        "UPDATE search_entry SET owner_id = owner_id + 1 WHERE id = (SELECT min(id) FROM customer)",
        "UPDATE search_entry SET customer_id = customer_id + 1 WHERE id = (SELECT min(id) FROM customer)",
    )),
    ("I12.approvals", "DELETE FROM approval_decision WHERE id = (SELECT min(id) FROM approval_decision)"),
    ("I12.approvals", "UPDATE approval_decision SET decided_by_id = (SELECT requested_by_id FROM approval_request AS request "
        "WHERE request.id = request_id) WHERE id = (SELECT max(id) FROM approval_decision)"),
    ("I12.approvals", "UPDATE approval_decision SET on_behalf_of_id = (SELECT requested_by_id FROM approval_request AS "
        "request WHERE request.id = request_id) WHERE id = (SELECT max(id) FROM approval_decision)"),
    ("I12.approvals", "UPDATE approval_decision SET decided_by_id = (SELECT min(decided_by_id) FROM approval_decision AS other "
        "WHERE other.request_id = approval_decision.request_id) WHERE position = 2"),
    ("I12.approvals", "UPDATE approval_decision SET decided_at = decided_at - interval '1 hour' WHERE position = 2"),
    ("I12.approvals", "UPDATE approval_request SET state = 'approved' WHERE state = 'open'"),
    ("I12.approvals", "DELETE FROM approval_request_step WHERE request_id = (SELECT max(id) FROM approval_request)"),
    ("I12.approvals", "UPDATE approval_decision SET decision = 'refused'"),
    ("I12.departed", "INSERT INTO app_user (id, login, name, language, theme, contrast, density, shortcuts, is_active, "
        "failed_sign_ins, created_at, version) VALUES (1, 'gone', 'Gone', 'zh', 'auto', 'normal', 'normal', true, false, 0, "
        "now(), 1); INSERT INTO api_token (id, user_id, name, token_hash, created_at) VALUES (2, 1, 'x', 'y', now())"),
]  # fmt: skip


@pytest.fixture
def connection(superuser: Engine, busy: House) -> Connection:
    """A transaction of the superuser with triggers out of the way; nothing of it stays."""
    with superuser.connect() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield connection
        connection.rollback()


def failed(connection: Connection) -> dict[str, dict]:
    return {check["code"]: check for check in run_checks(connection) if not check["ok"]}


def test_a_clean_company_passes(busy: House) -> None:
    database = Database(busy.system_url, pool_size=1)
    answers = check_database(database)
    database.dispose()
    assert [answer for answer in answers if not answer["ok"]] == []
    assert len({answer["code"] for answer in answers}) == len(CHECKS)
    assert {answer["code"].split(".")[0] for answer in answers} == {f"I{number}" for number in range(1, 13)}


@pytest.mark.parametrize(("expected", "corruption"), PLANTED)
def test_a_planted_corruption_is_named(connection: Connection, expected: str, corruption: str) -> None:
    """Exactly the named checks fail; most corruptions break one promise, a few break two at once."""
    connection.exec_driver_sql(corruption)
    found = failed(connection)
    assert set(found) == set(expected.split()), found
    for answer in found.values():
        assert answer["count"] >= 1
        assert all("≠" in finding for finding in answer["findings"])


def test_terms_that_no_longer_say_what_the_record_says_are_named(connection: Connection) -> None:
    assert searching.answer(connection)["ok"]
    connection.exec_driver_sql("UPDATE customer SET name = '改了名' WHERE id = (SELECT min(id) FROM customer)")
    found = searching.answer(connection)
    assert (found["ok"], found["count"]) == (False, 1)
    assert "customer" in found["findings"][0] and "≠" in found["findings"][0]


def test_every_check_has_a_planted_corruption() -> None:
    assert {check.code for check in CHECKS} == {expected.split()[0] for expected, _ in PLANTED}


def test_two_connections_see_one_snapshot(busy: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written after the check has begun is seen by neither of the two, which both take their part."""
    before, met, seen = busy.value("SELECT count(*) FROM customer"), {}, []
    both = threading.Barrier(2, action=lambda: busy.customer("Late"), timeout=30)

    def look(connection: Connection, group: Any) -> list[Any]:
        if threading.get_ident() not in met:
            met[threading.get_ident()] = connection
            both.wait()
        seen.append(
            tuple(connection.exec_driver_sql("SELECT count(*), pg_current_snapshot()::text FROM customer").one())
        )
        return []

    monkeypatch.setattr("web.integrity._run", look)
    database = Database(busy.system_url, pool_size=2)
    try:
        check_database(database)
    finally:
        database.dispose()
    assert busy.value("SELECT count(*) FROM customer") == before + 1
    assert len(met) == 2 and len(seen) == len(GROUPS)
    assert len(set(seen)) == 1 and seen[0][0] == before


def test_titles_speak_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    from web.cli import messages

    messages.terminal_language.cache_clear()
    monkeypatch.setenv("COUNTINGHOUSE_LANGUAGE", "zh")
    try:
        assert all(check.title != check.english for check in CHECKS), [
            c.english for c in CHECKS if c.title == c.english
        ]
    finally:
        messages.terminal_language.cache_clear()


def test_findings_are_capped_and_counted(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE journal_line SET effective_on = effective_on + 1")
    found = failed(connection)["I2"]
    assert len(found["findings"]) == 20
    assert found["count"] == connection.exec_driver_sql("SELECT count(*) FROM journal_line").scalar_one()
