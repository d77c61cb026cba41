"""The shop of the pages of sales, of which lists are asked; with a supplier and something for finance to look at."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.suppliers import create_supplier
from crm.orders.cancel import cancel_order
from tests.web.pages_sell.conftest import Shop
from tests.web.pages_sell.conftest import shop as selling  # noqa: F401 (a fixture)


@pytest.fixture(scope="module")
def shop(selling: Shop) -> Shop:  # noqa: F811
    world, ids = selling.world, selling.ids
    ids["supplier"] = world.run(create_supplier, {"name": "Exotic Liquids", "country": "GB", "city": "London"})["id"]
    gone = world.order(ids["other"], (ids["tea"], 1))
    world.confirm(gone)
    world.run(cancel_order, gone["id"], reason="the customer's wish")
    world.pay(ids["other"], Decimal(12), auto=True, reference=gone["number"])
    ids["finance_task"] = world.value("SELECT id FROM ledger_task")
    return selling
