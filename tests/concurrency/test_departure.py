"""Five hundred customers of somebody who leaves go to others while they are edited and the worker is killed half way;
and nothing can be given to him while he leaves."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from core import clock
from core.config import CHECKOUT
from core.context import Actor
from core.customers import create_customer
from core.errors import DomainError
from core.organization import User
from core.outbox import apply_event
from core.plan import Plan
from core.tokens import issue_token
from core.units import share_customer
from core.users import change_user
from crm.activities import record_activity
from crm.departures import Heirs, start_departure
from crm.owners import change_customer, hand_over_customers
from crm.pipeline import create_opportunity
from tests.concurrency.crowd import at_once, codes
from tests.scenarios.house import House
from tests.web.conftest import SETTINGS
from tests.world import PASSWORD
from web.app import create_app
from web.consumers import load

CUSTOMERS, SEED = 500, 20261122
PATIENCE_SECONDS = 120
load()


def people(house: House, *names: str) -> list[Actor]:
    mark = clock.now().strftime("%H%M%S%f")
    return [house.user(f"{name}{mark}", "sales") for name in names]


# everything moves, whatever happens meanwhile -------------------------------------------------------------------------
def test_five_hundred_customers_move_while_they_are_edited_and_the_worker_is_killed(
    house: House, tmp_path: Path
) -> None:
    gone, anna, bert = people(house, "gone", "anna", "bert")
    customers = _many_customers(house, gone)
    visitor = _signed_in(gone)
    token = {"Authorization": f"Bearer {house.token(gone.login)}"}
    assert visitor.get("/customers").status_code == 200
    assert visitor.get("/api/v1/me", headers=token).status_code == 200

    with _editing(house, customers) as edits:
        started = house.run(start_departure, gone.user_id, Heirs((anna.user_id, bert.user_id)), "moves")
        answers = visitor.get("/customers"), visitor.get("/api/v1/me", headers=token)
        assert [answer.status_code for answer in answers] == [303, 401]
        with _worker(house, tmp_path) as worker:
            _wait_until(worker, lambda: _moved(house, started) >= CUSTOMERS // 5)
            worker.kill()
            worker.wait()
        half = _moved(house, started)
        assert 0 < half < CUSTOMERS, "it was over before it was struck"
        assert _owners(house, customers) == {gone.user_id: CUSTOMERS - half, **_halves(half, anna, bert)}
        assert _open_periods(house, customers) == _owners(house, customers)
        with _worker(house, tmp_path) as worker:
            _wait_until(worker, lambda: _moved(house, started) == CUSTOMERS and not _state(house, started))
    assert edits.lost == [] and sum(edits.saved.values()) > 0 and edits.deals > 0

    assert _owners(house, customers) == _open_periods(house, customers) == _halves(CUSTOMERS, anna, bert)
    notes = dict(house.rows("SELECT id, note::int FROM customer WHERE id = ANY (:ids)", ids=customers))
    assert notes == {customer: edits.saved[customer] for customer in customers}
    foreign = """SELECT count(*) FROM opportunity JOIN customer ON customer.id = customer_id
                  WHERE customer_id = ANY (:ids) AND opportunity.owner_id <> customer.owner_id"""
    assert house.value(foreign, ids=customers) == 0
    audited = """SELECT count(*), count(DISTINCT record_id) FROM audit_row
                  WHERE record_id = ANY (:ids) AND action = 'customer.changed' AND changes ? 'owner_id'"""
    assert house.rows(audited, ids=customers) == [(CUSTOMERS, CUSTOMERS)]
    periods = "SELECT count(*) FROM customer_ownership WHERE customer_id = ANY (:ids)"
    assert house.value(periods, ids=customers) == 2 * CUSTOMERS
    once = """SELECT count(*), count(consumption.event_id) FROM outbox_event AS event
                LEFT JOIN outbox_consumption AS consumption ON consumption.event_id = event.id
               WHERE payload ->> 'departure_id' = :id AND event.state = 'done'"""
    [(events, effects)] = house.rows(once, id=str(started["id"]))
    assert events == effects == CUSTOMERS // 50 + 1


def _many_customers(house: House, owner: Actor) -> list[int]:
    names = [f"{owner.login} {number}" for number in range(CUSTOMERS)]

    def create_all(plan: Plan) -> list[int]:
        values = {"owner_id": owner.user_id, "note": "0"}
        return [create_customer(plan, {"name": name, **values})["id"] for name in names]

    customers: list[int] = house.run(create_all)
    for customer in customers[::25]:
        house.run(create_opportunity, customer, {"name": "Spring", "amount": Decimal(100)})
    return customers


def _signed_in(who: Actor) -> FlaskClient:
    visitor = create_app(SETTINGS).test_client()
    page = visitor.get("/sign-in").get_data(as_text=True)
    values = {name: page.split(f'name="{name}" value="')[1].split('"')[0] for name in ("csrf_token", "idempotency_key")}
    answer = visitor.post("/sign-in", data={**values, "login": who.login, "password": PASSWORD})
    assert answer.status_code == 303
    return visitor


class Edits:
    """What others saved meanwhile, by customer; and what went wrong for them."""

    def __init__(self) -> None:
        self.saved: Counter[int] = Counter()
        self.deals = 0
        self.lost: list[Exception] = []


@contextmanager
def _editing(house: House, customers: list[int]) -> Iterator[Edits]:
    """Two people count up in the notes of customers, each over the other's number; a third writes opportunities."""
    edits, over = Edits(), threading.Event()

    def count_up(chance: random.Random) -> None:
        customer = chance.choice(customers)
        version, note = house.rows("SELECT version, note::int FROM customer WHERE id = :id", id=customer)[0]
        house.run(change_customer, customer, {"note": str(note + 1)}, version=version)
        edits.saved[customer] += 1

    def sell(chance: random.Random) -> None:
        house.run(create_opportunity, chance.choice(customers), {"name": "Autumn", "amount": Decimal(5)})
        edits.deals += 1

    def work(act: Callable[[random.Random], None], seed: int) -> None:
        chance = random.Random(seed)
        while not over.is_set():
            try:
                act(chance)
            except DomainError as error:
                if error.code != "edit_conflict":
                    edits.lost.append(error)
            except Exception as error:
                edits.lost.append(error)

    threads = [
        threading.Thread(target=work, args=(act, SEED + number))
        for number, act in enumerate((count_up, count_up, sell))
    ]
    for thread in threads:
        thread.start()
    try:
        yield edits
    finally:
        over.set()
        for thread in threads:
            thread.join()


@contextmanager
def _worker(house: House, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(CHECKOUT),
        "COUNTINGHOUSE_HOME": str(home),
        "DATABASE_URL": house.database.url,
        "DATABASE_SYSTEM_URL": house.system_url,
        "BROKER_URL": "memory://",
    }
    environment.pop("DATABASE_ADMIN_URL", None)
    worker = subprocess.Popen([sys.executable, "-m", "web.cli", "worker"], env=environment)
    try:
        yield worker
    finally:
        worker.terminate()
        worker.wait(timeout=PATIENCE_SECONDS)


def _wait_until(worker: subprocess.Popen[bytes], done: Callable[[], bool]) -> None:
    """Until it is so; a worker that has ended, or takes too long, is a fault."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not done():
        assert time.monotonic() < until
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(timeout=0.01)


def _moved(house: House, departure: Any) -> int:
    found: int = house.value("SELECT customers_done FROM departure WHERE id = :id", id=departure["id"])
    return found


def _state(house: House, departure: Any) -> int:
    """How many events of the departure are open."""
    waiting = "SELECT count(*) FROM outbox_event WHERE payload ->> 'departure_id' = :id AND state <> 'done'"
    found: int = house.value(waiting, id=str(departure["id"]))
    return found


def _owners(house: House, customers: list[int]) -> dict[int, int]:
    return dict(
        house.rows("SELECT owner_id, count(*) FROM customer WHERE id = ANY (:ids) GROUP BY owner_id", ids=customers)
    )


def _open_periods(house: House, customers: list[int]) -> dict[int, int]:
    periods = """SELECT user_id, count(*) FROM customer_ownership WHERE customer_id = ANY (:ids) AND until IS NULL
                  GROUP BY user_id"""
    return dict(house.rows(periods, ids=customers))


def _halves(count: int, *heirs: Actor) -> dict[int, int]:
    return {heir.user_id: count // len(heirs) for heir in heirs if heir.user_id is not None}


# nothing is given to who leaves ---------------------------------------------------------------------------------------
Give = Callable[[Plan, int, int, int], Any]
GIFTS: dict[str, Give] = {
    "customer": lambda plan, customer, other, gone: change_customer(plan, customer, {"owner_id": gone}),
    "new customer": lambda plan, customer, other, gone: create_customer(
        plan, {"name": f"Gift of {customer}", "owner_id": gone}
    ),
    "all customers": lambda plan, customer, other, gone: hand_over_customers(plan, other, to_user_id=gone),
    "share": lambda plan, customer, other, gone: share_customer(plan, customer, user_id=gone),
    "activity": lambda plan, customer, other, gone: record_activity(
        plan, customer, {"kind": "call", "subject": "ask", "due_on": plan.today, "owner_id": gone}
    ),
    "person": lambda plan, customer, other, gone: change_user(plan, other, {"reports_to_id": gone}),
    "token": lambda plan, customer, other, gone: issue_token(plan, plan.session.get(User, gone).login),
    "part of another's": lambda plan, customer, other, gone: start_departure(plan, other, Heirs((gone,)), "leaves"),
}
WAITING = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()
"""


class Held:
    """A command that has done its work and is not let go to COMMIT yet."""

    def __init__(self, house: House, command: Callable[[Plan], Any]) -> None:
        self.house, self.command, self.answer = house, command, None
        self.reached, self.let_go = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        def held(plan: Plan) -> Any:
            answer = self.command(plan)
            self.reached.set()
            assert self.let_go.wait(PATIENCE_SECONDS)
            return answer

        self.answer = at_once([lambda: self.house.run(held)])[0]

    def finish(self) -> Any:
        self.let_go.set()
        self.thread.join()
        return self.answer


@pytest.mark.parametrize("gift", GIFTS)
@pytest.mark.parametrize("first", ["gift", "departure"])
def test_who_leaves_is_given_nothing_unseen(house: House, gift: str, first: str) -> None:
    """Whoever comes second waits: a gift that was first goes to the heir with the rest, one that comes late is
    refused."""
    gone, other, heir = people(house, "gone", "other", "heir")
    customer = house.customer(owner_id=other.user_id)

    def give(plan: Plan) -> Any:
        return GIFTS[gift](plan, customer, other.user_id or 0, gone.user_id or 0)

    def leave(plan: Plan) -> Any:
        return start_departure(plan, gone.user_id or 0, Heirs((heir.user_id or 0,)), "leaves")

    before, after = (give, leave) if first == "gift" else (leave, give)
    answers = _second_waits(house, before, after)
    refusal = "not_found" if gift == "token" else "invalid_input"
    expected = {"done": 2} if first == "gift" else {"done": 1, refusal: 1}
    assert codes(answers) == expected, answers
    _work_off(house)
    in_hand = """
        SELECT (SELECT count(*) FROM customer WHERE owner_id = :id),
               (SELECT count(*) FROM activity WHERE owner_id = :id AND done_at IS NULL),
               (SELECT count(*) FROM customer_share WHERE user_id = :id AND ended_at IS NULL),
               (SELECT count(*) FROM app_user WHERE reports_to_id = :id AND is_active),
               (SELECT count(*) FROM departure_customer WHERE heir_id = :id AND done_at IS NULL),
               (SELECT count(*) FROM api_token WHERE user_id = :id AND ended_at IS NULL)
    """
    assert house.rows(in_hand, id=gone.user_id) == [(0, 0, 0, 0, 0, 0)]


@pytest.mark.parametrize("first", ["note", "gift"])
def test_a_note_knows_to_whom_its_customer_is_given_meanwhile(house: House, first: str) -> None:
    """Whichever comes second waits for the other; the checks afterwards say whether the note knows the new owner."""
    giver, taker = people(house, "giver", "taker")
    customer = house.customer(owner_id=giver.user_id)

    def note(plan: Plan) -> Any:
        return record_activity(plan, customer, {"kind": "note", "subject": "said"})

    def give(plan: Plan) -> Any:
        return change_customer(plan, customer, {"owner_id": taker.user_id})

    before, after = (note, give) if first == "note" else (give, note)
    assert codes(_second_waits(house, before, after)) == {"done": 2}
    known = house.value("SELECT customer_owner_id FROM activity WHERE customer_id = :id", id=customer)
    assert known == taker.user_id


def _second_waits(house: House, before: Callable[[Plan], Any], after: Callable[[Plan], Any]) -> list[Any]:
    """The answers of two commands, the second of which is seen to wait for the end of the first."""
    held = Held(house, before)
    assert held.reached.wait(PATIENCE_SECONDS)
    late = Held(house, after)
    late.let_go.set()
    until = time.monotonic() + PATIENCE_SECONDS
    while not house.value(WAITING):
        assert late.thread.is_alive(), f"it did not wait: {late.answer}"
        assert time.monotonic() < until
    return [held.finish(), late.finish()]


def _work_off(house: House) -> None:
    kinds = ["departure_started", "departure_advanced"]
    found = "SELECT id FROM outbox_event WHERE kind = ANY (:kinds) AND state <> 'done' ORDER BY id"
    while waiting := house.rows(found, kinds=kinds):
        for (event,) in waiting:
            house.run(apply_event, event)
