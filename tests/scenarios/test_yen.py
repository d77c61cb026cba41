"""A company whose currency has no decimals: the whole entry table in whole yen, and nothing finer gets in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal as D
from typing import Any

import pytest

from core import database as db
from finance.manual import ManualLine, post_manual_entry
from finance.payments import Wanted, match
from tests.database_server import Server
from tests.scenarios.checks import assert_clean
from tests.scenarios.conftest import USUAL
from tests.scenarios.house import House, amounts, refused

AMOUNTS = (
    ("journal_line", "debit + credit"),
    ("invoice", "amount_total + amount_net + amount_allocated"),
    ("invoice_line", "amount_net + amount_tax"),
    ("credit_note", "amount_total + amount_net + amount_allocated"),
    ("credit_note_line", "amount_net + amount_tax"),
    ("payment", "amount + amount_allocated"),
    ("payment_allocation", "amount"),
    ("sales_order_line", "amount_net + amount_tax"),
    ("sales_order_line", "net_recognised + tax_recognised"),
    ("sales_order_line", "cost_recognised"),
    ("product_valuation", "value"),
    ("stock_move", "value"),
    ("customer_account", "open_receivables"),
    ("customer_account", "unapplied + uninvoiced"),
)


@pytest.fixture(scope="module")
def tokyo(database_server: Server) -> Iterator[House]:
    urls = database_server.clone(f"{database_server.template}_yen_{os.getpid()}")
    house = House.set_up(urls.app, currency="JPY")
    house.system_url = urls.system
    yield house
    house.database.dispose()
    database_server.drop(urls.name)


@pytest.fixture
def yen(tokyo: House) -> Iterator[House]:
    db.configure(tokyo.database)
    tokyo.set_policy(**USUAL)
    yield tokyo
    assert_clean(tokyo)
    for table, amount in AMOUNTS:
        assert tokyo.rows(f"SELECT {amount} FROM {table} WHERE {amount} <> round({amount})") == [], table


def sale(house: House, quantity: int = 10, price: str = "10", cost: str = "6") -> tuple[int, Any]:
    customer, product = house.customer(), house.product(stock=quantity, price=price, cost=cost)
    return customer, house.confirmed(customer, (product, quantity))


def test_part_shipments_in_whole_yen(yen: House) -> None:
    _, order = sale(yen, 3, "33.3333", "20")
    revenue = []
    for _ in range(3):
        yen.ship(order, 1)
        revenue.append(yen.last_entries(2)[0][1]["revenue"])
    assert revenue == [-33, -34, -33]


def test_confirm_ship_pay_return_refund(yen: House) -> None:
    customer, order = sale(yen)
    assert yen.last_entry() == ("confirm", amounts(receivable=113, undelivered=-100, deferred_vat=-13))
    yen.ship(order, 4)
    assert yen.last_entries(2) == [
        ("shipment", amounts(undelivered=40, revenue=-40, cost_of_goods=24, inventory=-24)),
        ("tax_point", amounts(deferred_vat=5, output_vat=-5)),
    ]
    yen.pay(customer, 120, (order["invoices"][0]["id"], 113))
    assert yen.last_entry() == ("payment", amounts(bank=120, receivable=-113, advances=-7))
    yen.ship(order)
    yen.give_back(order, 3)
    assert yen.last_entry() == (
        "return",
        amounts(revenue=30, output_vat=4, inventory=18, cost_of_goods=-18, advances=-34),
    )
    yen.refund(customer, 41)
    assert yen.last_entry() == ("refund", amounts(advances=41, bank=-41))
    assert yen.money(customer) == (0, 0, 0, "paid")


def test_match_unmatch_credit_cancel(yen: House) -> None:
    customer, order = sale(yen)
    invoice = order["invoices"][0]["id"]
    paid = yen.pay(customer, 30, auto=False)
    matched = yen.match(paid, (invoice, 30))
    assert yen.last_entry() == ("match", amounts(advances=30, receivable=-30))
    yen.unmatch(matched["allocations"][0])
    assert yen.last_entry() == ("unmatch", amounts(receivable=30, advances=-30))
    yen.match(paid, (invoice, 30))
    yen.credit(order, 20)
    assert yen.last_entry() == ("credit_note", amounts(undelivered=20, deferred_vat=3, receivable=-23))
    yen.cancel(order)
    assert yen.last_entry() == ("cancel", amounts(undelivered=80, deferred_vat=10, receivable=-90))
    assert yen.money(customer) == (-30, -30, 30, "paid")


def test_cancelled_in_parts(yen: House) -> None:
    customer, order = sale(yen, 7, "14.2857")
    yen.cancel_part(order, 3)
    yen.ship(order, 2)
    yen.give_back(order, 1)
    yen.cancel(order)
    yen.pay(customer, 16)
    assert yen.money(customer) == (0, 0, 0, "paid")


def test_on_delivery(yen: House) -> None:
    yen.set_policy(invoicing_policy="on_delivery")
    customer, order = sale(yen, 3, "33.3333", "20")
    for revenue, vat in ((33, 4), (34, 5), (33, 4)):
        yen.ship(order, 1)
        assert yen.last_entry()[1]["revenue"] == -revenue
        yen.bill(order)
        assert yen.last_entry() == (
            "bill",
            amounts(receivable=revenue + vat, deferred_vat=vat, unbilled=-revenue - vat, output_vat=-vat),
        )
    yen.give_back(order, 2)
    assert yen.money(customer)[0] == 37


def test_stock_in_whole_yen(yen: House) -> None:
    product = yen.product(cost="6")
    yen.receive(product, 3, "33.3333")
    assert yen.last_entry() == ("receipt", amounts(inventory=100, received_not_billed=-100))
    yen.adjust(product, -1)
    assert yen.last_entry() == ("adjustment", amounts(inventory=-33, stock_loss=33))


def test_nothing_finer_than_a_yen(yen: House) -> None:
    customer, order = sale(yen)
    invoice = order["invoices"][0]["id"]
    with refused("invalid_input") as caught:
        yen.pay(customer, "10.55")
    assert caught.value.fields["amount"].code == "too_many_decimals"
    assert caught.value.fields["amount"].data["places"] == 0
    paid = yen.pay(customer, 100, auto=False)
    with refused("invalid_input") as caught:
        yen.run(match, "payment", paid["id"], allocations=[Wanted(invoice, D("10.5"))])
    assert caught.value.fields["allocations.0.amount"].code == "too_many_decimals"
    with refused("invalid_input") as caught:
        yen.pay(customer, 20, (invoice, "10.5"))
    assert caught.value.fields["allocations.0.amount"].code == "too_many_decimals"
    with refused("invalid_input") as caught:
        yen.refund(customer, "10.5")
    assert caught.value.fields["amount"].code == "too_many_decimals"
    with refused("invalid_input") as caught:
        yen.credit(order, "10.5")
    assert caught.value.fields["lines.0.amount_net"].code == "too_many_decimals"
    with refused("invalid_input") as caught:
        yen.customer(credit_limit=D("10.5"))
    assert caught.value.fields["credit_limit"].code == "not_an_amount"
    accounts = dict(yen.rows("SELECT role, id FROM account WHERE role IN ('stock_loss', 'stock_gain')"))
    lines = [ManualLine(accounts["stock_loss"], debit=D("0.5")), ManualLine(accounts["stock_gain"], credit=D("0.5"))]
    with refused("invalid_input") as caught:
        yen.run(post_manual_entry, effective_on=yen.context().today, memo="x", lines=lines)
    assert caught.value.fields["lines.0.debit"].code == "too_many_decimals"
