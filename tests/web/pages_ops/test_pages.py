"""Every page of warehouse and finance opens for whom it is meant, in both languages, and for nobody else."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crm.pipeline import create_opportunity
from crm.pricing import LineRequest
from crm.quotations import create_quotation
from inventory.documents import StockLine, open_stock
from tests.web.pages_ops.conftest import Books, browser, count_statements
from web.ledger.documents import PAGES

STOCK_PAGES = (
    "/products",
    "/products?view=low&q=chai&sort=-available",
    "/products/{product}",
    "/products/{service}",
    "/products/categories",
    "/stock",
    "/stock?view=waiting",
    "/stock/moves",
    "/stock/moves?product={product}&view=shipments",
    "/stock/alerts",
    "/stock/alerts?tab=short",
    "/stock/documents",
    "/stock/documents/{document}",
    "/stock/receipts/new",
    "/stock/adjustments/new",
    "/suppliers",
    "/suppliers/{supplier}",
    "/warehouses",
    "/shipments",
    "/shipments?view=waiting",
    "/shipments/records",
    "/shipments/{shipment}",
)
MONEY_PAGES = (
    "/invoices",
    "/invoices?view=overdue",
    "/invoices?view=paid&sort=-amount_total",
    "/invoices?view=all&customer={customer}",
    "/invoices/credit-notes",
    "/invoices/credit-notes?customer={other}",
    "/invoices/{paid}",
    "/invoices/{overdue}",
    "/invoices/{credited}",
    "/invoices/credit-notes/{credit_note}",
    "/invoices/aging",
    "/invoices/aging?as_of=2020-01-01",
    "/invoices/aging/rows?bucket=overdue&customer={customer}",
    "/payments",
    "/payments?view=unmatched",
    "/payments/{payment}",
    "/payments/{refund}",
    "/payments/new",
    "/payments/new?customer_id={customer}&amount=100",
    "/payments/match",
    "/payments/match/payment/{unmatched}",
    "/payments/refunds/new?customer_id={other}",
    "/payments/bank-accounts",
    "/payments/bank-accounts/new",
    "/ledger/tasks",
    "/ledger/tasks?view=done",
    "/ledger",
    "/ledger?account={receivable}",
    "/ledger/entries/{manual}",
    "/ledger/entries/{manual}/reverse",
    "/ledger/entries/new",
    "/ledger/accounts",
    "/ledger/accounts/{receivable}",
    "/ledger/trial-balance",
    "/ledger/periods",
    "/reports",
    "/reports/balance-sheet",
    "/reports/profit-and-loss",
)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("who", "pages"), [("warehouse", STOCK_PAGES), ("finance", MONEY_PAGES)])
def test_pages_open_in_both_languages(shared_books: Books, who: str, pages: tuple[str, ...], language: str) -> None:
    person = browser(shared_books, who, language)
    for page in pages:
        address = page.format(**shared_books.ids)
        assert person.get(address).status_code == 200, address
        assert "was refused (" not in person.page, address
        assert (
            ("全部" in person.page or "记录" in person.page or "账" in person.page or "库存" in person.page)
            == (language == "zh")
            or "PDF 中文" in person.page
            or "龙井" in person.page
            or "苏州" in person.page
        ), address


@pytest.mark.parametrize("who", ["manager", "admin"])
def test_manager_and_administrator_see_all(shared_books: Books, who: str) -> None:
    person = browser(shared_books, who)
    for page in (*STOCK_PAGES, *MONEY_PAGES, "/products/new", "/products/{product}/edit", "/warehouses/new"):
        address = page.format(**shared_books.ids)
        assert person.get(address).status_code == 200, address


def test_roles_are_kept_apart(shared_books: Books) -> None:
    warehouse, finance = browser(shared_books, "warehouse"), browser(shared_books, "finance")
    for page in ("/invoices", "/payments", "/ledger", "/reports", "/products/new", "/warehouses/new"):
        assert warehouse.get(page).status_code == 403, page
    for page in ("/shipments", "/stock/receipts/new", "/products/new"):
        assert finance.get(page).status_code == 403, page
    product = f"/products/{shared_books.ids['product']}"
    warehouse.get(product)
    assert "Average cost" not in warehouse.page
    finance.get(product)
    assert "Average cost" in finance.page


def test_papers(shared_books: Books) -> None:
    person = browser(shared_books, "manager")
    for page in (
        "/invoices/{paid}/zh.pdf",
        "/invoices/{paid}/en.pdf",
        "/invoices/credit-notes/{credit_note}/en.pdf",
        "/shipments/{shipment}/delivery-note-zh.pdf",
    ):
        response = person.get(page.format(**shared_books.ids))
        assert response.status_code == 200
        assert response.data.startswith(b"%PDF")
    for page in ("/invoices/{paid}/fr.pdf", "/invoices/credit-notes/{credit_note}/fr.pdf"):
        assert person.get(page.format(**shared_books.ids)).status_code == 404


def test_a_number_leads_to_its_document(shared_books: Books) -> None:
    person = browser(shared_books, "manager")
    number = shared_books.world.value("SELECT number FROM invoice WHERE id = :id", id=shared_books.ids["paid"])
    response = person.get(f"/ledger/document/{number}")
    assert response.status_code == 302
    assert response.location.endswith(f"/invoices/{shared_books.ids['paid']}")
    assert person.get("/ledger/document/INV-1999-00001").status_code == 404
    assert person.get("/ledger/document/what-is-this").status_code == 404


def test_every_series_leads_to_its_page(books: Books) -> None:
    world, person = books.world, browser(books, "manager")
    world.run(create_opportunity, books.ids["customer"], {"name": "Spring", "amount": Decimal(100)})
    request = LineRequest(books.ids["product"], Decimal(1))
    world.run(create_quotation, customer_id=books.ids["customer"], lines=[request])
    world.run(open_stock, lines=[StockLine(world.product(), Decimal(1), Decimal(2))])
    numbered = {"CUS": ("customer", "code"), "SUP": ("supplier", "code")}
    series = {kind for (kind,) in world.rows("SELECT kind FROM number_series")}
    assert series == set(PAGES), "a series without a page, or a page without its series"
    for kind in sorted(series):
        table, column = numbered.get(kind, (PAGES[kind][0].__tablename__, "number"))
        sql = f"SELECT {column} FROM {table} WHERE {column} LIKE :prefix LIMIT 1"
        number = world.value(sql, prefix=f"{kind}-%")
        response = person.get(f"/ledger/document/{number}")
        assert response.status_code == 302, number
        person.get(response.location)
        assert number in person.page, number


def test_alert_names_the_orders_that_wait(shared_books: Books) -> None:
    person = browser(shared_books, "warehouse")
    person.get("/stock/alerts?tab=short")
    number = shared_books.world.value("SELECT number FROM sales_order WHERE id = :id", id=shared_books.ids["waiting"])
    assert "Ikura" in person.page
    assert number in person.page
    assert "short by 6" in person.page
    assert "Chai" not in person.page.split("<main")[1]


def test_aging_agrees_with_the_customers_accounts(shared_books: Books) -> None:
    from finance.queries.receivables import aging_totals
    from web.filters import money

    with shared_books.world.database.reading() as connection:
        totals = aging_totals(connection, shared_books.world.context().today)
    expected = shared_books.world.rows("SELECT sum(open_receivables), sum(unapplied) FROM customer_account")[0]
    assert (totals.open, totals.unapplied) == expected
    person = browser(shared_books)
    person.get("/invoices/aging")
    assert money(totals.open) in person.page


def test_the_first_of_many_are_shown_and_all_are_summed(shared_books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    from finance.queries import receivables
    from web.filters import money

    with shared_books.world.database.reading() as connection:
        today = shared_books.world.context().today
        everybody, totals = receivables.all_overdue(connection, today), receivables.aging_totals(connection, today)
        _, behind = receivables.open_invoices(connection, today)
    assert totals.customers == len(everybody) > 1 and behind.rows > 1
    assert totals.open == sum(row.open for row in everybody) == behind.amount_open
    monkeypatch.setattr(receivables, "MOST_SHOWN", 1)
    person = browser(shared_books)
    person.get("/invoices/aging")
    assert "The 1 customers who are most overdue are shown." in person.page
    assert everybody[0].customer_name in person.page and money(totals.open) in person.page
    assert everybody[-1].customer_name not in person.page.split("<main")[1]
    person.get("/invoices/aging/rows")
    assert "The 1 invoices that are due longest are shown." in person.page
    assert money(behind.amount_open) in person.page


LISTS = (
    "/products",
    "/stock",
    "/stock/moves",
    "/invoices?view=all",
    "/invoices/credit-notes",
    "/shipments",
    "/shipments/records",
    "/stock/documents",
    "/suppliers",
    "/contacts",
    "/ledger/tasks",
    "/payments",
    "/payments/match",
    "/ledger",
    "/stock/alerts",
)


def test_number_of_statements_does_not_grow_with_rows(books: Books) -> None:
    person = browser(books, "manager")
    person.get("/products")
    before = {page: count_statements(books, lambda page=page: person.get(page)) for page in LISTS}
    for index in range(8):
        customer = books.world.customer()
        product = books.world.product(stock=10, sku=f"MORE-{index}")
        order = books.world.order(customer, (product, 1))
        books.world.confirm(order)
        books.world.pay(customer, 30, auto=False)
    after = {page: count_statements(books, lambda page=page: person.get(page)) for page in LISTS}
    assert after == before
