"""Part shipments, cancellations, returns and price credits in the orders that rounding and mixtures make hard."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import pytest

from tests.scenarios.house import House, amounts, refused


def test_return_from_a_part_shipment_rounds_like_its_parts(house: House) -> None:
    """A third of 100 comes back while a third is still to go out: revenue gives back what it took."""
    customer, product = house.customer(), house.product(stock=3, price="33.3333", cost="20")
    order = house.confirmed(customer, (product, 3))
    house.ship(order, 2)
    house.give_back(order, 1)
    assert house.last_entry() == (
        "return",
        amounts(revenue="33.34", undelivered="-0.01", output_vat="4.34", deferred_vat="-0.01",
                inventory=20, receivable="-37.66", cost_of_goods=-20),
    )  # fmt: skip
    house.ship(order)
    line = house.line_now(order)
    assert (line["net_recognised"], line["tax_recognised"]) == (D("66.67"), D("8.67"))
    undelivered = house.value(
        "SELECT sum(debit - credit) FROM journal_line JOIN account ON account.id = account_id "
        "WHERE role = 'undelivered' AND customer_id = :id",
        id=customer,
    )
    assert undelivered == 0


def test_return_from_a_part_shipment_takes_its_output_vat_back(house: House) -> None:
    customer, product = house.customer(), house.product(stock=10, price="10", cost="6")
    order = house.confirmed(customer, (product, 10))
    house.ship(order, 4)
    house.give_back(order, 2)
    assert house.last_entry() == (
        "return",
        amounts(revenue=20, output_vat="2.60", inventory=12, receivable="-22.60", cost_of_goods=-12),
    )
    house.ship(order)
    assert house.order_now(order) == ("done", "shipped", "invoiced")


def test_return_at_the_cost_it_left_at(house: House) -> None:
    customer, product = house.customer(), house.product(stock=10, price="10", cost="6")
    order = house.confirmed(customer, (product, 10))
    house.ship(order)
    house.receive(product, 10, "9")
    house.give_back(order, 3)
    assert house.last_entry()[1]["inventory"] == 18
    assert house.value("SELECT value FROM product_valuation WHERE product_id = :id", id=product) == 108


def test_part_cancelled_after_part_shipment_and_payment(house: House) -> None:
    customer, product = house.customer(), house.product(stock=10, price="10", cost="6")
    order = house.confirmed(customer, (product, 10))
    house.pay(customer, 113)
    house.ship(order, 4)
    house.cancel_part(order, 2)
    assert house.last_entry() == ("cancel", amounts(undelivered=20, deferred_vat="2.60", advances="-22.60"))
    assert house.money(customer) == (D("-22.60"), D("-22.60"), D("22.60"), "paid")
    assert house.order_now(order) == ("confirmed", "partial", "invoiced")
    assert house.level(product) == {"on_hand": 6, "reserved": 4, "available": 2, "back_ordered": 0}
    house.ship(order)
    assert house.order_now(order) == ("done", "shipped", "invoiced")


def test_cancel_where_the_tax_point_is_the_invoice(house: House) -> None:
    house.set_policy(tax_point="invoice")
    customer, product = house.customer(), house.product(stock=10, price="10", cost="6")
    order = house.confirmed(customer, (product, 10))
    house.ship(order, 4)
    house.cancel(order)
    assert house.last_entry() == ("cancel", amounts(undelivered=60, output_vat="7.80", receivable="-67.80"))
    house.give_back(order, 1)
    assert house.last_entry()[1]["output_vat"] == D("1.30")


def test_price_credit_then_return_of_everything(house: House) -> None:
    customer, product = house.customer(), house.product(stock=3, price="33.3333", cost="20")
    order = house.confirmed(customer, (product, 3))
    house.ship(order, 2)
    house.credit(order, "10.01")
    house.ship(order)
    house.give_back(order, 3)
    assert house.money(customer)[:3] == (0, 0, 0)
    assert sum(house.trial_balance().values()) == 0


def test_price_credit_after_a_part_was_cancelled(house: House) -> None:
    """Of ten at 10 two are cancelled and three are out: 16 off the rest are 6 of revenue and 10 of what is owed."""
    customer, product = house.customer(), house.product(stock=10, price="10", cost="6")
    order = house.confirmed(customer, (product, 10))
    house.cancel_part(order, 2)
    house.ship(order, 3)
    house.credit(order, 16)
    assert house.last_entry() == (
        "credit_note",
        amounts(revenue=6, undelivered=10, output_vat="0.78", deferred_vat="1.30", receivable="-18.08"),
    )
    assert house.money(customer)[0] == D("72.32")
    house.ship(order)
    assert house.line_now(order)["net_recognised"] == 64
    house.give_back(order, 8)
    assert house.money(customer)[:3] == (0, 0, 0)


@pytest.mark.parametrize("policy", ["on_order", "on_delivery"])
def test_price_credit_after_a_part_came_back(house: House, policy: str) -> None:
    """A third came back: what is left costs 66.67, and is credited to the cent until nothing is left."""
    house.set_policy(invoicing_policy=policy)
    customer, product = house.customer(), house.product(stock=3, price="33.3333", cost="20")
    order = house.confirmed(customer, (product, 3))
    house.ship(order)
    if policy == "on_delivery":
        house.bill(order)
    house.pay(customer, 113)
    house.give_back(order, 1)
    assert house.account(customer)["unapplied"] == D("37.66")
    house.credit(order, "0.01")
    assert house.last_entry() == ("credit_note", amounts(revenue="0.01", advances="-0.01"))
    house.credit(order, "16.66")
    assert house.last_entry() == ("credit_note", amounts(revenue="16.66", output_vat="2.17", advances="-18.83"))
    house.give_back(order, 1)
    with refused("credit_exceeds_invoice", left=25):
        house.credit(order, "25.01")
    house.credit(order, 25)
    assert house.account(customer)["unapplied"] == 113
    house.give_back(order, 1)
    assert house.account(customer)["unapplied"] == 113


def test_price_credit_of_a_line_that_is_not_billed_names_the_way_out(house: House) -> None:
    house.set_policy(invoicing_policy="on_delivery")
    customer, product = house.customer(), house.product(stock=10, price="10")
    order = house.confirmed(customer, (product, 10))
    house.ship(order, 4)
    house.bill(order)
    with refused("invalid_input") as caught:
        house.credit(order, 5)
    fault = caught.value.fields["lines.0.amount_net"]
    assert (fault.code, fault.data["left"]) == ("line_not_billed", 6)
    house.cancel(order)
    house.credit(order, 5)
    assert house.last_entry() == ("credit_note", amounts(revenue=5, output_vat="0.65", receivable="-5.65"))


@pytest.mark.parametrize("policy", ["on_order", "on_delivery"])
def test_free_sample_comes_back(house: House, policy: str) -> None:
    """A line of price zero ships, is billed by nothing, and can be returned."""
    house.set_policy(invoicing_policy=policy)
    customer, product, free = house.customer(), house.product(stock=5, price="10"), house.product(stock=5, price="0")
    order = house.confirmed(customer, (product, 5), (free, 5))
    house.ship(order)
    if policy == "on_delivery":
        house.bill(order)
    house.give_back(order, 0, 2)
    assert house.last_entry() == ("return", amounts(inventory=120, cost_of_goods=-120))
    assert house.level(free)["on_hand"] == 2
    assert house.order_now(order) == ("done", "shipped", "invoiced")


@pytest.mark.parametrize("policy", ["on_order", "on_delivery"])
def test_order_that_costs_nothing(house: House, policy: str) -> None:
    house.set_policy(invoicing_policy=policy)
    customer, free = house.customer(), house.product(stock=5, price="0")
    order = house.confirmed(customer, (free, 5))
    house.ship(order, 3)
    house.give_back(order, 1)
    house.ship(order)
    if policy == "on_delivery":
        assert house.bill(order)["invoices"] == []
    assert house.order_now(order) == ("done", "shipped", "invoiced")
    assert house.money(customer) == (0, 0, 0, "none")


def test_return_of_goods_billed_on_two_invoices(house: House) -> None:
    """What was billed in two parts comes back in one: each invoice is credited by its part."""
    house.set_policy(invoicing_policy="on_delivery")
    customer, product = house.customer(), house.product(stock=10, price="10", cost="6")
    order = house.confirmed(customer, (product, 10))
    invoices = []
    for _ in range(2):
        house.ship(order, 5)
        invoices.append(house.bill(order)["invoices"][0]["id"])
    house.give_back(order, 8)
    assert house.invoice_now(invoices[1]) == (D("56.50"), 0, D("56.50"))
    assert house.invoice_now(invoices[0]) == (D("56.50"), D("22.60"), D("33.90"))
    assert house.money(customer) == (D("22.60"), D("22.60"), 0, "partial")
    notes = house.rows(
        "SELECT line.quantity, line.amount_net FROM credit_note_line AS line JOIN credit_note AS note "
        "ON note.id = line.credit_note_id WHERE note.origin = :origin ORDER BY note.id",
        origin=order["number"],
    )
    assert notes == [(5, 50), (3, 30)]


@pytest.mark.parametrize("quantity", ["0.0005", "1.2345"])
def test_quantities_finer_than_the_scale_are_refused(house: House, quantity: str) -> None:
    customer, product = house.customer(), house.product(stock=10, price="10")
    order = house.confirmed(customer, (product, 10))
    for act in (house.ship, house.cancel_part):
        with refused("invalid_input") as caught:
            act(order, quantity)
        assert caught.value.fields["lines.0.quantity"].code == "too_many_decimals"
    house.ship(order)
    with refused("invalid_input"):
        house.give_back(order, quantity)
    with refused("invalid_input"):
        house.credit(order, "0.001")
    house.set_policy(invoicing_policy="on_delivery")
    other = house.confirmed(customer, (house.product(stock=10), 10))
    house.ship(other)
    with refused("invalid_input"):
        house.bill(other, quantity)


def test_a_line_named_twice_counts_twice(house: House) -> None:
    house.set_policy(invoicing_policy="on_delivery")
    customer, product = house.customer(), house.product(stock=10, price="10")
    order = house.confirmed(customer, (product, 10))
    house.ship(order)
    twice = {**order, "lines": [order["lines"][0], order["lines"][0]]}
    with refused("invalid_input"):
        house.bill(twice, 6, 6)
    assert house.bill(twice, 4, 3)["invoices"][0]["amount_total"] == "79.10"


# services -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("policy", ["on_order", "on_delivery"])
def test_services_go_with_the_first_shipment(house: House, policy: str) -> None:
    house.set_policy(invoicing_policy=policy)
    customer, product, service = house.customer(), house.product(stock=10, price="10"), house.service(price="50")
    order = house.confirmed(customer, (product, 10), (service, 1))
    house.ship(order, 1)
    assert house.line_now(order, 1)["net_recognised"] == 50
    assert house.line_now(order, 1)["quantity_shipped"] == 1
    assert house.order_now(order)[:2] == ("confirmed", "partial")
    house.cancel(order)
    if policy == "on_delivery":
        house.bill(order)
    assert house.order_now(order) == ("done", "shipped", "invoiced")


@pytest.mark.parametrize("policy", ["on_order", "on_delivery"])
def test_services_alone_are_recognised_at_confirm(house: House, policy: str) -> None:
    house.set_policy(invoicing_policy=policy)
    customer, service = house.customer(), house.service(price="100")
    order = house.confirmed(customer, (service, 1))
    if policy == "on_order":
        assert house.entries(order["number"])[1:] == [
            ("service", amounts(undelivered=100, revenue=-100)),
            ("tax_point", amounts(deferred_vat=13, output_vat=-13)),
        ]
        assert house.order_now(order) == ("done", "shipped", "invoiced")
    else:
        assert house.entries(order["number"]) == [("service", amounts(unbilled=113, revenue=-100, deferred_vat=-13))]
        house.bill(order)
        assert house.order_now(order) == ("done", "shipped", "invoiced")


@pytest.mark.parametrize("policy", ["on_order", "on_delivery"])
def test_services_left_alone_by_a_cancellation_are_recognised(house: House, policy: str) -> None:
    """Nothing ships any more, so the service need not wait for a first shipment that never comes."""
    house.set_policy(invoicing_policy=policy)
    customer, product, service = house.customer(), house.product(stock=10, price="10"), house.service(price="50")
    order = house.confirmed(customer, (product, 10), (service, 1))
    house.cancel_part(order, 10, 0)
    assert house.line_now(order, 1)["net_recognised"] == 50
    if policy == "on_delivery":
        house.bill(order)
    assert house.order_now(order)[0] == "done"


def test_cancel_takes_unshipped_services_along(house: House) -> None:
    customer, product, service = house.customer(), house.product(stock=10, price="10"), house.service(price="50")
    order = house.confirmed(customer, (product, 10), (service, 1))
    house.cancel(order)
    assert house.order_now(order)[0] == "cancelled"
    assert house.money(customer) == (0, 0, 0, "paid")


# due dates ------------------------------------------------------------------------------------------------------------
def test_terms_count_from_delivery(house: House) -> None:
    house.set_policy(due_from="delivery")
    customer, product = house.customer(), house.product(stock=10, price="10")
    order = house.confirmed(customer, (product, 10))
    invoice = order["invoices"][0]
    assert invoice["due_on"] is None
    assert house.account(customer)["oldest_due_on"] is None
    house.ship(order, 4)
    [[due_on]] = house.rows("SELECT due_on FROM invoice WHERE id = :id", id=invoice["id"])
    assert (due_on - house.context().today).days == 30
    assert house.account(customer)["oldest_due_on"] == due_on
    house.ship(order)
    assert house.value("SELECT due_on FROM invoice WHERE id = :id", id=invoice["id"]) == due_on
    house.pay(customer, 113)
    assert house.account(customer)["oldest_due_on"] is None


def test_status_follows_all_invoices(house: House) -> None:
    customer, product = house.customer(), house.product(stock=10, price="10")
    first = house.confirmed(customer, (product, 5))["invoices"][0]["id"]
    second = house.confirmed(customer, (product, 5))["invoices"][0]["id"]
    paid = house.pay(customer, "56.50", (first, "56.50"))
    assert house.money(customer)[3] == "unpaid"
    house.pay(customer, 10, (second, 10))
    assert house.money(customer)[3] == "partial"
    house.unmatch(paid["allocations"][0])
    assert house.money(customer)[3] == "partial"


# stock ----------------------------------------------------------------------------------------------------------------
def test_receipts_fill_back_orders_by_requested_date(house: House) -> None:
    customer, product = house.customer(), house.product()
    today = house.context().today
    late, early, undated = (
        house.confirmed(customer, (product, 5), on_short="back_order", requested_on=requested)
        for requested in (today + timedelta(days=9), today + timedelta(days=3), None)
    )
    house.receive(product, 7)
    assert [_waiting(house, order) for order in (early, late, undated)] == [(5, 0), (2, 3), (0, 5)]
    house.receive(product, 20)
    assert house.level(product) == {"on_hand": 27, "reserved": 15, "available": 12, "back_ordered": 0}


def test_cancelling_refills_others(house: House) -> None:
    customer, product = house.customer(), house.product(stock=10)
    first = house.confirmed(customer, (product, 8))
    second = house.confirmed(customer, (product, 6), on_short="back_order")
    assert _waiting(house, second) == (2, 4)
    house.cancel_part(first, 3)
    assert _waiting(house, second) == (5, 1)
    house.cancel(first)
    assert _waiting(house, second) == (6, 0)
    assert house.level(product) == {"on_hand": 10, "reserved": 6, "available": 4, "back_ordered": 0}


def test_cancelling_takes_the_waiting_part_first(house: House) -> None:
    customer, product = house.customer(), house.product(stock=4)
    order = house.confirmed(customer, (product, 10), on_short="back_order")
    house.cancel_part(order, 5)
    assert _waiting(house, order) == (4, 1)
    house.cancel_part(order, 2)
    assert _waiting(house, order) == (3, 0)


def test_cancelling_a_line_fills_the_same_order_s_other_line(house: House) -> None:
    """Stock never lies free while somebody waits for it, be it the same order."""
    customer, product = house.customer(), house.product(stock=5)
    order = house.confirmed(customer, (product, 5), (product, 4), on_short="back_order")
    house.cancel_part(order, 3)
    assert house.level(product) == {"on_hand": 5, "reserved": 5, "available": 0, "back_ordered": 1}


def test_returned_goods_go_to_whoever_waits(house: House) -> None:
    customer, product = house.customer(), house.product(stock=5)
    order = house.confirmed(customer, (product, 8), on_short="back_order")
    house.ship(order)
    house.give_back(order, 2)
    assert _waiting(house, order) == (2, 1)


def test_ship_more_than_is_reserved_names_the_short_line(house: House) -> None:
    customer, product = house.customer(), house.product(stock=4)
    order = house.confirmed(customer, (product, 10), on_short="back_order")
    with refused("insufficient_stock") as caught:
        house.ship(order, 5)
    assert caught.value.data["shortages"][0]["short"] == 1


def test_adjustment_cannot_take_reserved_stock(house: House) -> None:
    customer, product = house.customer(), house.product(stock=10)
    house.confirmed(customer, (product, 8))
    with refused("insufficient_stock"):
        house.adjust(product, -3)


def _waiting(house: House, order: dict) -> tuple[D, D]:
    [row] = house.rows(
        "SELECT quantity_reserved, quantity_back_ordered FROM reservation WHERE origin = :origin",
        origin=order["number"],
    )
    return row


# money ----------------------------------------------------------------------------------------------------------------
def test_refund_from_several_sources(house: House) -> None:
    """The oldest credit first: two receipts and a credit note."""
    customer, product = house.customer(), house.product(stock=10, price="100", tax_rate=D(0))
    order = house.confirmed(customer, (product, 1))
    house.pay(customer, 100)
    house.ship(order)
    house.give_back(order, 1)
    house.pay(customer, 30, auto=False)
    house.pay(customer, 50, auto=False)
    house.refund(customer, 150)
    left = house.rows(
        """SELECT amount_unapplied FROM payment WHERE customer_id = :id AND kind = 'receipt'
           UNION ALL SELECT amount_unapplied FROM credit_note WHERE customer_id = :id""",
        id=customer,
    )
    assert sum(row[0] for row in left) == 30
    assert house.money(customer) == (-30, -30, 30, "paid")
    with refused("refund_exceeds_credit"):
        house.refund(customer, "30.01")


def test_match_and_unmatch_a_credit_note(house: House) -> None:
    """Its surplus is money like any other: matched, taken off again, matched elsewhere."""
    customer, product = house.customer(), house.product(stock=10, price="100", tax_rate=D(0))
    order = house.confirmed(customer, (product, 2))
    house.pay(customer, 200)
    house.ship(order)
    note = house.credit(order, 50)["credit_notes"][0]
    first, second = (house.confirmed(customer, (product, 1))["invoices"][0]["id"] for _ in range(2))
    matched = house.match(note, (first, 50), kind="credit_note")["allocations"][0]
    assert house.money(customer) == (150, 150, 0, "partial")
    house.unmatch(matched)
    assert house.money(customer) == (150, 150, 50, "unpaid")
    with refused("not_found"):
        house.unmatch(matched)
    house.match(note, (second, 50), kind="credit_note")
    assert house.invoice_now(first) == (100, 100, 0)
    assert house.invoice_now(second) == (100, 50, 0)
    assert house.money(customer) == (150, 150, 0, "partial")


def test_a_credit_from_elsewhere_survives_the_cancellation(house: House) -> None:
    customer, product = house.customer(), house.product(stock=10, price="100", tax_rate=D(0))
    first = house.confirmed(customer, (product, 1))
    house.pay(customer, 100)
    house.ship(first)
    note = house.credit(first, 40)["credit_notes"][0]
    second = house.confirmed(customer, (product, 1))
    house.match(note, (second["invoices"][0]["id"], 40), kind="credit_note")
    house.cancel(second)
    assert house.money(customer) == (-40, -40, 40, "paid")


def test_credit_limit_counts_what_is_not_billed(house: House) -> None:
    house.set_policy(invoicing_policy="on_delivery")
    customer, product = house.customer(credit_limit=D(200)), house.product(stock=10, price="100", tax_rate=D(0))
    order = house.confirmed(customer, (product, 2))
    with refused("credit_exceeded", over=100):
        house.confirmed(customer, (product, 1))
    house.ship(order)
    with refused("credit_exceeded", exposure=200):
        house.confirmed(customer, (product, 1))
    house.pay(customer, 100)
    house.confirmed(customer, (product, 1))
