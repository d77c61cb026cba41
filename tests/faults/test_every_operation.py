"""A fault at every database operation of one order to cash: the state is exactly that before or after, and a retry with
the same key completes. The operations are counted on the way, so none is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal as D
from typing import Any

import psycopg
import pytest

from core import wire
from core.errors import DomainError
from crm.orders.cancel import cancel_order
from crm.orders.confirm import confirm_order
from crm.orders.correction import QuantityRequest
from crm.orders.create import create_order
from crm.orders.return_goods import return_goods
from crm.orders.ship import ship_order
from crm.pricing import LineRequest
from finance.payments import record_payment
from tests.faults.taps import DROP, KILL, RAISE, Tap, armed, tapped
from tests.scenarios.house import House
from tests.world import new_key

COUNTED = (
    "sales_order", "sales_order_line", "invoice", "invoice_line", "shipment", "shipment_line", "payment", "credit_note",
    "payment_allocation", "stock_move", "reservation", "journal_entry", "journal_line", "audit_row", "outbox_event",
)  # fmt: skip
STATE = (
    "SELECT "
    + ", ".join(f"(SELECT count(*) FROM {table})" for table in COUNTED)
    + """,
    (SELECT sum(last_value) FROM number_series), (SELECT sum(on_hand * 1000000 + reserved) FROM stock_level),
    (SELECT sum(open_receivables) FROM customer_account), (SELECT sum(unapplied) FROM customer_account),
    (SELECT sum(value) FROM product_valuation)
"""
)


@pytest.fixture(autouse=True)
def taps() -> Iterator[None]:
    with tapped():
        yield


class Scene:
    """One order to cash, step by step; every step can be repeated under its key."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.customer = house.customer()
        self.product = house.product(stock=3, price="10")
        self.order: Any = None

    def steps(self) -> list[tuple[str, Callable[..., Any]]]:
        return [
            ("create", self.create),
            ("confirm", lambda key: self.run(confirm_order, key, self.order["id"])),
            ("ship", lambda key: self.run(ship_order, key, self.order["id"])),
            ("pay", lambda key: self.run(record_payment, key, customer_id=self.customer, amount=D(30), auto=True)),
            ("return", self.give_back),
        ]

    def create(self, key: str) -> Any:
        lines = [LineRequest(self.product, D(3))]
        self.order = self.run(create_order, key, customer_id=self.customer, lines=lines)
        return self.order

    def give_back(self, key: str) -> Any:
        lines = [QuantityRequest(self.order["lines"][0]["id"], D(1))]
        return self.run(return_goods, key, self.order["id"], lines=lines)

    def run(self, command: Any, key: str, *arguments: Any, **named: Any) -> Any:
        context = self.house.context(idempotency_key=key, route=command.__name__)
        return self.house.run(command, *arguments, context=context, **named)


def state(house: House) -> tuple[Any, ...]:
    """The figures that every step moves, read on a connection no fault has touched."""
    house.database.engine.dispose()
    return house.rows(STATE)[0]


def killer(house: House) -> Callable[[int], None]:
    """Ends a server process and waits until it is gone."""

    def kill(pid: int) -> None:
        with psycopg.connect(house.superuser_url.replace("+psycopg", "", 1), autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))

    return kill


def operations(house: House) -> dict[str, list[str]]:
    """What each step asks of the database, in order, when nothing goes wrong."""
    scene, found = Scene(house), {}
    for name, step in scene.steps():
        with armed(Tap()) as tap:
            step(new_key())
        found[name] = tap.seen
    return found


@pytest.mark.parametrize("kind", [RAISE, KILL, DROP])
@pytest.mark.parametrize("step", ["create", "confirm", "ship", "pay", "return"])
def test_a_fault_at_every_operation(house: House, step: str, kind: str) -> None:
    """`run` itself tries again under the key, so the caller sees the effect once, or a refusal and nothing at all."""
    # Of two undisturbed runs the shorter one: one of them may have asked for a new block of ids.
    count = min(len(operations(house)[step]) for _run in range(2))
    assert count >= 3
    for at in range(1, count + 1):
        scene = Scene(house)
        for name, act in scene.steps():
            key = new_key()
            if name != step:
                act(key)
                continue
            before = state(house)
            with armed(Tap(at, kind, killer(house))) as tap:
                answer = _attempt(act, key)
            assert tap.struck, f"operation {at} of {step} was not reached"
            after = state(house)
            repeated = act(key)
            done = state(house)
            assert answer is None or answer == repeated, (tap.struck, answer, repeated)
            assert after in (before, done), f"{tap.struck}: neither before nor after"
            assert answer is None or after == done
            assert done != before
            break


def _attempt(act: Callable[[str], Any], key: str) -> Any:
    try:
        return act(key)
    except DomainError as error:
        assert error.code in ("outcome_unknown", "database_unavailable"), error
        return None


@pytest.mark.parametrize("kind", [RAISE, KILL, DROP])
def test_without_a_key_the_outcome_is_called_unknown(house: House, kind: str) -> None:
    """Nothing is tried twice that might have happened: the caller is told, and the state is before or after."""
    count = len(operations(house)["confirm"])
    told = set()
    for at in range(1, count + 1):
        scene = Scene(house)
        scene.create(new_key())
        before = state(house)
        with armed(Tap(at, kind, killer(house))):
            try:
                house.run(confirm_order, scene.order["id"])
                told.add("done")
            except DomainError as error:
                told.add(error.code)
                assert error.code == "outcome_unknown"
        now = state(house)
        house_state = house.order_now(scene.order)[0]
        assert house_state in ("draft", "confirmed")
        assert (now == before) == (house_state == "draft")
        if house_state == "confirmed":
            house.run(cancel_order, scene.order["id"])
    assert told <= {"done", "outcome_unknown"}


def test_every_pooled_connection_is_dead(house: House) -> None:
    """After the server has restarted, the first command works although all connections of the pool are gone."""
    connections = [house.database.engine.connect() for _ in range(12)]
    pids = [connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() for connection in connections]
    for connection in connections:
        connection.rollback()
        connection.close()
    kill = killer(house)
    for pid in pids:
        kill(pid)
    assert D(house.pay(house.customer(), 5)["amount"]) == 5


def test_an_unknown_outcome_stays_unknown_while_the_server_is_away(house: House, monkeypatch: Any) -> None:
    """The answer to COMMIT is lost and every further try fails: "unavailable" would say that nothing has happened."""
    customer, key = house.customer(), new_key()
    exchange, gone = wire.exchange, []

    def failing(connection: Any, statements: Any, **named: Any) -> Any:
        if gone:
            raise psycopg.OperationalError("the server is away")
        answer = exchange(connection, statements, **named)
        if named.get("commit"):
            gone.append(True)
            connection.close()
            raise psycopg.OperationalError("the answer was lost")
        return answer

    def pay() -> Any:
        context = house.context(idempotency_key=key, route="pay")
        return house.run(record_payment, customer_id=customer, amount=D("12.50"), context=context)

    with monkeypatch.context() as patched:
        patched.setattr(wire, "exchange", failing)
        with pytest.raises(DomainError) as caught:
            pay()
    assert caught.value.code == "outcome_unknown"
    assert pay()["amount_unapplied"] == "12.50"
    assert house.money(customer)[2] == D("12.50")
