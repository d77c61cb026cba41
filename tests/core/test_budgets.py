"""How many statements one order to cash takes, BEGIN and COMMIT and the actor's name not counted: pinned, whatever the
number of lines."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core import database as db
from tests.architecture.hooks import watched
from tests.database_server import Server
from tests.faults.taps import Tap, armed, tapped
from tests.scenarios.house import House

BUDGETS = {"create": 6, "confirm": 14, "ship": 12, "pay": 11}


@pytest.fixture(scope="module")
def house(database_server: Server) -> Iterator[House]:
    urls = database_server.clone(f"{database_server.template}_budgets_{os.getpid()}")
    house = House.set_up(urls.app)
    db.configure(house.database)
    yield house
    house.database.dispose()
    database_server.drop(urls.name)


def counted(act: Callable[[], Any]) -> tuple[int, Any]:
    """(statements, answer): what the driver sends, less the transaction's own and the actor's."""
    with watched() as seen, tapped(), armed(Tap()) as tap:
        answer = act()
    actor = sum("countinghouse.actor" in text for text in seen.statements)
    own = ("COMMIT", "commit", "rollback")
    return sum(name not in own for name in tap.seen) - actor, answer


@pytest.mark.parametrize("lines", [1, 5, 60])
def test_statements_of_order_to_cash(house: House, lines: int) -> None:
    customer = house.customer()
    products = [house.product(stock=5) for _ in range(lines)]
    house.order(customer, (products[0], 1))  # ids come in blocks, and the first look at the time zone is kept
    found = {}
    found["create"], order = counted(lambda: house.order(customer, *[(product, 2) for product in products]))
    found["confirm"], confirmed = counted(lambda: house.confirm(order))
    found["ship"], _ = counted(lambda: house.ship(order))
    found["pay"], _ = counted(lambda: house.pay(customer, confirmed["amount_total"]))
    assert all(found[name] <= most for name, most in BUDGETS.items()), found
