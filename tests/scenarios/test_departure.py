"""Somebody leaves: out at once, and all that was his goes to others in batches that may stop and go on anywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from core import clock, outbox
from core.command import preview, run
from core.context import Actor
from core.customers import create_customer
from core.errors import DomainError
from core.jobs import apply_event_task
from core.organization import User
from core.outbox import apply_event
from core.sessions import load_session, load_token, open_session
from core.units import place_user, save_unit, share_customer
from core.users import change_user, create_user
from crm import departure_job
from crm.activities import record_activity
from crm.departures import HeirGroup, Heirs, resume_departure, start_departure, survey_leaver
from crm.owners import change_customer
from crm.queries.departures import latest_departure, list_owners
from tests.scenarios.house import House, refused
from tests.scenarios.test_owners import a_customer_with_everything, all_of, owners

WHY = "moves abroad"
ADVANCE = ("departure_started", "departure_advanced")


@pytest.fixture
def people(house: House) -> list[Actor]:
    """Who leaves, and three who may take over."""
    mark = clock.now().strftime("%H%M%S%f")
    return [house.user(f"{name}{mark}", "sales") for name in ("gone", "anna", "bert", "carl")]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(departure_job, "BATCH", 2)


def leave(house: House, gone: Actor, *heirs: Actor, **named: Any) -> Any:
    return house.run(start_departure, gone.user_id, Heirs(tuple(heir.user_id for heir in heirs), **named), WHY)


def events(house: House) -> list[int]:
    """Events that carry a departure on and are not done."""
    found = "SELECT id FROM outbox_event WHERE kind = ANY (:kinds) AND state <> 'done' ORDER BY id"
    return [row[0] for row in house.rows(found, kinds=list(ADVANCE))]


def work_off(house: House) -> int:
    """As the worker does; how many batches it took."""
    batches = 0
    while waiting := events(house):
        for event in waiting:
            house.run(apply_event, event)
            batches += 1
    return batches


def owned(house: House, who: Actor) -> int:
    return house.value("SELECT count(*) FROM customer WHERE owner_id = :id", id=who.user_id)


def test_everything_goes_to_the_heir(house: House, people: list[Actor], small_batches: None) -> None:
    gone, anna, *_ = people
    customers = [a_customer_with_everything(house, gone) for _ in range(3)]
    answer = leave(house, gone, anna)
    assert (answer["state"], answer["customers"]) == ("running", 3)
    assert owners(house, customers[0]) == all_of(gone)
    assert work_off(house) == 3
    for customer in customers:
        assert owners(house, customer) == all_of(anna)
        assert [(row.user_id, row.until is None) for row in list_owners(customer)] == [
            (anna.user_id, True),
            (gone.user_id, False),
        ]
        audited = house.rows(
            "SELECT changes -> 'owner_id', reason FROM audit_row WHERE record_id = :id AND action = 'customer.changed'",
            id=customer,
        )
        assert audited == [([gone.user_id, anna.user_id], WHY)]
    moved = "SELECT id FROM activity WHERE customer_id = ANY (:ids) AND done_at IS NULL AND owner_id = :id"
    for (activity,) in house.rows(moved, ids=customers, id=anna.user_id):
        told = "SELECT changes -> 'owner_id' FROM audit_row WHERE record_type = 'activity' AND record_id = :id"
        assert house.rows(f"{told} AND action = 'activity.changed'", id=activity) == [([gone.user_id, anna.user_id],)]
    done, heirs = latest_departure(gone.user_id)
    assert done is not None and (done.state, done.customers_done, done.customers_total) == ("done", 3, 3)
    # An opportunity, a quotation, an order, an invoice, two payments, a credit note and two shipments each, at least.
    assert done.documents_moved >= 3 * 9 and done.activities_moved == 3
    assert [(heir.heir_id, heir.customers, heir.customers_done) for heir in heirs] == [(anna.user_id, 3, 3)]
    told = "SELECT kind, data ->> 'customers' FROM notice WHERE user_id = :id AND kind <> 'payment_recorded'"
    assert house.rows(told, id=anna.user_id) == [("customers_taken_over", "3")]
    assert ("departure_done", "3") in house.rows(told, id=house.actor.user_id)
    credit = "SELECT DISTINCT salesperson_id FROM sales_order WHERE customer_id = ANY (:ids)"
    assert house.rows(credit, ids=customers) == [(house.actor.user_id,)]


def test_out_on_the_next_request(house: House, people: list[Actor]) -> None:
    gone, anna, *_ = people
    house.customer(owner_id=gone.user_id)
    token = house.token(gone.login)
    opened = house.run(
        lambda plan: open_session(plan, plan.session.get(User, gone.user_id), address=None, user_agent=None)
    )
    assert load_token(token, clock.now()) and load_session(opened["token"], clock.now())
    leave(house, gone, anna)
    assert load_token(token, clock.now()) is None and load_session(opened["token"], clock.now()) is None
    live = "SELECT count(*) FROM {} WHERE user_id = :id AND ended_at IS NULL"
    assert [house.value(live.format(name), id=gone.user_id) for name in ("user_session", "api_token")] == [0, 0]
    work_off(house)


def test_groups_go_to_their_own_and_the_rest_is_shared_evenly(house: House, people: list[Actor]) -> None:
    gone, anna, bert, carl = people
    east = [house.customer(owner_id=gone.user_id, region="华东") for _ in range(2)]
    steel = [house.customer(owner_id=gone.user_id, region="华北", industry="钢铁") for _ in range(2)]
    named = house.customer(owner_id=gone.user_id, region="华北")
    rest = [house.customer(owner_id=gone.user_id) for _ in range(5)]
    groups = (
        HeirGroup(carl.user_id, region="华东"),
        HeirGroup(carl.user_id, industry="钢铁"),
        HeirGroup(bert.user_id, customer_ids=(named,)),
    )
    leave(house, gone, anna, bert, groups=groups)
    work_off(house)
    assert [owned(house, who) for who in people] == [0, 3, 3, 4]
    taken = dict(
        house.rows("SELECT id, owner_id FROM customer WHERE id = ANY (:ids)", ids=[*east, *steel, named, *rest])
    )
    assert {taken[customer] for customer in (*east, *steel)} == {carl.user_id} and taken[named] == bert.user_id


def test_what_else_was_in_hand(house: House, people: list[Actor], small_batches: None) -> None:
    """People, shared customers, promises at others' customers, unread notices, and the place in the tree."""
    gone, anna, bert, carl = people
    house.run(change_user, bert.user_id, {"reports_to_id": gone.user_id})
    house.run(change_user, gone.user_id, {"reports_to_id": carl.user_id})
    team = house.run(save_unit, {"name": f"Team {gone.login}", "kind": "team"})["id"]
    house.run(place_user, gone.user_id, team)
    others = [house.customer(owner_id=bert.user_id) for _ in range(3)]
    annas = house.customer(owner_id=anna.user_id)
    for customer in (*others, annas):
        house.run(share_customer, customer, user_id=gone.user_id, reason="helps")
    house.run(record_activity, others[0], {"kind": "call", "subject": "ask", "due_on": house.context().today,
                                           "owner_id": gone.user_id})  # fmt: skip
    leave(house, gone, anna)
    assert house.value("SELECT reports_to_id FROM app_user WHERE id = :id", id=bert.user_id) == carl.user_id
    work_off(house)
    live = "SELECT user_id, customer_id FROM customer_share WHERE ended_at IS NULL AND customer_id = ANY (:ids)"
    assert sorted(house.rows(live, ids=[*others, annas])) == [(anna.user_id, customer) for customer in others]
    planned = "SELECT DISTINCT owner_id FROM activity WHERE customer_id = :id AND done_at IS NULL"
    assert house.rows(planned, id=others[0]) == [(bert.user_id,)]
    place = "SELECT unit_id, (SELECT count(*) FROM unit_membership WHERE user_id = app_user.id AND until IS NULL)"
    assert house.rows(f"{place} FROM app_user WHERE id = :id", id=gone.user_id) == [(None, 0)]
    done, _heirs = latest_departure(gone.user_id)
    assert done is not None and (done.state, done.shares_moved, done.activities_moved) == ("done", 4, 1)


def test_an_event_delivered_twice_moves_once(house: House, people: list[Actor], small_batches: None) -> None:
    gone, anna, *_ = people
    for _ in range(3):
        house.customer(owner_id=gone.user_id)
    leave(house, gone, anna)
    [first] = events(house)
    assert house.run(apply_event, first)["applied"] == ["move_customers"]
    assert house.run(apply_event, first)["applied"] == []
    assert (owned(house, gone), owned(house, anna), len(events(house))) == (1, 2, 1)
    assert work_off(house) == 2
    moved = "SELECT count(*), count(DISTINCT customer_id) FROM customer_ownership WHERE user_id = :id"
    assert house.rows(moved, id=anna.user_id) == [(3, 3)]


def test_what_fails_in_a_batch_leaves_nothing_of_it(
    house: House, people: list[Actor], small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault in the middle of a batch; after five of them the departure stands there as stopped, and goes on."""
    gone, anna, *_ = people
    customers = [house.customer(owner_id=gone.user_id) for _ in range(3)]
    leave(house, gone, anna)
    house.run(apply_event, events(house)[0])
    monkeypatch.setattr(departure_job, "MARK", lambda **_named: 1 / 0)
    [event] = events(house)
    for attempt in range(outbox.MAX_ATTEMPTS):
        found, _heirs = latest_departure(gone.user_id)
        assert found is not None and (found.state, found.customers_done, found.attempts) == ("running", 2, attempt)
        apply_event_task(event)
    found, _heirs = latest_departure(gone.user_id)
    assert found is not None and found.state == "stopped" and "ZeroDivisionError" in (found.error or "")
    assert owned(house, gone) == 1 and owned(house, anna) == 2
    with refused("departure_running") as caught:
        house.run(change_user, gone.user_id, {"is_active": True})
    assert caught.value.fields["is_active"].code == "departure_running"
    monkeypatch.undo()
    house.run(resume_departure, gone.user_id)
    with refused("departure_not_stopped"):
        house.run(resume_departure, gone.user_id)
    work_off(house)
    assert house.rows("SELECT DISTINCT owner_id FROM customer WHERE id = ANY (:ids)", ids=customers) == [
        (anna.user_id,)
    ]


def test_what_came_to_him_on_no_known_way_goes_too(house: House, people: list[Actor]) -> None:
    gone, anna, bert, _carl = people
    leave(house, gone, anna)
    customer = house.customer(owner_id=bert.user_id)
    engine = create_engine(house.system_url)
    with engine.begin() as connection:
        for table, column, key in (("customer", "owner_id", "id"), ("customer_ownership", "user_id", "customer_id")):
            connection.execute(
                text(f"UPDATE {table} SET {column} = :user WHERE {key} = :id"), {"user": gone.user_id, "id": customer}
            )
    engine.dispose()
    work_off(house)
    assert house.value("SELECT owner_id FROM customer WHERE id = :id", id=customer) == anna.user_id


def test_nothing_is_given_to_who_left(house: House, people: list[Actor]) -> None:
    gone, anna, bert, _carl = people
    mine, yours = house.customer(owner_id=gone.user_id), house.customer(owner_id=bert.user_id)
    leave(house, gone, anna)
    due = {"kind": "call", "subject": "ask", "due_on": house.context().today}
    for field, act in {
        "owner_id": lambda: house.run(change_customer, yours, {"owner_id": gone.user_id}),
        "user_id": lambda: house.run(share_customer, yours, user_id=gone.user_id),
        "reports_to_id": lambda: house.run(change_user, bert.user_id, {"reports_to_id": gone.user_id}),
        "heir_ids": lambda: leave(house, bert, gone),
    }.items():
        with refused("invalid_input") as caught:
            act()
        assert list(caught.value.fields) == [field]
    for actor, values in ((gone, due), (house.actor, due | {"owner_id": gone.user_id})):
        with refused("invalid_input") as caught:
            run(record_activity, mine, values, context=replace(house.context(), actor=actor))
        assert caught.value.fields["owner_id"].code == "planner_inactive"
    with refused("invalid_input"):
        run(create_customer, {"name": f"Late {gone.login}"}, context=replace(house.context(), actor=gone))
    values = {"login": f"new{gone.login}", "name": "New", "password": "demo-demo", "roles": ["sales"]}
    with refused("invalid_input"):
        house.run(create_user, values | {"reports_to_id": gone.user_id})
    work_off(house)


def test_an_heir_who_leaves_is_followed(house: House, people: list[Actor], small_batches: None) -> None:
    gone, anna, bert, _carl = people
    for _ in range(5):
        house.customer(owner_id=gone.user_id)
    leave(house, gone, anna)
    house.run(apply_event, events(house)[0])
    leave(house, anna, bert)
    work_off(house)
    assert [owned(house, who) for who in people] == [0, 0, 5, 0]
    found, _heirs = latest_departure(gone.user_id)
    assert found is not None and found.delegate == bert.name


def test_what_arrives_goes_to_the_delegate(house: House, people: list[Actor]) -> None:
    gone, anna, *_ = people
    customer = house.customer(owner_id=gone.user_id)
    house.pay(customer, "7.00")
    leave(house, gone, anna)
    [event] = house.rows(
        "SELECT id FROM outbox_event WHERE kind = 'payment_recorded' AND payload ->> 'customer_id' = :id",
        id=str(customer),
    )
    house.run(apply_event, event[0])
    told = "SELECT user_id FROM notice WHERE kind = 'payment_recorded' AND data ->> 'customer_id' = :id"
    assert house.rows(told, id=str(customer)) == [(anna.user_id,)]
    work_off(house)


def test_whoever_comes_back_has_empty_hands(house: House, people: list[Actor]) -> None:
    gone, anna, *_ = people
    customer = house.customer(owner_id=gone.user_id)
    leave(house, gone, anna)
    work_off(house)
    assert house.run(change_user, gone.user_id, {"is_active": True})["is_active"] is True
    assert owned(house, gone) == 0
    house.run(change_customer, customer, {"owner_id": gone.user_id})
    leave(house, gone, anna)
    work_off(house)
    assert [row.user_id for row in list_owners(customer)] == [who.user_id for who in (anna, gone, anna, gone)]


def test_a_plan_that_has_changed_is_shown_again(house: House, people: list[Actor]) -> None:
    gone, anna, *_ = people
    house.customer(owner_id=gone.user_id)
    heirs = Heirs((anna.user_id,))
    seen = preview(start_departure, gone.user_id, heirs, WHY, context=house.context())
    assert house.value("SELECT is_active FROM app_user WHERE id = :id", id=gone.user_id) is True
    house.customer(owner_id=gone.user_id)
    with refused("plan_changed"):
        house.run(start_departure, gone.user_id, heirs, WHY, context=house.context(expected_digest=seen.digest))
    seen = preview(start_departure, gone.user_id, heirs, WHY, context=house.context())
    kinds = [(effect.kind, effect.data.get("count")) for effect in seen.effects]
    assert kinds == [("access_ends", None), ("customers_taken_over", 2)]
    house.run(
        start_departure, gone.user_id, heirs, "another reason", context=house.context(expected_digest=seen.digest)
    )
    work_off(house)


@pytest.mark.parametrize(
    ("heirs", "field", "code"),
    [
        (lambda gone, _anna: Heirs(()), "heir_ids", "required"),
        (lambda gone, _anna: Heirs((7,)), "heir_ids", "user_unknown"),
        (lambda gone, _anna: Heirs((gone,)), "heir_ids", "heir_leaves"),
        (lambda gone, anna: Heirs((anna,), reports_to_id=gone), "reports_to_id", "heir_leaves"),
        (lambda gone, anna: Heirs((anna,), (HeirGroup(7, region="x"),)), "groups.0.heir_id", "user_unknown"),
        (lambda gone, anna: Heirs((anna,), (HeirGroup(anna),)), "groups.0", "one_group"),
        (lambda gone, anna: Heirs((anna,), (HeirGroup(anna, region="x", industry="y"),)), "groups.0", "one_group"),
        (lambda gone, anna: Heirs((anna,), (HeirGroup(anna, customer_ids=(5,)),)), "groups.0.customer_ids",
         "not_his_customers"),
    ],
)  # fmt: skip
def test_who_cannot_take_over(house: House, people: list[Actor], heirs: Any, field: str, code: str) -> None:
    gone, anna, *_ = people
    with refused("invalid_input") as caught:
        house.run(start_departure, gone.user_id, heirs(gone.user_id, anna.user_id), WHY)
    assert {name: fault.code for name, fault in caught.value.fields.items()} == {field: code}


def test_who_cannot_be_put_out(house: House, people: list[Actor]) -> None:
    gone, anna, *_ = people
    for reason, code in ((" ", "required"), ("x" * 301, "too_long")):
        with refused("invalid_input") as caught:
            house.run(start_departure, gone.user_id, Heirs((anna.user_id,)), reason)
        assert caught.value.fields["reason"].code == code
    with refused("departure_of_yourself"):
        house.run(start_departure, house.actor.user_id, Heirs((anna.user_id,)), WHY)
    with refused("last_administrator"):
        run(start_departure, house.actor.user_id, Heirs((anna.user_id,)), WHY,
            context=replace(house.context(), actor=replace(house.actor, user_id=anna.user_id)))  # fmt: skip
    with refused("not_found"):
        house.run(start_departure, 7, Heirs((anna.user_id,)), WHY)
    leave(house, gone, anna)
    with refused("already_left"):
        leave(house, gone, anna)
    work_off(house)
    with refused("not_found"):
        house.run(resume_departure, gone.user_id)


def test_nobody_is_just_made_inactive_with_something_in_hand(house: House, people: list[Actor]) -> None:
    gone, anna, bert, carl = people
    customer = house.customer(owner_id=anna.user_id)
    house.run(share_customer, customer, user_id=gone.user_id)
    house.run(change_user, carl.user_id, {"reports_to_id": bert.user_id})
    for who, what in ((gone, {"shares": 1}), (bert, {"reports": 1})):
        with pytest.raises(DomainError, match="user_has_open_work") as caught:
            house.run(change_user, who.user_id, {"is_active": False})
        assert {name: caught.value.data.get(name) for name in what} == what
    assert house.preview(survey_leaver, gone.user_id).result["work"].shares == 1
    leave(house, gone, anna)
    work_off(house)
