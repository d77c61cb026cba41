"""The demo company holds exactly what Northwind's files say, and its books and stock agree with each other."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core import database as db
from core.normalise import clean
from tests.demo.conftest import TODAY, Demo, figures
from web.cli.progress import Progress
from web.demo.dates import Calendar
from web.demo.load import load_demo
from web.demo.source import Northwind, country_code
from web.integrity import run_checks

pytestmark = pytest.mark.slow
GOODS = "sales_order_line WHERE NOT is_service"


class TestLoading:
    def test_a_second_start_finds_it_loaded(self, demo: Demo) -> None:
        demo.make_current()
        before = figures(demo.urls)
        assert not load_demo(Progress, today=TODAY)
        assert figures(demo.urls) == before

    def test_it_takes_at_most_ten_commands_an_order(self, demo: Demo) -> None:
        """What the loading time is made of: each step is one command under its own key."""
        assert demo.value("SELECT count(*) FROM idempotency_key") <= 10 * demo.value("SELECT count(*) FROM sales_order")


class TestWhatTheFilesSay:
    @pytest.mark.parametrize(
        ("table", "count"),
        [
            ("customer", 91),
            ("contact", 91),
            ("address", 91),
            ("supplier", 29),
            ("product_category", 8),
            ("product WHERE kind = 'goods'", 77),
            ("product WHERE is_discontinued", 10),
            ("sales_order", 830),
            ("sales_order_line WHERE NOT is_service", 2155),
            ("sales_order_line WHERE is_service", 830),
            ("invoice", 830),
            ("shipment", 809),
            ("app_user", 12),
        ],
    )
    def test_counts(self, demo: Demo, table: str, count: int) -> None:
        assert demo.value(f"SELECT count(*) FROM {table}") == count

    def test_sales_people_sit_in_the_teams_of_their_countries(self, demo: Demo) -> None:
        assert demo.rows(
            """SELECT region.name, team.name, array_agg(app_user.login ORDER BY login)
                 FROM app_user JOIN org_unit AS team ON team.id = unit_id
                 JOIN org_unit AS region ON region.id = team.parent_id
                WHERE region.kind = 'region' AND team.kind = 'team' GROUP BY 1, 2 ORDER BY 1"""
        ) == [
            ("Europe", "London", ["buchanan", "dodsworth", "king", "suyama"]),
            ("North America", "Seattle", ["callahan", "davolio", "sales", "sales2"]),
        ]

    def test_amounts(self, demo: Demo) -> None:
        assert demo.amount(f"SELECT sum(quantity * unit_price) FROM {GOODS}") == Decimal("1354458.59")
        assert demo.amount(f"SELECT sum(amount_net) FROM {GOODS}") == Decimal("1265793.29")
        assert demo.amount(f"SELECT sum(amount_tax) FROM {GOODS}") == Decimal("164554.02")
        freight = "SELECT sum(amount_net) FROM sales_order_line WHERE is_service"
        assert demo.amount(freight) == Decimal("64942.69")

    def test_what_was_ordered_is_invoiced(self, demo: Demo) -> None:
        ordered = demo.rows("SELECT sum(amount_net), sum(amount_tax), sum(amount_total) FROM sales_order")
        assert ordered == demo.rows("SELECT sum(amount_net), sum(amount_tax), sum(amount_total) FROM invoice")
        assert ordered[0][0] == Decimal("1265793.29") + Decimal("64942.69")

    def test_best_customers(self, demo: Demo) -> None:
        best = demo.rows(
            """SELECT customer.code, sum(line.amount_net) FROM sales_order_line AS line
                 JOIN sales_order ON sales_order.id = line.order_id JOIN customer ON customer.id = customer_id
                WHERE NOT line.is_service GROUP BY customer.code ORDER BY 2 DESC LIMIT 3"""
        )
        assert best == [
            ("QUICK", Decimal("110277.32")),
            ("ERNSH", Decimal("104875.00")),
            ("SAVEA", Decimal("104361.96")),
        ]

    def test_lines_keep_their_own_price(self, demo: Demo) -> None:
        other = """SELECT count(*) FROM sales_order_line AS line JOIN product ON product.id = product_id
                    WHERE NOT is_service AND line.unit_price <> product.price"""
        assert demo.value(other) == 662

    def test_each_order_is_its_row(self, demo: Demo) -> None:
        calendar = Calendar(TODAY)
        expected = {
            (
                str(order.id),
                order.customer,
                calendar.day(order.ordered_on),
                calendar.day(order.required_on),
                calendar.day(order.shipped_on) if order.shipped_on else None,
                order.carrier,
                order.ship_to,
                order.freight,
            )
            for order in Northwind().orders
        }
        found = demo.rows(
            """SELECT customer_reference, customer.code, ordered_on, requested_on, shipment.shipped_on,
                      sales_order.carrier, sales_order.ship_to,
                      (SELECT unit_price FROM sales_order_line WHERE order_id = sales_order.id AND is_service)
                 FROM sales_order JOIN customer ON customer.id = sales_order.customer_id
                 LEFT JOIN sales_order_shipment AS link ON link.order_id = sales_order.id
                 LEFT JOIN shipment ON shipment.id = link.shipment_id"""
        )
        assert set(found) == expected

    def test_customers_are_their_rows(self, demo: Demo) -> None:
        expected = {
            (
                row["customer_id"],
                clean(row["company_name"]),
                country_code(row["country"]),
                clean(row["contact_name"]),
                row["phone"],
            )
            for row in Northwind().customers
        }
        found = demo.rows(
            """SELECT code, customer.name, country, contact.name, customer.phone
                 FROM customer JOIN contact ON contact.customer_id = customer.id"""
        )
        assert set(found) == expected

    def test_a_customer_belongs_to_the_seller_of_its_latest_order(self, demo: Demo) -> None:
        wrong = """SELECT count(*) FROM (SELECT DISTINCT ON (customer_id) customer_id, salesperson_id FROM sales_order
                    ORDER BY customer_id, ordered_on DESC, customer_reference DESC) AS latest
                    JOIN customer ON customer.id = customer_id WHERE owner_id <> salesperson_id"""
        assert demo.value(wrong) == 0


class TestStock:
    def test_on_hand_is_what_the_files_say(self, demo: Demo) -> None:
        expected = {(product.sku, product.units_in_stock) for product in Northwind().products}
        found = demo.rows("SELECT sku, on_hand FROM stock_level JOIN product ON product.id = product_id")
        assert set(found) == expected
        sums = demo.rows(
            "SELECT sum(on_hand), sum(on_hand * price) FROM stock_level JOIN product ON product.id = product_id"
        )
        assert sums == [(Decimal(3119), Decimal("73953.35"))]

    def test_open_orders_hold_and_wait(self, demo: Demo) -> None:
        assert demo.rows("SELECT sum(reserved), sum(back_ordered) FROM stock_level") == [(727, 471)]
        assert demo.rows("SELECT sum(quantity_reserved), sum(quantity_back_ordered) FROM reservation") == [(727, 471)]
        whole = """SELECT count(*) FROM sales_order WHERE shipping_status = 'none' AND NOT EXISTS (
                   SELECT FROM sales_order_line AS line JOIN reservation ON reservation.id = reservation_id
                    WHERE line.order_id = sales_order.id AND quantity_back_ordered > 0)"""
        assert demo.value(whole) == 5

    @pytest.mark.parametrize(("quantity", "count"), [("available", 26), ("on_hand", 17)])
    def test_low_stock(self, demo: Demo, quantity: str, count: int) -> None:
        low = f"""SELECT count(*) FROM stock_level JOIN reorder_point AS point USING (product_id, warehouse_id)
                    JOIN product ON product.id = product_id
                   WHERE {quantity} <= point.quantity AND NOT is_discontinued"""
        assert demo.value(low) == count

    def test_an_alert_stands_for_each_product_that_is_low(self, demo: Demo) -> None:
        assert demo.value("SELECT count(*) FROM stock_alert WHERE closed_at IS NULL") == 26

    def test_value_of_stock_is_the_inventory_account(self, demo: Demo) -> None:
        value = demo.amount("SELECT sum(value) FROM product_valuation")
        assert value > 0
        assert value == demo.amount("SELECT sum(value) FROM stock_move")
        assert value == balance(demo, "inventory")
        wrong = """SELECT count(*) FROM product_valuation AS valuation JOIN (
                   SELECT product_id, sum(on_hand) AS on_hand FROM stock_level GROUP BY product_id) AS level
                   USING (product_id) WHERE level.on_hand <> valuation.quantity"""
        assert demo.value(wrong) == 0

    def test_stock_was_never_negative(self, demo: Demo) -> None:
        assert demo.value("SELECT count(*) FROM stock_move WHERE on_hand_after < 0") == 0

    def test_open_orders_were_confirmed_within_days(self, demo: Demo) -> None:
        late = """SELECT customer_reference, (confirmed_at AT TIME ZONE 'Asia/Shanghai')::date - ordered_on
                    FROM sales_order WHERE (confirmed_at AT TIME ZONE 'Asia/Shanghai')::date <> ordered_on ORDER BY 1"""
        assert demo.rows(late) == [("11039", 2), ("11045", 5), ("11058", 1), ("11059", 2), ("11061", 1), ("11062", 1)]


class TestBooks:
    def test_trial_balance_is_zero(self, demo: Demo) -> None:
        assert demo.amount("SELECT sum(debit - credit) FROM journal_line") == 0
        unbalanced = "SELECT FROM journal_line GROUP BY entry_id HAVING sum(debit) <> sum(credit)"
        assert demo.value(f"SELECT count(*) FROM ({unbalanced}) AS entry") == 0

    @pytest.mark.parametrize(
        ("role", "column", "sign"), [("receivable", "open_receivables", 1), ("advances", "unapplied", -1)]
    )
    def test_customer_accounts_are_the_ledger(self, demo: Demo, role: str, column: str, sign: int) -> None:
        wrong = f"""SELECT count(*) FROM customer_account FULL JOIN (
                     SELECT customer_id, sum(debit - credit) AS posted FROM journal_line
                       JOIN account ON account.id = account_id WHERE role = %(role)s GROUP BY customer_id) AS ledger
                    USING (customer_id) WHERE coalesce({column}, 0) <> coalesce(posted, 0) * %(sign)s"""
        assert demo.value(wrong, role=role, sign=sign) == 0
        assert demo.amount(f"SELECT sum({column}) FROM customer_account") == balance(demo, role) * sign > 0

    def test_every_stored_figure_is_what_its_rows_say(self, demo: Demo) -> None:
        database = db.Database(demo.urls.system, pool_size=1)
        with database.reading() as connection:
            failed = [check for check in run_checks(connection) if not check["ok"]]
        database.dispose()
        assert failed == []

    def test_open_invoices_are_the_receivable(self, demo: Demo) -> None:
        assert demo.amount("SELECT sum(amount_total - amount_allocated) FROM invoice") == balance(demo, "receivable")

    def test_revenue_and_deferred_tax_are_what_was_shipped_and_what_was_not(self, demo: Demo) -> None:
        assert -balance(demo, "revenue") == demo.amount("SELECT sum(net_recognised) FROM sales_order_line")
        unshipped = "SELECT sum(amount_net) FROM sales_order WHERE shipping_status = 'none'"
        assert -balance(demo, "undelivered") == demo.amount(unshipped)
        deferred = "SELECT sum(amount_tax) FROM sales_order WHERE shipping_status = 'none'"
        assert -balance(demo, "deferred_vat") == demo.amount(deferred)

    def test_payments_leave_something_of_everything(self, demo: Demo) -> None:
        overdue = "SELECT count(*) FROM invoice WHERE amount_allocated < amount_total AND due_on < %(today)s"
        assert 10 <= demo.value(overdue, today=TODAY) <= 80
        assert demo.value("SELECT count(*) FROM invoice WHERE amount_allocated BETWEEN 1 AND amount_total - 1") >= 3
        assert demo.value("SELECT count(*) FROM payment WHERE amount_allocated < amount") >= 5
        assert demo.value("SELECT count(*) FROM invoice WHERE amount_allocated = amount_total") >= 650

    @pytest.mark.parametrize(
        "table", ["sales_order", "quotation", "opportunity", "invoice", "payment", "shipment", "journal_entry"]
    )
    def test_numbers_have_no_gap(self, demo: Demo, table: str) -> None:
        wrong = f"""SELECT count(*) FROM (SELECT left(number, -5) AS series, right(number, 5)::int AS value,
                      row_number() OVER (PARTITION BY left(number, -5) ORDER BY number) AS place FROM {table}) AS known
                     WHERE value <> place"""
        assert demo.value(wrong) == 0


class TestStory:
    def test_every_order_has_its_won_opportunity_and_quotation(self, demo: Demo) -> None:
        good = """SELECT count(*) FROM sales_order JOIN quotation ON quotation.id = quotation_id
                    JOIN opportunity AS deal ON deal.id = sales_order.opportunity_id
                   WHERE quotation.opportunity_id = deal.id AND quotation.state = 'ordered'
                     AND deal.stage_kind = 'won' AND deal.created_at < sales_order.recorded_at
                     AND quotation.quoted_on <= sales_order.ordered_on
                     AND deal.budget IS NOT NULL AND deal.schedule <> ''"""
        assert demo.value(good) == 830

    def test_states(self, demo: Demo) -> None:
        states = demo.rows("SELECT state, shipping_status, invoice_status, count(*) FROM sales_order GROUP BY 1, 2, 3")
        assert sorted(states) == [("confirmed", "none", "invoiced", 21), ("done", "shipped", "invoiced", 809)]

    def test_open_opportunities_stand_in_every_stage(self, demo: Demo) -> None:
        stages = dict(
            demo.rows(
                """SELECT code, count(*) FROM opportunity JOIN pipeline_stage AS stage ON stage.id = stage_id
                    WHERE stage_kind = 'open' GROUP BY code"""
            )
        )
        assert stages == {"contact": 11, "needs": 9, "proposal": 9, "negotiation": 7, "contract": 5}
        assert demo.value("SELECT count(*) FROM activity") >= 30

    def test_nothing_is_mailed(self, demo: Demo) -> None:
        assert demo.value("SELECT count(*) FROM outbox_event WHERE kind LIKE '%%mail%%'") == 0

    def test_nothing_lies_in_the_future(self, demo: Demo) -> None:
        columns = demo.rows(
            """SELECT table_name, column_name FROM information_schema.columns
                WHERE table_schema = 'public' AND data_type IN ('date', 'timestamp with time zone')
                  AND column_name NOT IN ('due_on', 'oldest_due_on', 'requested_on', 'valid_until', 'expected_close_on',
                                          'starts_on', 'ends_on', 'expires_at')"""
        )
        assert len(columns) > 40
        later = [
            f"{table}.{column}"
            for table, column in columns
            if demo.value(
                f"SELECT count(*) FROM {table} WHERE {column} >= %(today)s::timestamp AT TIME ZONE 'Asia/Shanghai'"
                if column.endswith("_at")
                else f"SELECT count(*) FROM {table} WHERE {column} >= %(today)s",
                today=TODAY,
            )
        ]
        assert later == []

    def test_moments_follow_each_other(self, demo: Demo) -> None:
        back = """SELECT count(*) FROM (SELECT recorded_at < lag(recorded_at) OVER (PARTITION BY left(number, -5)
                  ORDER BY number) AS is_back FROM {}) AS entry WHERE is_back"""
        assert [demo.value(back.format(table)) for table in ("sales_order", "invoice", "journal_entry")] == [0, 0, 0]


def balance(demo: Demo, role: str) -> Decimal:
    """Debit less credit of the account with a role."""
    return demo.amount(
        "SELECT sum(debit - credit) FROM journal_line JOIN account ON account.id = account_id WHERE role = %(role)s",
        role=role,
    )
