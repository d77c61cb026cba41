"""Every row of the entry table: net 100, VAT 13, cost 60; exact accounts and amounts, and the customer's money after
each."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from tests.scenarios.house import House, amounts

CONFIRMED = ("confirm", amounts(receivable=113, undelivered=-100, deferred_vat=-13))
SHIPPED = ("shipment", amounts(undelivered=100, revenue=-100, cost_of_goods=60, inventory=-60))
TAX_POINT = ("tax_point", amounts(deferred_vat=13, output_vat=-13))


class Sale:
    """A customer and an order of ten units at 10 net, which cost 6 each."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.customer = house.customer()
        self.product = house.product(stock=10, price="10", cost="6")
        self.draft = house.order(self.customer, (self.product, 10))
        self.id = self.draft["id"]

    def confirm(self) -> None:
        self.invoices = self.house.confirm(self.draft)["invoices"]

    @property
    def invoice(self) -> int:
        return self.invoices[0]["id"]

    def pay(self, amount: object, matched: object = None) -> dict:
        parts = [(self.invoice, matched)] if matched else []
        return self.house.pay(self.customer, amount, *parts, auto=False)

    def entries(self) -> list:
        return self.house.entries(self.draft["number"])

    def money(self) -> tuple:
        assert sum(self.house.trial_balance().values()) == 0
        balance, exposure, unapplied, status = self.house.money(self.customer)
        return balance, exposure, unapplied, status


@pytest.fixture
def sale(house: House) -> Sale:
    sale = Sale(house)
    sale.confirm()
    return sale


@pytest.fixture
def delivered(house: House) -> Sale:
    """The same sale, billed by delivery."""
    house.set_policy(invoicing_policy="on_delivery")
    sale = Sale(house)
    sale.confirm()
    return sale


def test_draft_posts_nothing(house: House) -> None:
    sale = Sale(house)
    assert sale.entries() == []
    assert sale.money() == (0, 0, 0, "none")
    assert house.order_now(sale.draft) == ("draft", "none", "none")


def test_confirm(sale: Sale) -> None:
    assert sale.entries() == [CONFIRMED]
    assert sale.money() == (113, 113, 0, "unpaid")
    assert sale.house.order_now(sale.draft) == ("confirmed", "none", "invoiced")


def test_confirm_where_the_tax_point_is_the_invoice(house: House) -> None:
    house.set_policy(tax_point="invoice")
    sale = Sale(house)
    sale.confirm()
    assert sale.entries() == [("confirm", amounts(receivable=113, undelivered=-100, output_vat=-13))]
    house.ship(sale.draft)
    assert sale.entries()[1:] == [SHIPPED]


def test_ship_all_and_its_tax_point(sale: Sale) -> None:
    sale.house.ship(sale.draft)
    assert sale.entries() == [CONFIRMED, SHIPPED, TAX_POINT]
    assert sale.money() == (113, 113, 0, "unpaid")
    assert sale.house.order_now(sale.draft) == ("done", "shipped", "invoiced")


def test_ship_four_of_ten(sale: Sale) -> None:
    sale.house.ship(sale.draft, 4)
    assert sale.entries()[1:] == [
        ("shipment", amounts(undelivered=40, revenue=-40, cost_of_goods=24, inventory=-24)),
        ("tax_point", amounts(deferred_vat="5.20", output_vat="-5.20")),
    ]
    assert sale.house.order_now(sale.draft) == ("confirmed", "partial", "invoiced")


def test_part_shipments_sum_to_the_whole(house: House) -> None:
    customer, product = house.customer(), house.product(stock=3, price="33.3333", cost="20")
    order = house.confirmed(customer, (product, 3))
    revenue = []
    for _ in range(3):
        house.ship(order, 1)
        revenue.append(house.last_entries(2)[0][1]["revenue"])
    assert revenue == [D("-33.33"), D("-33.34"), D("-33.33")]
    line = house.line_now(order)
    assert (line["net_recognised"], line["tax_recognised"], line["cost_recognised"]) == (100, 13, 60)


def test_pay_matched_at_once(sale: Sale) -> None:
    paid = sale.pay(113, 113)
    assert sale.entries()[1:] == [("payment", amounts(bank=113, receivable=-113))]
    assert sale.money() == (0, 0, 0, "paid")
    assert (paid["amount_unapplied"], paid["payment_status"]) == ("0.00", "paid")


def test_pay_part(sale: Sale) -> None:
    sale.pay(40, 40)
    assert sale.money() == (73, 73, 0, "partial")
    assert sale.house.invoice_now(sale.invoice) == (113, 73, 0)


def test_pay_too_much(sale: Sale) -> None:
    sale.pay(120, 113)
    assert sale.entries()[1:] == [("payment", amounts(bank=120, receivable=-113, advances=-7))]
    assert sale.money() == (-7, -7, 7, "paid")


def test_pay_match_later_and_unmatch(sale: Sale) -> None:
    paid = sale.pay(113)
    assert sale.house.entries(paid["number"]) == [("payment", amounts(bank=113, advances=-113))]
    assert sale.money() == (0, 0, 113, "unpaid")
    matched = sale.house.match(paid, (sale.invoice, 113))
    assert sale.house.last_entry() == ("match", amounts(advances=113, receivable=-113))
    assert sale.money() == (0, 0, 0, "paid")
    sale.house.unmatch(matched["allocations"][0])
    assert sale.house.last_entry() == ("unmatch", amounts(receivable=113, advances=-113))
    assert sale.money() == (0, 0, 113, "unpaid")
    kept = sale.house.rows(
        "SELECT amount, reverses_id IS NOT NULL FROM payment_allocation WHERE invoice_id = :id ORDER BY id",
        id=sale.invoice,
    )
    assert kept == [(113, False), (-113, True)]


def test_deposit_before_the_invoice(house: House) -> None:
    customer = house.customer()
    paid = house.pay(customer, 30)
    assert house.entries(paid["number"]) == [("payment", amounts(bank=30, advances=-30))]
    assert house.money(customer) == (-30, -30, 30, "none")


def test_return_after_pay(sale: Sale) -> None:
    sale.house.ship(sale.draft)
    sale.pay(113, 113)
    sale.house.give_back(sale.draft, 10)
    assert sale.house.last_entry() == (
        "return",
        amounts(revenue=100, output_vat=13, inventory=60, advances=-113, cost_of_goods=-60),
    )
    assert sale.money() == (-113, -113, 113, "paid")
    assert sale.house.order_now(sale.draft) == ("done", "shipped", "invoiced")


def test_refund(sale: Sale) -> None:
    sale.house.ship(sale.draft)
    sale.pay(113, 113)
    sale.house.give_back(sale.draft, 10)
    sale.house.refund(sale.customer, 113)
    assert sale.house.last_entry() == ("refund", amounts(advances=113, bank=-113))
    assert sale.money() == (0, 0, 0, "paid")


def test_cancel_unshipped_with_a_matched_deposit(sale: Sale) -> None:
    sale.pay(30, 30)
    sale.house.cancel(sale.draft, reason="changed mind")
    assert sale.house.last_entries(2) == [
        ("unmatch", amounts(receivable=30, advances=-30)),
        ("cancel", amounts(undelivered=100, deferred_vat=13, receivable=-113)),
    ]
    assert sale.money() == (-30, -30, 30, "paid")
    assert sale.house.order_now(sale.draft)[0] == "cancelled"
    assert sale.house.level(sale.product)["reserved"] == 0


def test_credit_note_on_shipped_goods(sale: Sale) -> None:
    sale.house.ship(sale.draft)
    sale.house.credit(sale.draft, 20)
    assert sale.house.last_entry() == ("credit_note", amounts(revenue=20, output_vat="2.60", receivable="-22.60"))
    assert sale.money() == (D("90.40"), D("90.40"), 0, "partial")


def test_credit_note_on_unshipped_goods(sale: Sale) -> None:
    sale.house.credit(sale.draft, 20)
    assert sale.house.last_entry() == ("credit_note", amounts(undelivered=20, deferred_vat="2.60", receivable="-22.60"))


def test_credit_note_on_partly_shipped_goods(sale: Sale) -> None:
    """Four of ten are out: eight of the twenty were revenue, the rest was still owed to the customer as goods."""
    sale.house.ship(sale.draft, 4)
    sale.house.credit(sale.draft, 20)
    assert sale.house.last_entry() == (
        "credit_note",
        amounts(revenue=8, undelivered=12, output_vat="1.04", deferred_vat="1.56", receivable="-22.60"),
    )
    sale.house.ship(sale.draft)
    line = sale.house.line_now(sale.draft)
    assert (line["net_recognised"], line["tax_recognised"]) == (80, D("10.40"))


def test_credit_note_beyond_the_open_amount_goes_to_advances(sale: Sale) -> None:
    sale.house.ship(sale.draft)
    sale.pay(100, 100)
    sale.house.credit(sale.draft, 20)
    assert sale.house.last_entry() == (
        "credit_note",
        amounts(revenue=20, output_vat="2.60", receivable=-13, advances="-9.60"),
    )
    assert sale.money() == (D("-9.60"), D("-9.60"), D("9.60"), "paid")


def test_on_delivery_confirm_posts_nothing(delivered: Sale) -> None:
    assert delivered.entries() == []
    assert delivered.invoices == []
    assert delivered.money() == (0, 113, 0, "none")


def test_on_delivery_ship(delivered: Sale) -> None:
    delivered.house.ship(delivered.draft)
    assert delivered.entries() == [
        ("shipment", amounts(unbilled=113, cost_of_goods=60, revenue=-100, deferred_vat=-13, inventory=-60))
    ]
    assert delivered.money() == (0, 113, 0, "none")
    assert delivered.house.order_now(delivered.draft) == ("confirmed", "shipped", "none")


def test_on_delivery_bill(delivered: Sale) -> None:
    delivered.house.ship(delivered.draft)
    delivered.house.bill(delivered.draft)
    assert delivered.entries()[1:] == [
        ("bill", amounts(receivable=113, deferred_vat=13, unbilled=-113, output_vat=-13))
    ]
    assert delivered.money() == (113, 113, 0, "unpaid")
    assert delivered.house.order_now(delivered.draft) == ("done", "shipped", "invoiced")


def test_on_delivery_ship_and_bill_four_of_ten(delivered: Sale) -> None:
    delivered.house.ship(delivered.draft, 4)
    delivered.house.bill(delivered.draft)
    assert delivered.entries() == [
        ("shipment", amounts(unbilled="45.20", cost_of_goods=24, revenue=-40, deferred_vat="-5.20", inventory=-24)),
        ("bill", amounts(receivable="45.20", deferred_vat="5.20", unbilled="-45.20", output_vat="-5.20")),
    ]
    assert delivered.money() == (D("45.20"), 113, 0, "unpaid")
    assert delivered.house.order_now(delivered.draft) == ("confirmed", "partial", "partial")


def test_on_delivery_return_before_billing(delivered: Sale) -> None:
    delivered.house.ship(delivered.draft)
    delivered.house.give_back(delivered.draft, 10)
    assert delivered.house.last_entry() == (
        "return",
        amounts(revenue=100, deferred_vat=13, inventory=60, unbilled=-113, cost_of_goods=-60),
    )
    assert delivered.money() == (0, 0, 0, "none")


def test_on_delivery_return_after_billing(delivered: Sale) -> None:
    delivered.house.ship(delivered.draft)
    delivered.house.bill(delivered.draft)
    delivered.house.give_back(delivered.draft, 10)
    assert delivered.house.last_entry() == (
        "return",
        amounts(revenue=100, output_vat=13, inventory=60, receivable=-113, cost_of_goods=-60),
    )
    assert delivered.money() == (0, 0, 0, "paid")


def test_on_delivery_cancel_unshipped(delivered: Sale) -> None:
    delivered.house.cancel(delivered.draft)
    assert delivered.entries() == []
    assert delivered.money() == (0, 0, 0, "none")


def test_on_delivery_credit_note(delivered: Sale) -> None:
    delivered.house.ship(delivered.draft)
    delivered.house.bill(delivered.draft)
    delivered.house.credit(delivered.draft, 20)
    assert delivered.house.last_entry() == ("credit_note", amounts(revenue=20, output_vat="2.60", receivable="-22.60"))


def test_opening_receipt_gain_and_loss(house: House) -> None:
    product = house.product(cost="6")
    house.receive(product, 10, "6")
    assert house.last_entry() == ("receipt", amounts(inventory=60, received_not_billed=-60))
    house.adjust(product, 5, "6")
    assert house.last_entry() == ("adjustment", amounts(inventory=30, stock_gain=-30))
    house.adjust(product, -4)
    assert house.last_entry() == ("adjustment", amounts(inventory=-24, stock_loss=24))
