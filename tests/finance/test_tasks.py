"""What finance must look at: noted with the payment, shown in its preview, taken off the list once."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.errors import InvalidInput
from finance.payments import record_payment
from finance.tasks import finish_task, reopen_task
from tests.concurrency.crowd import at_once, codes
from tests.scenarios.house import House, refused


@pytest.fixture
def task(house: House) -> int:
    customer, product = house.customer(), house.product(stock=10, price="100", tax_rate=Decimal(0))
    order = house.confirmed(customer, (product, 10))
    house.cancel(order)
    preview = house.preview(
        record_payment, customer_id=customer, amount=Decimal(1000), reference=f"pays {order['number']}"
    )
    noted = [dict(effect.data) for effect in preview.effects if effect.kind == "finance_task"]
    assert noted == [{"origin": order["number"], "amount": Decimal(1000)}]
    assert house.value("SELECT count(*) FROM ledger_task") == 0
    house.pay(customer, 1000, reference=f"pays {order['number']}")
    found: int = house.value("SELECT id FROM ledger_task")
    return found


def test_a_task_is_done_with_a_note_and_comes_back(house: House, task: int) -> None:
    house.run(finish_task, task, note="  客户要求转作预付 ")
    done_at, detail = house.rows("SELECT done_at, detail FROM ledger_task")[0]
    assert done_at is not None and detail == "客户要求转作预付"
    with refused("task_done"):
        house.run(finish_task, task)
    house.run(reopen_task, task)
    assert house.value("SELECT done_at FROM ledger_task") is None
    with refused("task_open"):
        house.run(reopen_task, task)
    actions = house.rows("SELECT action FROM audit_row WHERE record_type = 'ledger_task' ORDER BY id")
    assert actions == [("ledger_task.done",), ("ledger_task.reopened",)]


def test_refusals(house: House, task: int) -> None:
    with refused("not_found"):
        house.run(finish_task, 1)
    with pytest.raises(InvalidInput) as found:
        house.run(finish_task, task, note="x" * 1001)
    assert found.value.fields["note"].code == "too_long"


def test_two_people_finish_it_and_one_is_told(house: House, task: int) -> None:
    assert codes(at_once([lambda: house.run(finish_task, task)] * 6)) == {"done": 1, "task_done": 5}
