"""Nobody gets past an approval: not by skipping steps, not by approving his own, not by using one twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D
from typing import Any

import psycopg
import pytest

from core import database as db
from core.approvals.asking import ask_for_approval, carry_out, foresee, withdraw
from core.approvals.deputies import delegate, end_delegation
from core.context import Context
from core.errors import DomainError
from core.masks import COSTS, Masked
from core.users import change_user
from crm.departures import Heirs, start_departure
from crm.orders.confirm import confirm_order
from crm.orders.create import change_order
from crm.pricing import LineRequest
from crm.quotations import create_quotation, order_quotation
from finance.payments import Wanted, record_payment
from finance.periods import close_period, reopen_period
from finance.write_offs import reverse_write_off, write_off
from inventory.catalog import change_product
from inventory.documents import StockLine, adjust_stock
from tests.concurrency.crowd import at_once, codes
from tests.database_server import DatabaseUrls
from tests.scenarios.checks import assert_clean
from tests.scenarios.house import House, refused
from tests.world import new_key, now

PEOPLE = {
    "seller": "sales",
    "mate": "sales",
    "head": "sales_manager",
    "boss": "manager",
    "second": "manager",
    "books": "finance",
    "store": "warehouse",
    "elsewhere": "sales_manager",
}


@pytest.fixture(scope="module")
def company(module_database: DatabaseUrls) -> Iterator[House]:
    house = House.set_up(module_database.app)
    house.system_url, house.superuser_url = module_database.system, module_database.superuser
    for login, role in PEOPLE.items():
        house.user(login, role)
    house.team("seller", "mate", "head")
    house.team("elsewhere")
    house.run(change_user, house.actor_of("seller").user_id, {"reports_to_id": house.actor_of("head").user_id})
    yield house
    house.database.dispose()


@pytest.fixture
def house(company: House) -> Iterator[House]:
    db.configure(company.database)
    yield company
    for (delegation,) in company.rows("SELECT id FROM approval_delegation WHERE ended_at IS NULL AND until > now()"):
        [(owner,)] = company.rows(
            "SELECT login FROM app_user JOIN approval_delegation AS away ON from_user_id = app_user.id"
            " WHERE away.id = :id",
            id=delegation,
        )
        company.run(end_delegation, delegation, context=company.context(actor=company.actor_of(owner)))
    assert_clean(company)


@pytest.fixture
def product(house: House) -> int:
    return house.product(stock=1000)


def by(house: House, login: str, **values: Any) -> Any:
    return house.context(actor=house.actor_of(login), **values)


def over_limit(house: House, product: int, amount: str = "100", limit: str = "50", login: str = "seller") -> Any:
    """A draft of the seller's customer, whose total (with VAT) is over the limit; (order, customer)."""
    owner = house.actor_of(login).user_id
    customer = house.customer(credit_limit=D(limit), owner_id=owner)
    return house.order(customer, (product, 1, amount)), customer


def confirm(house: House, order: Any, login: str = "seller", **values: Any) -> Any:
    return house.run(confirm_order, order["id"], context=by(house, login, **values))


def asked(house: House, order: Any, login: str = "seller") -> int:
    request_id: int = house.ask("confirm_order", {"order_id": order["id"]}, login)["id"]
    return request_id


def state_of(house: House, request_id: int) -> str:
    state: str = house.value("SELECT state FROM approval_request WHERE id = :id", id=request_id)
    return state


def trail(house: House, record_type: str, record_id: int) -> list[str]:
    """Actions of a record in the audit trail, in order; a refused try with its code."""
    rows = house.rows(
        "SELECT action, changes->>'refused' FROM audit_row WHERE record_type = :type AND record_id = :id ORDER BY id",
        type=record_type,
        id=record_id,
    )
    return [f"{action} {code}" if code else action for action, code in rows]


# credit ---------------------------------------------------------------------------------------------------------------
def test_credit_over_the_limit_is_refused_kept_and_names_who_may_lift_it(house: House, product: int) -> None:
    order, _ = over_limit(house, product)
    with refused("credit_exceeded") as caught:
        confirm(house, order)
    about = caught.value.data["approval"]
    assert about["measure"] == D("63.00")
    assert about["approvers"] == ["Boss", "Second"]
    assert about["request"] is None
    assert house.order_now(order)[0] == "draft"
    assert trail(house, "sales_order", order["id"])[-1] == "approval.missing credit_exceeded"


def test_an_approved_override_lets_exactly_one_confirmation_through(house: House, product: int) -> None:
    order, customer = over_limit(house, product)
    request = asked(house, order)
    with refused("credit_exceeded"):  # asked is not approved
        confirm(house, order)
    house.decide(request, "boss", note="ok")
    answer = confirm(house, order)
    assert answer["state"] == "confirmed"
    assert state_of(house, request) == "used"
    again = house.order(customer, (product, 1, "100"))
    with refused("credit_exceeded"):  # one approval, one order
        confirm(house, again)
    assert "approval.used" in trail(house, "sales_order", order["id"])
    assert "approval.approved" in trail(house, "approval_request", request)


def test_an_approval_counts_for_its_order_its_requester_and_its_amount(house: House, product: int) -> None:
    order, customer = over_limit(house, product)
    house.decide(asked(house, order), "boss")
    with refused("credit_exceeded"):  # a colleague's
        confirm(house, order, "admin")
    other = house.order(customer, (product, 1, "100"))
    with refused("credit_exceeded"):  # another order of the same customer
        confirm(house, other)
    third, _ = over_limit(house, product)
    with refused("credit_exceeded"):  # another customer's
        confirm(house, third)
    house.run(house_change_lines, order["id"], product, "101")
    with refused("credit_exceeded"):  # more than was approved
        confirm(house, order)
    house.run(house_change_lines, order["id"], product, "99")
    assert confirm(house, order)["state"] == "confirmed"


def house_change_lines(plan: Any, order_id: int, product: int, price: str) -> Any:
    return change_order(plan, order_id, lines=[LineRequest(product, D(1), D(price))])


def test_an_approval_expires(house: House, product: int) -> None:
    order, _ = over_limit(house, product)
    request = asked(house, order)
    late = now() + timedelta(days=15)
    with refused("approval_state", state="expired"):
        house.decide(request, "boss", now=late)
    house.decide(request, "boss")
    with refused("credit_exceeded"):
        confirm(house, order, now=late)


def test_a_rule_that_is_off_lifts_no_credit_limit(house: House, product: int) -> None:
    order, _ = over_limit(house, product)
    house.set_rule("credit", is_active=False)
    try:
        with refused("credit_exceeded") as caught:
            confirm(house, order)
        assert caught.value.data["approval"] is None
        with refused("credit_exceeded"):
            asked(house, order)
    finally:
        house.set_rule("credit", is_active=True)


# who may decide -------------------------------------------------------------------------------------------------------
def test_nobody_approves_his_own(house: House, product: int) -> None:
    order, _ = over_limit(house, product)
    request = house.ask("confirm_order", {"order_id": order["id"]}, "boss")["id"]
    with refused("own_approval"):
        house.decide(request, "boss")
    assert trail(house, "approval_request", request)[-1] == "approval.refused_try own_approval"
    house.run(
        delegate, house.actor_of("mate").user_id, since=None, until=house.context().today, context=by(house, "boss")
    )
    with refused("own_approval"):  # nor through his deputy
        house.decide(request, "mate")
    assert trail(house, "approval_request", request)[-1] == "approval.refused_try own_approval"
    assert state_of(house, request) == "open"


def test_nobody_decides_what_he_asked_for_as_somebody_s_deputy(house: House, product: int) -> None:
    order, _ = over_limit(house, product)
    request = asked(house, order)
    house.run(
        delegate, house.actor_of("seller").user_id, since=None, until=house.context().today, context=by(house, "boss")
    )
    with refused("own_approval"):
        house.decide(request, "seller")
    assert state_of(house, request) == "open"


def test_the_database_refuses_an_own_decision_too(house: House, product: int) -> None:
    order, _ = over_limit(house, product)
    request = asked(house, order)
    requester = house.actor_of("seller").user_id
    with psycopg.connect(house.database.url.replace("+psycopg", "", 1)) as connection:
        for decider, behalf in ((requester, None), (house.actor_of("boss").user_id, requester)):
            with pytest.raises(psycopg.errors.IntegrityError, match="own_approval"), connection.transaction():
                connection.execute(
                    "INSERT INTO approval_decision (id, request_id, position, decided_by_id, on_behalf_of_id, decision,"
                    " decided_at) VALUES (1, %s, 1, %s, %s, 'approved', now())",
                    (request, decider, behalf),
                )
        with pytest.raises(psycopg.errors.RaiseException, match="plan_conflict"):
            connection.execute(
                "UPDATE approval_request SET state = 'used', closed_at = now() WHERE id = %s", (request,)
            )


def test_whoever_is_not_asked_finds_no_request_and_the_try_is_kept(house: House, product: int) -> None:
    order, _ = over_limit(house, product)
    request = asked(house, order)
    for login in ("mate", "store", "books"):
        with refused("not_found"):
            house.decide(request, login)
    assert trail(house, "approval_request", request)[-3:] == ["approval.refused_try not_found"] * 3
    with refused("not_found"):
        house.run(carry_out, request, context=by(house, "mate"))
    with refused("not_found"):
        house.preview_as("mate", foresee, request)
    with refused("not_found"):
        house.run(withdraw, request, context=by(house, "boss"))


def discounted(house: House, product: int, percent: str) -> Any:
    customer = house.customer(owner_id=house.actor_of("seller").user_id)
    return house.order(customer, (product, 1, None, percent))


def test_steps_are_not_skipped_and_nobody_takes_two(house: House, product: int) -> None:
    order = discounted(house, product, "60")
    request = asked(house, order)
    with refused("approval_step_first"):
        house.decide(request, "boss")
    assert trail(house, "approval_request", request)[-1] == "approval.refused_try approval_step_first"
    with refused("not_found"):  # head of another team, who does not see the customer
        house.decide(request, "elsewhere")
    assert house.decide(request, "head")["state"] == "open"
    with refused("approval_required"):  # half approved is not approved
        confirm(house, order)
    with refused("approval_once"):
        house.decide(request, "head")
    house.run(
        delegate, house.actor_of("head").user_id, since=None, until=house.context().today, context=by(house, "boss")
    )
    with refused("approval_once"):  # nor in somebody else's right
        house.decide(request, "head")
    with refused("approval_moved_on"):  # the page of the first step is not the second one
        house.decide(request, "boss", position=1)
    assert house.decide(request, "boss", position=2)["state"] == "approved"
    assert confirm(house, order)["state"] == "confirmed"


def test_a_refusal_ends_it(house: House, product: int) -> None:
    order = discounted(house, product, "60")
    request = asked(house, order)
    with refused("invalid_input"):
        house.decide(request, "head", "refused", note=" ")
    house.decide(request, "head", "refused", note="too much")
    with refused("approval_state", state="refused"):
        house.decide(request, "boss")
    with refused("approval_required"):
        confirm(house, order)
    with refused("approval_state", state="refused"):
        house.run(carry_out, request, context=by(house, "seller"))


def test_a_deputy_decides_while_it_runs_and_not_after(house: House, product: int) -> None:
    first, second = (over_limit(house, product)[0] for _ in range(2))
    requests = [asked(house, order) for order in (first, second)]
    mate = house.actor_of("mate").user_id
    away = house.run(delegate, mate, since=None, until=house.context().today, context=by(house, "boss"))
    answer = house.decide(requests[0], "mate")
    assert answer["state"] == "approved"
    [(decided_by, behalf)] = house.rows(
        "SELECT decided_by_id, on_behalf_of_id FROM approval_decision WHERE request_id = :id", id=requests[0]
    )
    assert (decided_by, behalf) == (mate, house.actor_of("boss").user_id)
    with refused("not_found"):
        house.run(end_delegation, away["id"], context=by(house, "mate"))
    house.run(end_delegation, away["id"], context=by(house, "boss"))
    with refused("not_found"):
        house.decide(requests[1], "mate")
    assert trail(house, "approval_request", requests[1])[-1] == "approval.refused_try not_found"
    today = house.context().today
    days = {"since": today + timedelta(days=1), "until": today + timedelta(days=2)}
    tomorrow = house.run(delegate, mate, **days, context=by(house, "boss"))
    with refused("not_found"):  # not before it begins
        house.decide(requests[1], "mate")
    with refused("not_found"):  # nor after it is over
        house.decide(requests[1], "mate", now=now() + timedelta(days=5))
    assert house.decide(requests[1], "mate", now=now() + timedelta(days=2))["state"] == "approved"
    house.run(end_delegation, tomorrow["id"], context=by(house, "boss"))


def test_whoever_left_decides_nothing(house: House, product: int) -> None:
    order, _ = over_limit(house, product)
    request = asked(house, order)
    leaver = house.user("leaver", "manager")
    house.run(change_user, leaver.user_id, {"is_active": False})
    with refused("not_found"):
        house.run(decide_as, request, context=house.context(actor=leaver))


def decide_as(plan: Any, request_id: int) -> Any:
    from core.approvals.deciding import decide
    from core.approvals.models import Decision

    return decide(plan, request_id, Decision.APPROVED)


def test_a_step_may_wait_for_a_person_or_the_superior(house: House, product: int) -> None:
    rule = house.rows("SELECT id FROM approval_rule WHERE kind = 'credit'")[0][0]
    before = [{"approver": "role", "role_id": house.value("SELECT id FROM role WHERE code = 'manager'")}]
    try:
        house.set_rule("credit", steps=[{"approver": "superior"}])
        order, _ = over_limit(house, product)
        request = asked(house, order)
        with refused("not_found"):
            house.decide(request, "boss")
        assert house.decide(request, "head")["state"] == "approved"
        house.set_rule("credit", steps=[{"approver": "person", "user_id": house.actor_of("second").user_id}])
        order, _ = over_limit(house, product)
        request = asked(house, order)
        with refused("not_found"):
            house.decide(request, "boss")
        assert house.decide(request, "second")["state"] == "approved"
        order, _ = over_limit(house, product)  # its own superior: nobody fits, so it falls to the administrators
        house.set_rule("credit", steps=[{"approver": "superior"}])
        request = house.ask("confirm_order", {"order_id": order["id"]}, "boss")["id"]
        assert house.decide(request, "admin")["state"] == "approved"
    finally:
        house.set_rule("credit", steps=before)
    assert rule


def leave(house: House, login: str, heir: str) -> Any:
    heirs = Heirs((house.actor_of(heir).user_id,))
    seen = house.preview(start_departure, house.actor_of(login).user_id, heirs, "moves abroad")
    house.run(start_departure, house.actor_of(login).user_id, heirs, "moves abroad")
    return next((effect.data for effect in seen.effects if effect.kind == "approvals_end"), None)


def test_what_only_a_leaver_could_decide_goes_back_to_who_asked(house: House, product: int) -> None:
    only = house.user("only", "manager")
    before = [{"approver": "role", "role_id": house.value("SELECT id FROM role WHERE code = 'manager'")}]
    house.set_rule("credit", steps=[{"approver": "person", "user_id": only.user_id}])
    try:
        order, _ = over_limit(house, product)
        request = asked(house, order)
        assert leave(house, "only", "boss") == {"own": 0, "stuck": 1, "deputies": 0, "rules": 1}
        assert state_of(house, request) == "withdrawn"
        assert trail(house, "approval_request", request)[-1] == "approval.withdrawn"
        again = asked(house, order)  # and now it waits for the administrator
        house.decide(again, "admin")
        assert confirm(house, order)["state"] == "confirmed"
    finally:
        house.set_rule("credit", steps=before)


def test_what_others_can_decide_waits_for_them_and_what_a_leaver_asked_does_not(house: House, product: int) -> None:
    third, _ = house.user("third", "manager"), house.user("asker", "sales")
    theirs, own = over_limit(house, product)[0], over_limit(house, product, login="asker")[0]
    requests = [asked(house, theirs), asked(house, own, "asker")]
    for giver, taker in (("boss", third), ("third", house.actor_of("mate"))):
        house.run(delegate, taker.user_id, since=None, until=house.context().today, context=by(house, giver))
    assert leave(house, "third", "boss") == {"own": 0, "stuck": 0, "deputies": 2, "rules": 0}
    assert [state_of(house, request) for request in requests] == ["open", "open"]
    assert leave(house, "asker", "mate") == {"own": 1, "stuck": 0, "deputies": 0, "rules": 0}
    assert [state_of(house, request) for request in requests] == ["open", "withdrawn"]
    assert house.decide(requests[0], "boss")["state"] == "approved"


def test_whoever_is_simply_made_inactive_leaves_no_request_behind(house: House, product: int) -> None:
    away = house.user("away", "manager")
    request = house.ask("confirm_order", {"order_id": over_limit(house, product)[0]["id"]}, "away")["id"]
    house.run(change_user, away.user_id, {"is_active": False})
    assert state_of(house, request) == "withdrawn"


# asking and doing -----------------------------------------------------------------------------------------------------
def test_the_measure_is_the_command_s_own(house: House, product: int) -> None:
    order, _ = over_limit(house, product, "500", "65")
    request = house.ask("confirm_order", {"order_id": order["id"], "measure": "1"}, "seller")
    assert D(str(request["requests"][0]["measure"])) == D("500.00")
    with refused("approval_asked_already"):
        house.ask("confirm_order", {"order_id": order["id"]}, "seller")
    fine = house.order(house.customer(owner_id=house.actor_of("seller").user_id), (product, 1))
    with refused("approval_not_needed"):
        house.ask("confirm_order", {"order_id": fine["id"]}, "seller")
    with refused("permission_denied"):
        house.ask("reopen_period", {"period_id": 1}, "seller")
    with refused("invalid_input"):
        house.ask("drop_everything", {}, "seller")
    theirs, _ = over_limit(house, product, login="mate")
    house.run(change_user, house.actor_of("elsewhere").user_id, {"roles": ["sales"]})
    with refused("not_found"):  # a colleague's order answers like a missing one
        house.ask("confirm_order", {"order_id": theirs["id"]}, "elsewhere")
    house.run(change_user, house.actor_of("elsewhere").user_id, {"roles": ["sales_manager"]})


def test_two_kinds_are_asked_for_at_once(house: House, product: int) -> None:
    customer = house.customer(owner_id=house.actor_of("seller").user_id, credit_limit=D(10))
    order = house.order(customer, (product, 1, None, "40"))
    answer = house.ask("confirm_order", {"order_id": order["id"]}, "seller")
    kinds = {request["kind"]: request["id"] for request in answer["requests"]}
    assert kinds.keys() == {"discount", "credit"}
    house.decide(kinds["discount"], "head")
    with refused("credit_exceeded"):
        house.run(carry_out, kinds["discount"], context=by(house, "seller"))
    assert state_of(house, kinds["discount"]) == "approved"
    house.decide(kinds["credit"], "boss")
    house.run(carry_out, kinds["credit"], context=by(house, "seller"))
    assert [state_of(house, request) for request in kinds.values()] == ["used", "used"]


def test_what_was_approved_is_done_as_the_requester(house: House, product: int) -> None:
    order, _ = over_limit(house, product)
    request = asked(house, order)
    preview = house.preview_as("boss", foresee, request)
    assert "receivable" in {effect.kind for effect in preview.effects}
    assert house.order_now(order)[0] == "draft"
    with refused("approval_state"):
        house.run(carry_out, request, context=by(house, "seller"))
    with refused("not_found"):  # who has not decided it does not do it either
        house.run(carry_out, request, context=by(house, "boss"))
    house.decide(request, "boss")
    house.run(carry_out, request, context=by(house, "boss"))
    confirmed_by = house.value("SELECT confirmed_by_id FROM sales_order WHERE id = :id", id=order["id"])
    assert confirmed_by == house.actor_of("seller").user_id
    [who] = house.rows(
        "SELECT actor_id FROM audit_row WHERE action = 'approval.carried_out' AND record_id = :id", id=request
    )
    assert who == (house.actor_of("boss").user_id,)
    with refused("approval_state", state="used"):
        house.run(carry_out, request, context=by(house, "seller"))


def test_what_was_approved_needs_the_requester_s_permission_still(house: House, product: int) -> None:
    first, second = over_limit(house, product)[0], over_limit(house, product)[0]
    requests = [asked(house, order) for order in (first, second)]
    for request in requests:
        house.decide(request, "boss")
    seller = house.actor_of("seller").user_id
    house.run(change_user, seller, {"roles": ["service"]})
    try:
        with refused("requester_may_not"):
            house.run(carry_out, requests[0], context=by(house, "boss"))
    finally:
        house.run(change_user, seller, {"roles": ["sales"]})
    house.run(withdraw, requests[1], context=by(house, "seller"))
    with refused("approval_state", state="withdrawn"):
        house.run(carry_out, requests[1], context=by(house, "seller"))
    with refused("credit_exceeded"):
        confirm(house, second)


# each kind ------------------------------------------------------------------------------------------------------------
def test_a_quotation_s_approved_discount_covers_its_order(house: House, product: int) -> None:
    customer = house.customer(owner_id=house.actor_of("seller").user_id)
    lines = [LineRequest(product, D(1), None, D(40))]
    quotation = house.run(create_quotation, customer_id=customer, lines=lines, context=by(house, "seller"))
    with refused("approval_required", kind="discount"):
        house.run(order_quotation, quotation["id"], context=by(house, "seller"))
    request = house.ask("order_quotation", {"quotation_id": quotation["id"]}, "seller")["id"]
    house.decide(request, "head")
    order = house.run(carry_out, request, context=by(house, "seller"))["result"]
    assert confirm(house, order)["state"] == "confirmed"


def test_what_was_quoted_stays_as_it_was_priced_when_the_catalog_s_price_rises(house: House) -> None:
    product, customer = house.product(stock=5), house.customer(owner_id=house.actor_of("seller").user_id)
    quotation = house.run(
        create_quotation, customer_id=customer, lines=[LineRequest(product, D(1))], context=by(house, "seller")
    )
    house.run(change_product, product, {"price": D(1000)})
    order = house.run(order_quotation, quotation["id"], context=by(house, "seller"))
    assert confirm(house, order)["state"] == "confirmed"


def relined(house: House, order: Any, *lines: LineRequest) -> None:
    house.run(change_order, order["id"], lines=list(lines), context=by(house, "seller"))


def test_an_approved_discount_counts_for_the_lines_it_was_approved_for(house: House, product: int) -> None:
    order = discounted(house, product, "40")
    request = asked(house, order)
    house.decide(request, "head")
    relined(house, order, LineRequest(product, D(500), None, D(40)))  # forty percent too, of five hundred times as much
    with refused("approval_required", kind="discount", request=None):
        confirm(house, order)
    with refused("approval_required"):
        house.run(carry_out, request, context=by(house, "seller"))
    assert state_of(house, request) == "approved"
    relined(house, order, LineRequest(product, D(1), None, D(40)))
    assert confirm(house, order)["state"] == "confirmed"
    assert state_of(house, request) == "used"


def test_a_quotation_s_approved_discount_covers_no_other_lines_of_its_order(house: House, product: int) -> None:
    customer = house.customer(owner_id=house.actor_of("seller").user_id)
    lines = [LineRequest(product, D(1), None, D(40))]
    quotation = house.run(create_quotation, customer_id=customer, lines=lines, context=by(house, "seller"))
    house.approve("order_quotation", {"quotation_id": quotation["id"]}, "seller", "head")
    order = house.run(order_quotation, quotation["id"], context=by(house, "seller"))
    relined(house, order, LineRequest(product, D(500), None, D(40)))
    with refused("approval_required", kind="discount"):
        confirm(house, order)


def test_a_price_below_the_catalog_s_is_a_discount_by_another_name(house: House, product: int) -> None:
    customer = house.customer(owner_id=house.actor_of("seller").user_id)
    full = house.value("SELECT price FROM product WHERE id = :id", id=product)
    cheap = house.order(customer, (product, 1, str(full * D("0.6"))))
    with refused("approval_required", kind="discount", measure=D(40)):
        confirm(house, cheap)
    both = house.order(customer, (product, 1, str(full * D("0.8")), "25"))  # neither is more than thirty by itself
    with refused("approval_required", kind="discount", measure=D(40)):
        confirm(house, both)
    given_away = house.order(customer, (product, 1, "0"))
    with refused("approval_required", kind="discount", measure=D(100)):
        confirm(house, given_away)
    dearer = house.order(customer, (product, 1, str(full * 2), "30"))
    assert confirm(house, dearer)["state"] == "confirmed"
    quotation = house.run(
        create_quotation,
        customer_id=customer,
        lines=[LineRequest(product, D(1), full / 2)],
        context=by(house, "seller"),
    )
    with refused("approval_required", kind="discount", measure=D(50)):
        house.run(order_quotation, quotation["id"], context=by(house, "seller"))


def test_discounts_up_to_the_limit_need_nobody(house: House, product: int) -> None:
    assert confirm(house, discounted(house, product, "30"))["state"] == "confirmed"
    with refused("approval_required", kind="discount", measure=D("30.001")):
        confirm(house, discounted(house, product, "30.001"))
    house.set_rule("discount", basis="document")
    try:
        customer = house.customer(owner_id=house.actor_of("seller").user_id)
        half = house.order(customer, (product, 1, None, "60"), (product, 1))
        assert confirm(house, half)["state"] == "confirmed"  # 30 % of the whole
    finally:
        house.set_rule("discount", basis="line")


def test_a_write_off_needs_a_second_person_and_closes_the_invoice(house: House, product: int) -> None:
    customer = house.customer(owner_id=house.actor_of("seller").user_id)
    [invoice] = house.confirmed(customer, (product, 1))["invoices"]
    with refused("approval_required", kind="write_off"):
        house.run(write_off, invoice["id"], amount=D(113), reason="破产", context=by(house, "books"))
    arguments = {"invoice_id": invoice["id"], "amount": "113", "why": "破产"}
    request = house.ask("write_off", arguments, "books")["id"]
    house.decide(request, "boss")
    with refused("invalid_input"):
        house.run(write_off, invoice["id"], amount=D(114), reason="破产", context=by(house, "books"))
    house.run(write_off, invoice["id"], amount=D(113), reason="破产", context=by(house, "books"))
    assert house.invoice_now(invoice["id"])[1] == 0
    assert house.money(customer)[:3] == (D(0), D(0), D(0))
    with refused("nothing_to_write_off"):
        house.run(write_off, invoice["id"], amount=D(1), reason="破产", context=by(house, "books"))


def test_a_write_off_is_not_cut_into_parts_below_the_limit(house: House, product: int) -> None:
    house.set_rule("write_off", threshold=D(50))
    try:
        customer = house.customer(owner_id=house.actor_of("seller").user_id)
        [invoice] = house.confirmed(customer, (product, 1))["invoices"]
        first = house.run(write_off, invoice["id"], amount=D(50), reason="尾差", context=by(house, "books"))
        with refused("approval_required", kind="write_off", measure=D("50.01")):
            house.run(write_off, invoice["id"], amount=D("0.01"), reason="尾差", context=by(house, "books"))
        house.run(reverse_write_off, first["id"], reason="收回")
        house.run(write_off, invoice["id"], amount=D(50), reason="尾差", context=by(house, "books"))
    finally:
        house.set_rule("write_off", threshold=D(0))


def seeing_costs(context: Context) -> Context:
    """As somebody of the same work who may see costs."""
    actor = context.actor
    return replace(context, actor=replace(actor, permissions=actor.permissions | {"costs.read"}))


def test_an_adjustment_over_the_limit_is_approved_line_by_line(house: House, product: int) -> None:
    house.set_rule("adjustment", is_active=True)
    try:
        asking = by(house, "store")
        small = [StockLine(product, D(-83))]
        house.run(adjust_stock, reason="盘点", lines=small, context=asking)  # 4,980 at cost
        lines = [StockLine(product, D(-84))]
        with refused("approval_required", kind="adjustment", measure=Masked(COSTS)):  # 10,020.00 at cost
            house.run(adjust_stock, reason="盘点", lines=lines, context=asking)
        asking = seeing_costs(asking)
        with refused("approval_required", kind="adjustment", measure=D("10020.00")):  # with what he adjusted before
            house.run(adjust_stock, reason="盘点", lines=lines, context=asking)
        with refused("approval_required", kind="adjustment", measure=D("5040.00")):  # the first of that day
            later = replace(asking, now=now() + timedelta(days=3))
            house.run(adjust_stock, reason="盘点", lines=lines, context=later)
        with refused("approval_required", kind="adjustment", measure=D("5040.00")):  # cut into parts
            house.run(adjust_stock, reason="盘点", lines=[StockLine(product, D(-1))], context=asking)
        other = house.product(stock=10)
        house.run(adjust_stock, reason="盘点", lines=[StockLine(other, D(-1))], context=asking)
        gain_and_loss = [StockLine(product, D(-50)), StockLine(product, D(50))]
        with refused("approval_required", kind="adjustment"):  # what is lost and what is found both count
            house.run(adjust_stock, reason="盘点", lines=gain_and_loss, context=asking)
        arguments = {"lines": [{"product_id": product, "quantity": "-84.000"}], "why": "盘点"}
        request = house.ask("adjust_stock", arguments, "store")["id"]
        house.decide(request, "boss")
        with refused("approval_required"):  # other lines
            house.run(adjust_stock, reason="盘点", lines=[StockLine(product, D(-85))], context=asking)
        before = house.level(product)["on_hand"]
        house.run(adjust_stock, reason="盘点", lines=lines, context=asking)
        assert house.level(product)["on_hand"] == before - 84
        with refused("approval_required"):  # once
            house.run(adjust_stock, reason="盘点", lines=lines, context=asking)
    finally:
        house.set_rule("adjustment", is_active=False)


def test_an_approved_adjustment_is_no_other_one(house: House, product: int) -> None:
    """No record stands behind it: what it is about is what was asked for, line by line."""
    other, context = house.product(stock=1000), by(house, "store")
    house.set_rule("adjustment", is_active=True)
    try:
        arguments = {"lines": [{"product_id": product, "quantity": "-90"}], "why": "盘点"}
        request = house.ask("adjust_stock", arguments, "store")["id"]
        house.decide(request, "boss")
        with refused("approval_required"):
            house.run(adjust_stock, reason="盘点", lines=[StockLine(other, D(-90))], context=context)
        assert state_of(house, request) == "approved"
        house.run(adjust_stock, reason="盘点", lines=[StockLine(product, D(-90))], context=context)
        assert state_of(house, request) == "used"
    finally:
        house.set_rule("adjustment", is_active=False)


def test_re_opening_a_month_always_needs_a_second_person(house: House) -> None:
    period = house.value("SELECT id FROM fiscal_period WHERE state = 'open' ORDER BY starts_on LIMIT 1")
    house.run(close_period, period, context=by(house, "books"))
    with refused("approval_required", kind="reopening"):
        house.run(reopen_period, period, context=by(house, "books"))
    request = house.ask("reopen_period", {"period_id": period}, "books")["id"]
    house.decide(request, "boss")
    house.run(carry_out, request, context=by(house, "books"))
    assert house.value("SELECT state FROM fiscal_period WHERE id = :id", id=period) == "open"


def test_what_is_not_posted_is_not_paid(house: House, product: int) -> None:
    customer = house.customer(owner_id=house.actor_of("seller").user_id)
    draft = house.order(customer, (product, 1))
    with refused("invalid_input"):
        house.run(
            record_payment, customer_id=customer, amount=D(113), allocations=[Wanted(draft["id"], D(113))],
            context=by(house, "books"),
        )  # fmt: skip
    assert trail(house, "customer", customer)[-1] == "payment.refused_try invalid_input"
    assert house.account(customer)["unapplied"] == 0


# all at once ----------------------------------------------------------------------------------------------------------
def test_two_approvers_at_once_decide_once(house: House, product: int) -> None:
    order, _ = over_limit(house, product)
    request = asked(house, order)
    answers = at_once([lambda: house.decide(request, "boss"), lambda: house.decide(request, "second")])
    assert codes(answers) == {"done": 1, "approval_state": 1}
    assert house.value("SELECT count(*) FROM approval_decision WHERE request_id = :id", id=request) == 1


def test_one_approval_is_used_by_one_of_many(house: House, product: int) -> None:
    house.set_rule("adjustment", is_active=True)
    try:
        arguments = {"lines": [{"product_id": product, "quantity": "-90"}], "why": "盘点"}
        request = house.ask("adjust_stock", arguments, "store")["id"]
        house.decide(request, "boss")
        lines, context = [StockLine(product, D(-90))], by(house, "store")
        answers = at_once([lambda: house.run(adjust_stock, reason="盘点", lines=lines, context=context)] * 4)
        assert codes(answers) == {"done": 1, "approval_required": 3}
    finally:
        house.set_rule("adjustment", is_active=False)


def test_doing_it_and_confirming_at_once_confirms_once(house: House, product: int) -> None:
    order, _ = over_limit(house, product)
    request = asked(house, order)
    house.decide(request, "boss")
    answers = at_once(
        [
            lambda: confirm(house, order, idempotency_key=new_key()),
            lambda: house.run(carry_out, request, context=by(house, "boss")),
            lambda: house.run(carry_out, request, context=by(house, "seller")),
        ]
    )
    assert codes(answers)["done"] == 1
    assert state_of(house, request) == "used"
    assert house.order_now(order)[0] == "confirmed"


def test_using_an_approval_waits_for_who_takes_it_back(house: House, product: int) -> None:
    """The lock at use, by itself: a preview writes nothing, so that no trigger could refuse it afterwards."""
    order, _ = over_limit(house, product)
    request = asked(house, order)
    house.decide(request, "boss")
    answers: list[Any] = []

    def use() -> None:
        try:
            answers.append(house.preview_as("seller", confirm_order, order["id"]))
        except DomainError as error:
            answers.append(error.code)

    with psycopg.connect(house.database.url.replace("+psycopg", "", 1)) as withdrawing:
        withdrawing.execute(
            "UPDATE approval_request SET state = 'withdrawn', closed_at = now() WHERE id = %s", (request,)
        )
        using = threading.Thread(target=use)
        using.start()
        while not (waits := is_waited_for(house, withdrawing.info.backend_pid)) and using.is_alive():
            using.join(0.02)
        assert waits, answers
    using.join(30)
    assert answers == ["credit_exceeded"]


def is_waited_for(house: House, process: int) -> bool:
    with psycopg.connect(house.superuser_url.replace("+psycopg", "", 1)) as watching:
        found = watching.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))", (process,)
        )
        return bool(found.fetchone()[0])  # type: ignore[index]


def test_nobody_waits_for_ever(house: House, product: int) -> None:
    """Deciding and using lock in one order: whatever comes at once, everybody gets an answer."""
    order, _ = over_limit(house, product)
    request = asked(house, order)
    done = threading.Event()

    def all_of_it() -> None:
        at_once(
            [
                lambda: house.decide(request, "boss"),
                lambda: confirm(house, order),
                lambda: house.run(withdraw, request, context=by(house, "seller")),
                lambda: house.ask("confirm_order", {"order_id": order["id"]}, "seller"),
            ]
        )
        done.set()

    people = threading.Thread(target=all_of_it)
    people.start()
    people.join(60)
    assert done.is_set()


# whoever is alone -----------------------------------------------------------------------------------------------------
def test_whoever_is_alone_is_not_locked_out_and_it_is_kept(fresh_database: DatabaseUrls) -> None:
    house = House.set_up(fresh_database.app)
    try:
        period = house.value("SELECT id FROM fiscal_period ORDER BY starts_on LIMIT 1")
        house.run(close_period, period)
        assert "sole_approver" in {warning.kind for warning in house.preview(reopen_period, period).warnings}
        house.run(reopen_period, period)
        assert trail(house, "fiscal_period", period)[-2:] == ["approval.waived", "fiscal_period.reopened"]
        customer, product = house.customer(credit_limit=D(50)), house.product(stock=5)
        order = house.order(customer, (product, 1))
        with refused("credit_exceeded"):  # here the limit itself is the way
            house.confirm(order)
        house.user("clerk", "finance")  # somebody, but nobody who may approve
        house.run(close_period, period)
        house.run(reopen_period, period)
        house.user("boss", "manager")
        house.run(close_period, period)
        with refused("approval_required"):
            house.run(reopen_period, period)
    finally:
        house.database.dispose()


def test_a_write_off_taken_back_leaves_everything_as_it_was(house: House, product: int) -> None:
    customer = house.customer(owner_id=house.actor_of("seller").user_id)
    order = house.confirmed(customer, (product, 1))
    [invoice] = order["invoices"]
    before = house.account(customer)
    house.set_rule("write_off", is_active=False)
    try:
        written = house.run(write_off, invoice["id"], amount=D("13.00"), reason="尾差")
    finally:
        house.set_rule("write_off", is_active=True)
    assert house.account(customer)["open_receivables"] == D("100.00")
    with refused("invoice_written_off"):
        house.cancel(order)
    house.run(reverse_write_off, written["id"], reason="收回")
    assert house.account(customer) == before
    with refused("not_found"):
        house.run(reverse_write_off, written["id"], reason="收回")
    house.cancel(order)


def test_nothing_is_asked_twice_under_one_key(house: House, product: int) -> None:
    order, _ = over_limit(house, product)
    context = by(house, "seller", idempotency_key=new_key(), route="test", body_digest="")
    answers = [
        house.run(ask_for_approval, "confirm_order", {"order_id": order["id"]}, reason="x", context=context)
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
