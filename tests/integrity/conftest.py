"""A company where a bit of everything has happened, for the checker to look at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal as D

import pytest
from sqlalchemy import Engine, create_engine

from core.context import Context
from core.outbox import apply_event
from crm.orders.confirm import confirm_order
from crm.pipeline import create_opportunity
from crm.pricing import LineRequest
from crm.quotations import create_quotation, order_quotation
from finance.manual import ManualLine, post_manual_entry, reverse_manual_entry
from finance.write_offs import reverse_write_off, write_off
from inventory.documents import StockLine, open_stock
from tests.database_server import Server
from tests.scenarios.house import House
from web.consumers import load


@pytest.fixture(scope="package")
def busy(database_server: Server) -> Iterator[House]:
    urls = database_server.clone(f"{database_server.template}_integrity_{os.getpid()}")
    house = House.set_up(urls.app)
    house.system_url, house.superuser_url = urls.system, urls.superuser
    live_a_little(house)
    yield house
    house.database.dispose()
    database_server.drop(urls.name)


@pytest.fixture(scope="package")
def superuser(busy: House) -> Iterator[Engine]:
    engine = create_engine(busy.superuser_url)
    yield engine
    engine.dispose()


def live_a_little(house: House) -> None:
    """Both policies: part shipments, returns, cancellations, credits, refunds, back orders, drafts, an old month."""
    for policy in ("on_order", "on_delivery"):
        house.set_policy(invoicing_policy=policy)
        customer, product, service = house.customer(), house.product(stock=30, price="33.33"), house.service()
        order = house.confirmed(customer, (product, 7), (service, 1))
        house.ship(order, 4)
        if policy == "on_delivery":
            house.bill(order)
        house.give_back(order, 1)
        paid = house.pay(customer, "150.00", received_on=house.context().today.replace(day=1))
        house.cancel_part(order, 1)
        house.refund(house.customer_with_credit(), "40.00")
        whole = house.confirmed(customer, (product, 3))
        house.ship(whole)
        if policy == "on_delivery":
            house.bill(whole)
        house.credit(whole, "9.99")
        if paid["allocations"]:
            house.unmatch(paid["allocations"][0])
        house.cancel(house.confirmed(customer, (product, 2)))
        house.confirmed(customer, (product, 40), on_short="back_order")
        house.order(customer, (product, 2))
    house.product(stock=5)
    house.product()
    house.run(create_quotation, customer_id=customer, lines=[LineRequest(product, D(2))])
    sell_on_the_pipeline(house, customer)
    correct_by_hand(house)
    approve_and_write_off(house)
    work_off_events(house)
    ship_in_parts(house)


def sell_on_the_pipeline(house: House, customer: int) -> None:
    """An opportunity won by ordering from its quotation."""
    product = house.product(stock=5)
    deal = house.run(create_opportunity, customer, {"name": "机会", "amount": D(100)})
    lines = [LineRequest(product, D(2))]
    quotation = house.run(create_quotation, customer_id=customer, opportunity_id=deal["id"], lines=lines)
    house.confirm(house.run(order_quotation, quotation["id"]))


def correct_by_hand(house: House) -> None:
    """Opening stock, receipts, losses, and an entry by hand that is reversed."""
    product = house.product(stock=4)
    house.run(open_stock, lines=[StockLine(product, D(3), D("1.11"))])
    house.receive(product, 6, "2.22")
    house.adjust(product, -5)
    accounts = dict(house.rows("SELECT role, id FROM account WHERE role IN ('bank', 'bank_fees')"))
    fees = [ManualLine(accounts["bank_fees"], debit=D(9)), ManualLine(accounts["bank"], credit=D(9))]
    entry = house.run(post_manual_entry, effective_on=house.context().today, memo="手续费", lines=fees)
    house.run(reverse_manual_entry, entry["id"])


def ship_in_parts(house: House) -> None:
    """Amounts that do not divide evenly, goods and services in three shipments, under each policy and tax point."""
    for policy, tax_point in (("on_order", "issue_or_shipment"), ("on_order", "invoice"), ("on_delivery", "invoice")):
        house.set_policy(invoicing_policy=policy, tax_point=tax_point)
        product = house.product(stock=30, price="3.33", cost="1.37")
        order = house.confirmed(house.customer(), (product, 7), (house.service("10.01"), 1))
        for quantity in (2, 1, 4):
            house.ship(order, quantity)
        if policy == "on_delivery":
            house.bill(order, 3)
            house.bill(order)
        house.confirmed(house.customer(), (house.service("7.77"), 3))
        order = house.confirmed(house.customer(), (product, 9), (house.product(stock=3), 1), (house.service(), 2))
        house.ship(order, 9)
        house.ship(order, 0, 1)


def approve_and_write_off(house: House) -> None:
    """A discount that two people approved, a request that waits, a write-off that stands and one taken back."""
    house.set_policy(invoicing_policy="on_order")
    for login, role in (("head", "sales_manager"), ("second", "manager"), ("seller", "sales")):
        house.user(login, role)
    house.team("head", "seller")
    seller = house.actor_of("seller")
    customer, product = house.customer(owner_id=seller.user_id), house.product(stock=9)
    order = house.order(customer, (product, 2, None, 60))
    asked = house.ask("confirm_order", {"order_id": order["id"]}, "seller")
    for login in ("head", "second"):
        house.decide(asked["id"], login)
    house.run(confirm_order, order["id"], context=house.context(actor=seller))
    waiting = house.order(customer, (product, 1, None, 40))
    house.ask("confirm_order", {"order_id": waiting["id"]}, "seller")
    house.set_rule("write_off", is_active=False)
    for reverse in (True, False):
        [invoice] = house.confirmed(customer, (product, 1))["invoices"]
        written = house.run(write_off, invoice["id"], amount=D("33.00"), reason="催收无果")
        if reverse:
            house.run(reverse_write_off, written["id"], reason="收回")


def work_off_events(house: House) -> None:
    """What the worker does with the events so far."""
    load()
    for (event_id,) in house.rows("SELECT id FROM outbox_event ORDER BY id"):
        house.run(apply_event, event_id, context=Context())
