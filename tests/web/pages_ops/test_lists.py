"""The lists of stock, money and people over a company with a document in every state: tabs, links, masks, and what is
done in them."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from core.customers import save_contact
from tests.web.lists.pages import ListText, read_list
from tests.web.pages_ops.conftest import Books, Browser, browser, count_statements

TABS = {
    "/products": {"All": 4, "Goods": 3, "Services": 1, "Discontinued": 0, "To reorder": 2},
    "/stock": {"All": 6, "To reorder": 2, "Orders wait": 1, "Reserved": 2, "Empty": 3},
    "/stock/documents": {"All": 4, "Goods in": 1, "Adjustments": 3, "Opening stock": 0},
    "/shipments": {"All": 3, "Can go now": 3, "Waits for stock": 1, "Late": 0},
    "/shipments/records": {"All": 3, "Shipped": 2, "Goods back": 1},
    "/suppliers": {"All": 1, "Without products": 0},
    "/invoices": {"Open": 4, "Overdue": 1, "Paid": 2, "All": 6, "Credit notes": 2},
    "/invoices/credit-notes": {"All": 2, "To match": 0, "Receivables": 4},
    "/payments": {"All": 6, "To match": 4, "Refunds": 1},
    "/ledger/tasks": {"Open": 0, "Done": 0},
    "/contacts": {"Active": 0, "Of my customers": 0, "Do not call": 0, "All": 0},
}
BIGGER = ("/stock/moves", "/ledger")
MOST_STATEMENTS = 4


class Reader:
    """A browser as `read_list` asks of it."""

    def __init__(self, person: Browser) -> None:
        self.person = person

    def get(self, path: str) -> object:
        return self.person.get(path)


def seen(books: Books, path: str, who: str = "admin") -> ListText:
    return read_list(Reader(browser(books, who)), path)


@pytest.mark.parametrize("path", [*TABS, *BIGGER])
def test_each_tab_opens_as_many_rows_as_it_says(shared_books: Books, path: str) -> None:
    tabs = seen(shared_books, path).tabs
    if path in TABS:
        assert {name: int(number) for name, (_, number) in tabs.items()} == TABS[path]
    for name, (address, number) in tabs.items():
        opened = seen(shared_books, address)
        assert opened.total in (number, ""), name
        assert opened.rows == min(int(number), 50), name


@pytest.mark.parametrize("path", [*TABS, *BIGGER])
def test_a_list_costs_four_statements_at_most(shared_books: Books, path: str) -> None:
    person = browser(shared_books, "admin")
    person.get(path)
    assert count_statements(shared_books, lambda: person.get(path)) <= MOST_STATEMENTS
    customer = f"{path}?f=customer:in:{shared_books.ids['customer']}"
    assert count_statements(shared_books, lambda: person.get(customer)) <= MOST_STATEMENTS


def test_links_of_other_pages_become_filters(shared_books: Books) -> None:
    ids = shared_books.ids
    for path, chip in (
        (f"/invoices?customer={ids['customer']}", "Customer is any of QUICK-Stop"),
        (f"/payments?customer={ids['customer']}&view=unmatched", "Customer is any of QUICK-Stop"),
        (f"/invoices/credit-notes?customer={ids['other']}", "Customer is any of 苏州澄湖百货"),
        (f"/stock?warehouse={ids['warehouse']}&view=waiting", "Warehouse is any of "),
        (f"/stock/moves?product={ids['product']}", "Product is any of 龙井茶"),
        (f"/stock/documents?supplier={ids['supplier']}", "Supplier is any of Exotic Liquids"),
        (f"/ledger?account={ids['receivable']}", "Accounts is any of 1122 "),
        (f"/ledger/tasks?customer={ids['other']}", "Customer is any of 苏州澄湖百货"),
    ):
        assert any(found.startswith(chip) for found in seen(shared_books, path).chips), path
    assert seen(shared_books, f"/invoices?customer={ids['customer']}").total == "3"
    moved = seen(shared_books, f"/ledger?account={ids['receivable']}").total
    assert 0 < int(moved) < int(seen(shared_books, "/ledger").total)


def test_an_invoice_s_state_says_what_its_figures_say(shared_books: Books) -> None:
    world, numbers, today = shared_books.world, {}, shared_books.world.context().today
    for state in ("overdue", "partial", "due_soon", "open", "paid", "credited", "written_off", "part_written_off"):
        numbers[state] = int(seen(shared_books, f"/invoices?view=all&f=state:in:{state}").total)
    assert sum(numbers.values()) == world.value("SELECT count(*) FROM invoice")
    for path, sql in (
        ("overdue", "amount_open > 0 AND due_on < :today"),
        ("credited", "amount_credited >= amount_total AND amount_open = 0"),
    ):
        assert numbers[path] == world.value(f"SELECT count(*) FROM invoice WHERE {sql}", today=today), path
    late = seen(shared_books, "/invoices?view=overdue&cols=number,days_late").text
    due_on = world.value("SELECT due_on FROM invoice WHERE id = :id", id=shared_books.ids["overdue"])
    assert f'<span class="neg">{(today - due_on).days}</span>' in late


def test_sums_stand_below_the_rows(shared_books: Books) -> None:
    from web.filters import money

    world = shared_books.world
    left = world.value("SELECT sum(amount_open) FROM invoice")
    assert f"{money(left)}" in seen(shared_books, "/invoices?view=all").text.split("<tfoot>")[1]
    came = world.value("SELECT sum(CASE WHEN kind = 'refund' THEN -amount ELSE amount END) FROM payment")
    assert money(came) in seen(shared_books, "/payments").text.split("<tfoot>")[1]


def test_costs_are_no_column_for_who_sees_none_of_them(shared_books: Books) -> None:
    for path in ("/stock", "/stock/moves", "/stock/documents"):
        assert "Value" in seen(shared_books, path, "finance").text, path
        for asked in (path, f"{path}?cols=value", f"{path}?sort=value", f"{path}?group=value"):
            assert "Value" not in seen(shared_books, asked, "warehouse").text.split("<thead>")[1], asked
        assert seen(shared_books, f"{path}?f=value:gt:0", "warehouse").rows == 0
    for choice in ("Purchase cost", "Average cost"):
        assert choice in seen(shared_books, "/products", "finance").text
        assert choice not in seen(shared_books, "/products", "warehouse").text


def test_what_is_to_ship_says_what_is_short(shared_books: Books) -> None:
    page = seen(shared_books, "/shipments?view=waiting", "warehouse").text
    assert "Ikura" in page and '<b class="neg">3/9</b>' in page
    assert f'/shipments/orders/{shared_books.ids["waiting"]}?view=waiting"' in page
    dialog = seen(shared_books, f"/shipments/orders/{shared_books.ids['waiting']}?view=waiting", "warehouse")
    assert "Ship what is reserved for" in dialog.text and 'href="/shipments?view=waiting"' in dialog.text
    assert seen(shared_books, "/shipments", "warehouse").text.count("Ship…") == 3


def test_the_people_at_all_customers_stand_together(books: Books) -> None:
    world, ids = books.world, books.ids
    called = {"name": "Horst Kloss", "title": "Buyer", "phone": "+49 372 035188", "email": "horst@quick.example"}
    world.run(save_contact, ids["customer"], called)
    world.run(save_contact, ids["other"], {"name": "李明朗", "phone": "0512-65871234", "do_not_call": True})
    everybody = seen(books, "/contacts")
    assert (everybody.total, everybody.tabs["Do not call"][1]) == ("2", "1")
    assert 'href="tel:+49372035188"' in everybody.text and 'href="tel:0512' not in everybody.text
    assert f'href="/customers/{ids["customer"]}"' in everybody.text
    assert seen(books, "/contacts?q=Kloss").rows == seen(books, "/contacts?q=QUICK").rows == 1
    assert seen(books, "/contacts?q=372").rows == 1
    masked = seen(books, "/contacts", "finance")
    assert masked.rows == 2 and "035188" not in masked.text.replace("5188", "") and "horst@" not in masked.text
    assert seen(books, "/contacts?q=372", "finance").rows == 0
    assert seen(books, "/contacts?f=phone:has:372", "finance").rows == 0
    assert seen(books, "/contacts", "sales").rows == 0, "they are the administrator's customers"


def edit(person: Browser, path: str, **values: str) -> int:
    person.get(path)
    return int(person.post(path, **values).status_code)


def test_products_and_suppliers_are_edited_where_they_stand(books: Books) -> None:
    ids, world, person = books.ids, books.world, browser(books, "manager")
    price = world.value("SELECT price FROM product WHERE id = :id", id=ids["product"])
    assert edit(person, f"/lists/products/{ids['product']}/price", value="99.50", was=f"{price:f}") == 303
    assert edit(person, f"/lists/products/{ids['product']}/is_discontinued", value="yes", was="") == 303
    found = world.rows("SELECT price, is_discontinued FROM product WHERE id = :id", id=ids["product"])
    assert found == [(Decimal("99.5000"), True)]
    assert edit(person, f"/lists/products/{ids['product']}/price", value="-1", was="99.5000") == 409
    assert edit(person, f"/lists/products/{ids['product']}/price", value="1", was="96.0000") == 409
    assert edit(person, f"/lists/suppliers/{ids['supplier']}/city", value="London", was="") == 303
    assert world.value("SELECT city FROM supplier WHERE id = :id", id=ids["supplier"]) == "London"
    assert edit(person, f"/lists/suppliers/{ids['supplier']}/country", value="Great Britain", was="GB") in (409, 422)
    assert browser(books, "finance").get(f"/lists/products/{ids['product']}/price").status_code == 404


def test_finance_tasks_are_done_together_and_taken_back(books: Books) -> None:
    world, person = books.world, browser(books, "finance")
    number = world.value("SELECT origin FROM invoice WHERE id = :id", id=books.ids["credited"])
    for _ in range(2):
        world.pay(books.ids["other"], 12, auto=False, reference=number)
    tasks = [task for (task,) in world.rows("SELECT id FROM ledger_task ORDER BY id")]
    page = seen(books, "/ledger/tasks", "finance")
    assert len(tasks) == page.rows == 2 and page.ids() == tasks
    assert len(set(re.findall(r'<form id="(task-\d+)"', page.text))) == 2
    person.get("/ledger/tasks")
    assert person.post("/lists/finance-tasks/act", action="done", id=tasks, confirmed="yes").status_code == 303
    assert world.value("SELECT count(*) FROM ledger_task WHERE done_at IS NULL") == 0
    job = world.value("SELECT id FROM bulk_job")
    assert person.post(f"/lists/jobs/{job}/undo").status_code == 303
    assert world.value("SELECT count(*) FROM ledger_task WHERE done_at IS NULL") == 2
    assert browser(books, "sales").get("/ledger/tasks").status_code == 403
