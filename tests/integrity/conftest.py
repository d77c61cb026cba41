"""A company where a bit of everything has happened, for the checker to look at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal as D

import pytest
from sqlalchemy import Engine, create_engine

from crm.pricing import LineRequest
from crm.quotations import create_quotation
from tests.database_server import Server
from tests.scenarios.house import House


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
