"""Years and months, bank accounts, finance tasks and categories, as people work with them."""

from __future__ import annotations

from datetime import timedelta

import time_machine

from core import clock
from tests.web.pages_ops.conftest import Books, browser


def test_the_next_fiscal_year_is_one_button_away(books: Books) -> None:
    person = browser(books, "finance")
    person.get("/")
    assert "The books end on" not in person.page
    last = books.world.value("SELECT max(fiscal_year) FROM fiscal_period")
    person.get("/ledger/periods")
    assert f"Open fiscal year {last + 1}" in person.page
    assert person.post("/ledger/fiscal-years", fiscal_year=str(last + 1)).status_code == 303
    person.get("/ledger/periods")
    assert person.post("/ledger/fiscal-years", fiscal_year=str(last + 1)).status_code == 409
    assert f"Fiscal year {last + 1} is open already" in person.page
    assert person.post("/ledger/fiscal-years", fiscal_year="soon").status_code == 409
    assert "years of the books follow one another" in person.page


def test_home_says_sixty_days_before_the_books_end(books: Books) -> None:
    ends_on = books.world.value("SELECT max(ends_on) FROM fiscal_period")
    days = (ends_on - books.world.context().today).days
    for before, is_said in ((75, False), (50, True), (-2, True)):
        with time_machine.travel(clock.now() + timedelta(days=days - before), tick=False):
            for who in ("finance", "manager"):
                person = browser(books, who)
                person.get("/")
                assert (f"Open fiscal year {ends_on.year + 1}" in person.page) == is_said, (before, who)
            person = browser(books, "sales")
            person.get("/")
            assert "Open fiscal year" not in person.page


def test_a_date_outside_the_books_is_refused_with_the_way_out(books: Books) -> None:
    person = browser(books, "finance")
    person.get("/ledger/entries/new")
    accounts = dict(books.world.rows("SELECT code, id FROM account"))
    late = books.world.value("SELECT max(ends_on) FROM fiscal_period") + timedelta(days=3)
    values = {
        "effective_on": late.isoformat(), "memo": "x",
        "lines-0-account_id": str(accounts["5602"]), "lines-0-debit": "3",
        "lines-1-account_id": str(accounts["1002"]), "lines-1-credit": "3",
    }  # fmt: skip
    assert person.post("/ledger/entries/new", step="preview", **values).status_code == 422
    assert "Open its fiscal year under Journal, Periods" in person.page
    person = browser(books, "finance", "zh")
    person.get("/ledger/entries/new")
    person.post("/ledger/entries/new", step="preview", **values)
    assert "在“凭证 → 会计期间”开立那个会计年度" in person.page


def test_closing_shows_the_month_first(books: Books) -> None:
    person = browser(books, "finance")
    today = books.world.context().today
    period = books.world.value("SELECT id FROM fiscal_period WHERE :day BETWEEN starts_on AND ends_on", day=today)
    for language, words in (("en", ("This will", "is not over")), ("zh", ("这个月还没有过完", "没有核销完"))):
        looking = browser(books, "finance", language)
        assert looking.get(f"/ledger/periods/{period}/close").status_code in (200, 409)
        earlier = books.world.rows(
            "SELECT id FROM fiscal_period WHERE ends_on < :day AND state = 'open' ORDER BY starts_on", day=today
        )
        for (identity,) in earlier:
            looking.get(f"/ledger/periods/{identity}/close")
            assert looking.post(f"/ledger/periods/{identity}/close", digest=True).status_code == 303
        assert looking.get(f"/ledger/periods/{period}/close").status_code == 200
        for text in words:
            assert text in looking.page
    assert books.world.value("SELECT state FROM fiscal_period WHERE id = :id", id=period) == "open"
    person.get(f"/ledger/periods/{period}/close")
    assert person.post(f"/ledger/periods/{period}/close", digest="0" * 32).status_code == 409
    assert "Look at the new preview" in person.page
    assert person.post(f"/ledger/periods/{period}/close", digest=True).status_code == 303
    assert person.get(f"/ledger/periods/{period}/close").status_code == 409
    assert person.get("/ledger/periods/1/close").status_code == 404


def test_bank_accounts_are_opened_renamed_and_archived(books: Books) -> None:
    person = browser(books, "finance")
    person.get("/payments/bank-accounts/new")
    assert person.post("/payments/bank-accounts/new", name="", kind="bank").status_code == 422
    assert 'id="name-error"' in person.page
    values = {"name": "招行", "kind": "bank", "number": "955", "account_id": ""}
    assert person.post("/payments/bank-accounts/new", **values).status_code == 303
    person.get("/payments/bank-accounts/new")
    assert person.post("/payments/bank-accounts/new", **values).status_code == 422
    assert "Another record has this name" in person.page
    bank = books.world.value("SELECT id FROM bank_account WHERE name = '招行'")
    address = f"/payments/bank-accounts/{bank}"
    person.get(address)
    assert person.post(address, name="招商银行", number="955").status_code == 303
    person.get("/payments/new")
    assert f'<option value="{bank}">招商银行</option>' in person.page
    person.get("/payments/bank-accounts")
    assert person.post(f"{address}/archive").status_code == 303
    person.get("/payments/new")
    assert f'<option value="{bank}">' not in person.page
    usual = books.world.value("SELECT id FROM bank_account WHERE is_default")
    person.get("/payments/bank-accounts")
    assert person.post(f"/payments/bank-accounts/{usual}/archive").status_code == 409
    assert "Make another one usual first" in person.page
    assert person.post(f"{address}/restore").status_code == 303
    assert person.get("/payments/bank-accounts/1").status_code == 404
    looking = browser(books, "sales")
    assert looking.get("/payments/bank-accounts").status_code == 200
    assert "New bank account" not in looking.page


def test_a_task_is_seen_acted_on_and_done(books: Books) -> None:
    number = books.world.value("SELECT origin FROM invoice WHERE id = :id", id=books.ids["credited"])
    values = {
        "customer": "苏州澄湖百货", "customer_found": "苏州澄湖百货", "customer_id": str(books.ids["other"]),
        "amount": "12", "received_on": books.world.context().today.isoformat(), "reference": number,
    }  # fmt: skip
    for language, words in (("zh", f"记一条财务待办：{number} 已取消"), ("en", f"{number} was cancelled")):
        person = browser(books, "finance", language)
        person.get("/payments/new")
        assert person.post("/payments/new", step="preview", **values).status_code == 200
        assert words in person.page
    assert person.post("/payments/new", step="post", digest=True, idempotency_key="t1", **values).status_code == 303
    person.get("/")
    assert "/ledger/tasks" in person.page and "somebody must look" in person.page
    person.get(f"/ledger/tasks?customer={books.ids['other']}")
    assert number in person.page and "A payment names what was cancelled" in person.page
    assert f"/payments/refunds/new?customer_id={books.ids['other']}" in person.page
    task = books.world.value("SELECT id FROM ledger_task")
    assert person.post(f"/ledger/tasks/{task}/done", note="x" * 1001).status_code == 422
    assert person.post(f"/ledger/tasks/{task}/done", note="退给客户").status_code == 303
    person.get("/ledger/tasks")
    assert "Nothing to look at" in person.page
    assert person.post(f"/ledger/tasks/{task}/done").status_code == 409
    person.get("/ledger/tasks?view=done")
    assert "退给客户" in person.page
    assert person.post(f"/ledger/tasks/{task}/reopen").status_code == 303
    assert browser(books, "sales").get("/ledger/tasks").status_code == 403


def test_categories_group_products(books: Books) -> None:
    person = browser(books, "manager")
    person.get("/products/categories/new")
    assert person.post("/products/categories/new", name="").status_code == 422
    assert person.post("/products/categories/new", name="茶叶").status_code == 303
    person.get("/products/categories/new")
    assert person.post("/products/categories/new", name="茶叶").status_code == 422
    assert "Another record has this name" in person.page
    category = books.world.value("SELECT id FROM product_category")
    address = f"/products/{books.ids['product']}/edit"
    person.get(address)
    assert f'<option value="{category}">茶叶</option>' in person.page
    values = {"sku": "TEA-1", "name": "龙井茶", "price": "100", "kind": "goods", "category_id": str(category)}
    assert person.post(address, version=person.hidden("version"), is_active="y", **values).status_code == 303
    person.get(f"/products?category={category}")
    assert "龙井茶" in person.page and "Ikura" not in person.page
    person.get("/products/categories")
    assert person.post(f"/products/categories/{category}/remove").status_code == 409
    assert "1 product stands in 茶叶" in person.page
    person.get(f"/products/categories/{category}")
    assert person.post(f"/products/categories/{category}", name="茶").status_code == 303
    assert person.get("/products/categories/1").status_code == 404
    assert browser(books, "sales").get("/products/categories").status_code == 200
