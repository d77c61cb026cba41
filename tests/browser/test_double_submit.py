"""What is sent twice happens once, and people are told plainly."""

from __future__ import annotations

from decimal import Decimal

from playwright.sync_api import Page, expect

from tests.browser.conftest import House, Office


def _draft(house: House, name: str) -> tuple[int, int]:
    customer_id = house.world.customer(name, credit_limit=Decimal(100000), owner_id=house.ids["seller"])
    return customer_id, house.world.order(customer_id, (house.ids["tea"], 4))["id"]


def _invoices(house: House, customer_id: int) -> int:
    return int(house.world.value("SELECT count(*) FROM invoice WHERE customer_id = :id", id=customer_id))


def _post_again(window: Page) -> None:
    """Sends the form of the open dialog past the script that holds a second submit back."""
    window.locator("dialog[open] form").evaluate("form => HTMLFormElement.prototype.submit.call(form)")


def test_double_click_confirms_once(house: House, office: Office) -> None:
    customer_id, order_id = _draft(house, "Double click")
    sales = office.at_work("sales")
    sales.open(f"/orders/{order_id}?preview=confirm")
    sales.dialog.get_by_role("button", name="Confirm and reserve").dblclick(no_wait_after=True)
    sales.is_at(rf"/orders/{order_id}")
    sales.state("Confirmed")
    assert _invoices(house, customer_id) == 1
    house.books_balance()


def test_two_submits_of_one_form_lead_to_one_result(house: House, office: Office) -> None:
    """The same form from two tabs, keys and all, as after Back: the second answer is the first one's."""
    customer_id, order_id = _draft(house, "Back and again")
    sales = office.at_work("sales")
    sales.open(f"/orders/{order_id}?preview=confirm")
    form = sales.dialog.locator("form")
    fields = form.evaluate("form => Object.fromEntries(new FormData(form))")
    sales.press("Confirm and reserve")
    sales.is_at(rf"/orders/{order_id}")
    sales.state("Confirmed")
    sales.window.go_back()
    again = sales.window.request.post(f"/orders/{order_id}/confirm", form=fields)
    assert again.ok and again.url.endswith(f"/orders/{order_id}"), again.url
    assert _invoices(house, customer_id) == 1
    house.books_balance()


def test_back_and_resubmit_says_what_is(house: House, office: Office) -> None:
    """Back asks the server anew: the dialog there refuses, since the order is no draft any more."""
    customer_id, order_id = _draft(house, "Back button")
    sales = office.at_work("sales")
    sales.open(f"/orders/{order_id}")
    sales.link("Confirm order…")
    sales.press("Confirm and reserve")
    sales.is_at(rf"/orders/{order_id}")
    sales.window.go_back()
    sales.is_at(r"preview=confirm")
    if sales.dialog.get_by_role("button", name="Confirm and reserve").count():
        _post_again(sales.window)
        sales.is_at(rf"/orders/{order_id}(/confirm)?")
    else:
        expect(sales.dialog.get_by_role("alert")).to_be_visible()
    sales.state("Confirmed")
    assert _invoices(house, customer_id) == 1
    house.books_balance()


def test_two_tabs_match_one_payment(house: House, office: Office) -> None:
    """Both tabs show the same money; the second to accept is told that it is gone, and nothing is counted twice."""
    customer_id, order_id = _draft(house, "Two tabs")
    house.world.confirm({"id": order_id})
    owed = house.world.account(customer_id)["open_receivables"]
    payment = house.world.pay(customer_id, owed, auto=False)
    first = office.at_work("finance")
    second = first.another_tab()
    for tab in (first, second):
        tab.open(f"/payments/match/payment/{payment['id']}")
    first.press("Accept")
    first.is_at(r"/payments/match")
    expect(first.window.get_by_role("status").filter(has_text=payment["number"])).to_be_visible()
    second.press("Accept")
    expect(second.window.get_by_role("alert")).to_contain_text(payment["number"])
    assert house.world.account(customer_id)["balance"] == 0
    matched = "SELECT sum(amount) FROM payment_allocation WHERE payment_id = :id"
    assert house.world.value(matched, id=payment["id"]) == owed
    house.books_balance()
