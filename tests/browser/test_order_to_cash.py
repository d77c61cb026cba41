"""From the first talk to the money in the bank, by the people who do it, in a browser with and without script."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Desk, House, Office

ORDERED = 5
PDF_MS = 45_000  # the first document of a process loads the fonts


@dataclass
class Deal:
    """What the path makes on its way."""

    customer: str
    customer_id: int
    quotation_id: str = ""
    order_id: str = ""
    total: Decimal = Decimal(0)


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_main_path(house: House, office: Office, javascript: bool) -> None:
    name = f"苏州澄湖百货 {'with' if javascript else 'without'} script"
    deal = Deal(name, house.world.customer(name, credit_limit=Decimal(100000), owner_id=house.ids["seller"]))
    on_hand = house.world.level(house.ids["beef"])["available"]
    sales = office.signed_in("sales", java_script_enabled=javascript)
    _win_the_opportunity(sales, deal)
    house.books_balance()
    _write_the_quotation(sales, deal)
    _order_it(sales, deal)
    house.books_balance()
    _run_short(sales, deal, int(on_hand), javascript)
    house.books_balance()
    warehouse = office.signed_in("warehouse", java_script_enabled=javascript)
    _receive(warehouse)
    house.books_balance()
    _confirm(sales, deal)
    house.books_balance()
    deal.total = house.world.account(deal.customer_id)["open_receivables"]
    assert deal.total == Decimal("4926.80")  # (10 × 96 + 5 × 680) × 1.13
    _ship(warehouse, deal)
    house.books_balance()
    _pay(office.signed_in("finance", java_script_enabled=javascript), house, deal)
    house.books_balance()
    _see_it_paid(sales, deal)
    assert house.world.account(deal.customer_id)["balance"] == 0


def _win_the_opportunity(sales: Desk, deal: Deal) -> None:
    """A new opportunity, with what it needs to be taken further."""
    sales.open(f"/customers/{deal.customer_id}")
    sales.window.locator("summary[aria-label='More actions']").click()
    sales.link("New opportunity")
    sales.fill(name="Spring supply", amount="4000")
    sales.press("Save opportunity")
    _move(sales, "Needs confirmed")
    sales.sees("Before it can leave this stage it needs:")
    sales.link("Edit")
    sales.fill(budget="5000", schedule="Before the spring festival")
    sales.press("Save opportunity")
    expect(sales.fact("Budget")).to_have_text("5,000.00")
    _move(sales, "Proposal")


def _move(sales: Desk, stage: str) -> None:
    sales.window.get_by_label("Stage", exact=True).select_option(label=stage)
    sales.press("Move")
    sales.state(stage)


def _write_the_quotation(sales: Desk, deal: Deal) -> None:
    sales.link("Write quotation")
    sales.fill(lines_0_product="TEA", lines_0_quantity="10", lines_1_product="BEEF", lines_1_quantity="2")
    sales.press("Save quotation")
    deal.quotation_id = sales.is_at(r"/quotations/(\d+)")[1]
    sales.sees("Chrysanthemum tea", "Mishi Kobe Niku")
    sales.window.locator("main summary", has_text="PDF").click()
    address = sales.window.get_by_role("link", name="Quotation in English").get_attribute("href")
    answer = sales.window.request.get(address or "", timeout=PDF_MS)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body().startswith(b"%PDF-")


def _order_it(sales: Desk, deal: Deal) -> None:
    """Ordering shows first that it wins the opportunity."""
    sales.open(f"/quotations/{deal.quotation_id}")
    sales.link("Order…")
    expect(sales.dialog).to_contain_text("Win the opportunity “Spring supply”")
    sales.press("Write the order")
    deal.order_id = sales.is_at(r"/orders/(\d+)")[1]
    sales.state("Draft")


def _run_short(sales: Desk, deal: Deal, on_hand: int, javascript: bool) -> None:
    """More than is there: told while typing, and told again instead of confirming."""
    sales.link("Edit")
    sales.fill(lines_1_quantity=ORDERED)
    if javascript:
        expect(sales.window.locator("tr.short-row")).to_contain_text(f"Short by {ORDERED - on_hand}.")
    sales.press("Confirm order…")
    expect(sales.dialog.get_by_role("alert")).to_contain_text("Mishi Kobe Niku")
    expect(sales.dialog.get_by_role("button", name="Confirm and reserve")).to_have_count(0)
    sales.link("Back to the order")
    sales.state("Draft")


def _receive(warehouse: Desk) -> None:
    """Five more, looked at before they are posted."""
    warehouse.open("/stock/receipts/new")
    warehouse.fill(lines_0_product="BEEF", lines_0_quantity=ORDERED, lines_0_price="400")
    warehouse.press("Preview…")
    expect(warehouse.dialog).to_contain_text("Mishi Kobe Niku")
    warehouse.press("Post receipt")
    warehouse.is_at(r"/stock/documents/\d+")


def _confirm(sales: Desk, deal: Deal) -> None:
    """The consequences first: goods reserved, the receivable posted."""
    sales.open(f"/orders/{deal.order_id}")
    sales.link("Confirm order…")
    expect(sales.dialog).to_contain_text("4,926.80")
    expect(sales.dialog.locator(".effects")).to_contain_text("eserve")
    expect(sales.dialog.locator(".effects")).to_contain_text("eceivable")
    sales.press("Confirm and reserve")
    sales.is_at(rf"/orders/{deal.order_id}")
    sales.state("Confirmed")


def _ship(warehouse: Desk, deal: Deal) -> None:
    """From the list of what is to be shipped."""
    warehouse.open("/shipments")
    warehouse.window.get_by_role("row", name=deal.customer).get_by_role("link", name="Ship…").click()
    expect(warehouse.dialog.locator(".effects li").first).to_be_visible()
    warehouse.press("Ship now")
    warehouse.is_at(r"/shipments/\d+")
    warehouse.sees("Mishi Kobe Niku", deal.customer)


def _pay(finance: Desk, house: House, deal: Deal) -> None:
    """The rules propose the invoice; nothing is posted before it was shown."""
    number = house.world.value("SELECT number FROM invoice WHERE customer_id = :id", id=deal.customer_id)
    finance.open("/payments/new")
    finance.fill(customer=deal.customer, amount=deal.total)
    finance.press("Go on")
    finance.sees(number)
    expect(finance.window.get_by_label(f"Amount for {number}")).to_have_value("4926.80")
    finance.press("Preview…")
    expect(finance.dialog).to_contain_text(number)
    assert house.world.account(deal.customer_id)["open_receivables"] == deal.total
    finance.press("Post payment")
    finance.is_at(r"/payments/\d+")
    finance.sees(number)


def _see_it_paid(sales: Desk, deal: Deal) -> None:
    sales.open(f"/orders/{deal.order_id}")
    sales.state("Paid")
    sales.open(f"/customers/{deal.customer_id}")
    expect(sales.window.locator("section[aria-labelledby=money] header")).to_contain_text("Paid")
    expect(sales.fact("Balance")).to_contain_text("0.00")
    expect(sales.fact("Receivable")).to_contain_text("0.00")
    expect(sales.fact("Last payment")).to_contain_text("4,926.80")
