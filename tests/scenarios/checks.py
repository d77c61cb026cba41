"""What must be true after every scenario: the books balance and the integrity checks find nothing."""

from __future__ import annotations

from sqlalchemy import text

from core.database import Database
from tests.scenarios.house import House

# What was open on each day on which anything happened, the day before it, and today: added up from the beginning. The
# product goes back from what is open now instead.
DAYS = """
    SELECT DISTINCT found - before FROM (SELECT effective_on FROM payment_allocation UNION SELECT issued_on FROM invoice
        UNION SELECT issued_on FROM credit_note UNION SELECT received_on FROM payment) AS happened (found),
        generate_series(0, 1) AS before
"""
PUT_ON = "SELECT sum(amount) FROM payment_allocation WHERE effective_on <= day"
ADDED_UP = f"""
    SELECT 'invoice' AS kind, id, amount_total - coalesce(({PUT_ON} AND invoice_id = invoice.id), 0) AS amount
      FROM invoice WHERE issued_on <= day
     UNION ALL
    SELECT 'credit', customer_id, sum(amount)
      FROM (SELECT customer_id, amount - coalesce(({PUT_ON} AND payment_id = payment.id), 0) AS amount
              FROM payment WHERE kind = 'receipt' AND received_on <= day
             UNION ALL
            SELECT customer_id, amount_total - coalesce(({PUT_ON} AND credit_note_id = credit_note.id), 0)
              FROM credit_note WHERE issued_on <= day) AS source GROUP BY customer_id
"""
GONE_BACK = """
    SELECT 'invoice' AS kind, id, amount_open AS amount FROM invoices_open_on(day)
     UNION ALL
    SELECT 'credit', customer_id, sum(amount) FROM credits_unapplied_on(day) GROUP BY customer_id
"""
AS_OF_ANY_DAY = f"""
    SELECT day::text, compared.*
      FROM ({DAYS}) AS days (day), LATERAL (
        SELECT kind, id, added.amount, back.amount AS gone_back
          FROM (SELECT * FROM ({ADDED_UP}) AS row WHERE amount <> 0) AS added
          FULL JOIN (SELECT * FROM ({GONE_BACK}) AS row WHERE amount <> 0) AS back USING (kind, id)) AS compared
     WHERE compared.amount IS DISTINCT FROM compared.gone_back
"""


def assert_clean(house: House) -> None:
    """Runs the integrity checks as the system role; every finding is a failure."""
    assert sum(house.trial_balance().values()) == 0
    from web.integrity import run_checks

    database = Database(house.system_url, pool_size=1)
    try:
        with database.reading() as connection:
            failed = [check for check in run_checks(connection) if not check["ok"]]
            differing = connection.execute(text(AS_OF_ANY_DAY)).all()
    finally:
        database.dispose()
    assert not failed, failed
    assert not differing, differing
