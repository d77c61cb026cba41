"""The checker is tested: one corruption planted for every line of every check, and exactly that check fails."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, Engine, text

from core.database import Database
from tests.scenarios.house import House
from web.integrity import CHECKS, run_checks

ONE_ORDER = "(SELECT id FROM sales_order WHERE state = 'confirmed' AND shipping_status = 'partial' ORDER BY id LIMIT 1)"
ONE_LINE = f"(SELECT id FROM sales_order_line WHERE order_id = {ONE_ORDER} AND NOT is_service LIMIT 1)"
TWO_LINES = """
    UPDATE journal_line SET debit = debit + CASE id WHEN (SELECT min(id) FROM journal_line WHERE {0}) THEN 1 ELSE -1 END
     WHERE id IN ((SELECT min(id) FROM journal_line WHERE {0}), (SELECT max(id) FROM journal_line WHERE {0}))
"""
BANK = "account_id = (SELECT id FROM account WHERE role = 'cost_of_goods') AND debit > 1"
# What is planted, by which check it must be named. The books stay balanced where another check would speak up.
PLANTED = [
    ("I1", "UPDATE journal_entry SET line_count = line_count + 1 WHERE id = (SELECT min(id) FROM journal_entry)"),
    ("I1 I8.output", TWO_LINES.format(BANK)),
    ("I2", "UPDATE fiscal_period SET state = 'closed', closed_at = now() - interval '1 day'"),
    ("I2", "UPDATE journal_entry SET effective_on = effective_on + 400 WHERE id = (SELECT min(id) FROM journal_entry);"
           "UPDATE journal_line SET effective_on = effective_on + 400 WHERE entry_id = (SELECT min(id) FROM journal_entry)"),
    ("I2", "UPDATE journal_line SET effective_on = effective_on + 1 WHERE id = (SELECT min(id) FROM journal_line)"),
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
    ("I3.last", "UPDATE customer_account SET order_count = order_count + 1"),
    ("I3.last", "UPDATE customer_account SET last_payment_on = '2001-01-01' WHERE last_payment_on IS NOT NULL"),
    ("I4", "UPDATE invoice SET amount_allocated = amount_allocated - 1 WHERE id = "
           "(SELECT min(id) FROM invoice WHERE amount_allocated > 1)"),
    ("I4.credited", "UPDATE invoice SET amount_credited = amount_credited - 1 WHERE id = "
                    "(SELECT min(id) FROM invoice WHERE amount_credited > 1)"),
    ("I4.documents", "UPDATE invoice SET amount_net = amount_net + 1, amount_tax = amount_tax - 1 "
                     "WHERE id = (SELECT min(id) FROM invoice)"),
    ("I4.documents", "UPDATE credit_note SET amount_net = amount_net + 1, amount_tax = amount_tax - 1 "
                     "WHERE id = (SELECT min(id) FROM credit_note)"),
    ("I5", "UPDATE payment SET amount_allocated = amount_allocated - 1 WHERE id = "
           "(SELECT min(id) FROM payment WHERE kind = 'receipt' AND amount_allocated > 1)"),
    ("I5", "UPDATE credit_note SET amount_allocated = amount_allocated - 1 WHERE id = "
           "(SELECT min(id) FROM credit_note WHERE amount_allocated > 1)"),
    ("I5.refunds I5.bank", "UPDATE payment SET amount = amount + 1 WHERE kind = 'refund'"),
    ("I5.bank", "UPDATE payment SET bank_account_id = (SELECT max(id) FROM bank_account) "
                "WHERE id = (SELECT min(id) FROM payment)"),
    ("I5.reversals", "UPDATE payment_allocation SET reverses_id = (SELECT min(id) FROM payment_allocation "
                     "WHERE amount = 40) WHERE id = (SELECT min(id) FROM payment_allocation WHERE amount < 0)"),
    ("I6.levels", "UPDATE stock_level SET on_hand = on_hand + 1 WHERE on_hand > reserved"),
    ("I6.levels", "UPDATE stock_level SET move_count = move_count + 1"),
    ("I6.moves", "UPDATE stock_move SET on_hand_after = on_hand_after + 1 WHERE id = (SELECT min(id) FROM stock_move)"),
    ("I6.moves", "UPDATE stock_move SET ordinal = ordinal + 100 WHERE id IN (SELECT max(id) FROM stock_move)"),
    ("I6.valuation", "UPDATE product_valuation SET value = value + 1 WHERE quantity > 0"),
    ("I6.valuation", "UPDATE product_valuation SET quantity = quantity + 1 WHERE quantity > 0"),
    ("I6.account I6.valuation", "UPDATE stock_move SET value = value + 1 WHERE kind = 'adjustment'"),
    ("I6.shipments", "UPDATE stock_move SET origin = 'elsewhere' WHERE id = "
        "(SELECT min(id) FROM stock_move WHERE kind = 'shipment')"),
    ("I6.places", "DELETE FROM product_valuation WHERE quantity = 0"),
    ("I7", "UPDATE stock_level SET reserved = reserved + 1 WHERE on_hand > reserved"),
    ("I7.idle I7", "UPDATE stock_level SET back_ordered = back_ordered + 2 WHERE available > 0"),
    ("I8.totals", f"UPDATE sales_order SET amount_net = amount_net + 1, amount_total = amount_total + 1 WHERE id = {ONE_ORDER}"),
    ("I8.totals", "UPDATE quotation SET amount_net = amount_net + 1, amount_total = amount_total + 1"),
    ("I8.reserved", f"UPDATE sales_order_line SET reservation_id = NULL WHERE id = {ONE_LINE}"),
    ("I8.shipped I8.output", f"UPDATE sales_order_line SET cost_recognised = cost_recognised + 1 WHERE id = {ONE_LINE}"),
    ("I8.billed", "UPDATE invoice_line SET position = position + 100"),
    ("I8.status", "UPDATE sales_order SET state = 'confirmed' WHERE state = 'done'"),
    ("I8.status", f"UPDATE sales_order SET shipping_status = 'shipped' WHERE id = {ONE_ORDER}"),
    ("I8.status", f"UPDATE sales_order SET invoice_status = 'none' WHERE id = {ONE_ORDER}"),
    ("I8.recognised", f"UPDATE sales_order_line SET net_recognised = net_recognised + 1 WHERE id = {ONE_LINE}"),
    ("I8.tax I8.output", f"UPDATE sales_order_line SET tax_recognised = tax_recognised - 1 WHERE id = {ONE_LINE}"),
    ("I8.ledger", "UPDATE journal_line SET account_id = (SELECT id FROM account WHERE role = 'stock_gain') WHERE id = "
        "(SELECT min(line.id) FROM journal_line AS line JOIN account ON account.id = account_id WHERE role = 'revenue')"),
    ("I8.output", "UPDATE journal_line SET account_id = (SELECT id FROM account WHERE role = 'stock_loss') WHERE id = "
        "(SELECT min(line.id) FROM journal_line AS line JOIN account ON account.id = account_id WHERE role = 'cost_of_goods')"),
    ("I8.exposure", "UPDATE customer_account SET uninvoiced = uninvoiced + 1 WHERE customer_id = "
                    "(SELECT min(customer_id) FROM customer_account)"),
    ("I9", "UPDATE number_series SET last_value = last_value + 1 WHERE kind = 'INV'"),
    ("I9", "UPDATE shipment SET number = replace(number, '-0000', '-0100') WHERE id = (SELECT max(id) FROM shipment)"),
    ("I9", "UPDATE sales_order SET recorded_at = recorded_at - interval '1 year' WHERE id = (SELECT max(id) FROM sales_order)"),
    ("I10", "UPDATE outbox_event SET state = 'dead' WHERE id = (SELECT min(id) FROM outbox_event)"),
    ("I10", "UPDATE outbox_event SET state = 'leased', leased_until = now() - interval '1 hour'"),
    ("I10", "INSERT INTO outbox_consumption SELECT min(id), 'low_stock_alerts', now() FROM outbox_event"),
    ("I11.audit", "DELETE FROM audit_row WHERE action = 'invoice.posted'"),
    ("I11.triggers", "ALTER TABLE journal_line DISABLE TRIGGER immutable"),
    ("I11.triggers", "DROP TRIGGER no_truncate ON audit_row"),
    ("I11.schema", "UPDATE alembic_version SET version_num = '0001'"),
    ("I12.keys", "DROP INDEX uq_customer_name; UPDATE customer SET name_key = 'one'"),
    ("I12.owners", "UPDATE app_user SET is_active = false"),
    *(
        ("I12.documents", f"INSERT INTO app_user (id, login, name, language, theme, contrast, density, shortcuts, is_active, "
            "failed_sign_ins, created_at, version) VALUES (1, 'other', 'Other', 'zh', 'auto', 'normal', 'normal', true, true, "
            f"0, now(), 1); UPDATE {table} SET owner_id = 1 WHERE id = (SELECT min(id) FROM {table})")
        for table in ("quotation", "sales_order", "invoice", "credit_note", "payment", "shipment")
    ),
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
    with database.reading() as connection:
        answers = run_checks(connection)
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


def test_every_check_has_a_planted_corruption() -> None:
    assert {check.code for check in CHECKS} == {expected.split()[0] for expected, _ in PLANTED}


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
