"""The history of records in words, and the audit trail: for whom, of what, how much."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.approvals import deciding
from core.audit import HIDDEN, record
from core.company import change_company
from core.customers import save_contact
from core.errors import DomainError
from core.organization import RowScope
from core.suppliers import create_supplier
from crm.orders.create import change_order
from crm.owners import change_customer
from crm.pricing import LineRequest
from finance.write_offs import write_off
from tests.database_server import DatabaseUrls
from tests.security.conftest import SETTINGS
from tests.world import PASSWORD, World, new_key
from web.app import create_app
from web.history.fields import CHOICES, FIELDS, UNTOLD
from web.history.records import KINDS
from web.history.words import ACTIONS, action_name


@pytest.fixture(scope="module")
def world(module_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(module_database.app)
    world.user("sales", "sales", language="en")
    world.user("manager", "manager", language="en")
    world.run(_auditor)
    world.user("auditor", "auditor", "sales", language="en")
    yield world
    world.database.dispose()


def _auditor(plan: Any) -> dict[str, Any]:
    from core.organization import Role

    plan.session.add(
        Role(code="auditor", name="Auditor", name_zh="审计", permissions=["audit.read"], row_scope=RowScope.OWN)
    )
    return {}


@pytest.fixture(scope="module")
def app(world: World) -> Flask:
    app = create_app(SETTINGS)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


def signed_in(app: Flask, login: str) -> FlaskClient:
    browser = app.test_client()
    browser.post("/sign-in", data={"login": login, "password": PASSWORD})
    return browser


@pytest.fixture(scope="module")
def manager(app: Flask) -> FlaskClient:
    return signed_in(app, "manager")


def text_of(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


# one record -----------------------------------------------------------------------------------------------------------
def test_a_change_shows_field_before_after_who_when_from_where_and_why(
    world: World, manager: FlaskClient, app: Flask
) -> None:
    customer = world.customer("Before Ltd", city="Lyon")
    token = world.token("manager")
    answer = app.test_client().patch(
        f"/api/v1/customers/{customer}",
        json={"name": "After Ltd", "city": None},
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": new_key()},
    )
    assert answer.status_code == 200, answer.text
    page = text_of(manager.get(f"/history/customer/{customer}"))
    assert "History of After Ltd" in page
    assert re.search(r"Name Before Ltd → now After Ltd", page)
    assert re.search(r"City Lyon → now empty", page)
    assert "API, token “API”" in page and f"PATCH /api/v1/customers/{customer}" in page and "127.0.0.1" in page
    assert "Manager" in page
    assert answer.headers["X-Request-ID"] in page


def test_ids_are_told_by_name(world: World, manager: FlaskClient) -> None:
    customer = world.customer()
    sales = world.actor_of("sales").user_id
    world.run(change_customer, customer, {"owner_id": sales})
    assert re.search(r"Owner Admin → now Sales", text_of(manager.get(f"/history/customer/{customer}")))


def test_the_reason_of_a_form_stands_in_the_history(world: World, manager: FlaskClient) -> None:
    customer, product = world.customer(), world.product(stock=5)
    order = world.order(customer, (product, 1))
    world.confirm(order)
    lines = world.rows("SELECT id FROM sales_order_line WHERE order_id = :id", id=order["id"])
    answer = manager.post(
        f"/orders/{order['id']}/cancel",
        data={"idempotency_key": new_key(), "reason": "The customer changed his mind", f"quantity-{lines[0][0]}": "1"},
    )
    rows = world.rows(
        "SELECT reason, channel, route FROM audit_row WHERE action = 'sales_order.cancelled' AND record_id = :id",
        id=order["id"],
    )
    assert answer.status_code == 303, answer.text
    assert rows == [("The customer changed his mind", "browser", f"POST orders.cancel /orders/{order['id']}/cancel")]
    assert "The customer changed his mind" in manager.get(f"/history/sales_order/{order['id']}").text


def test_every_kind_of_record_with_rows_has_a_page(world: World, app: Flask) -> None:
    customer, product = world.customer(), world.product(stock=5)
    world.run(save_contact, customer, {"name": "Li Ming"})
    world.run(create_supplier, {"name": "Suzhou Precision", "country": "CN"})
    order = world.order(customer, (product, 1))
    world.confirm(order)
    world.ship(order)
    world.pay(customer, "10")
    world.run(change_company, {"name": "Another name"})
    browser = signed_in(app, "admin")
    found = world.rows("SELECT DISTINCT ON (record_type) record_type, record_id FROM audit_row WHERE record_id > 0")
    assert len(found) > 10
    for record_type, record_id in found:
        answer = browser.get(f"/history/{record_type}/{record_id}")
        assert answer.status_code == 200, record_type
        assert record_type in KINDS


def test_a_refused_try_is_told_in_words(world: World, manager: FlaskClient) -> None:
    customer = world.customer(credit_limit=Decimal(1))
    order = world.order(customer, (world.product(stock=5), 1))
    with pytest.raises(DomainError):
        world.confirm(order)
    page = text_of(manager.get(f"/history/sales_order/{order['id']}"))
    assert "Refused, since it goes over the credit limit" in page
    assert "credit_exceeded" not in page


def test_every_code_that_is_kept_has_words() -> None:
    """Those of `keep` in the house, wherever they are raised."""
    kept = {"approval_required", "credit_exceeded", "invalid_input"}
    source = inspect.getsource(deciding._check_decider)
    kept |= set(re.findall(r'DomainError\("(\w+)"', source)) | {"not_found"}
    assert kept == CHOICES["refused"].keys()


def test_lines_of_a_changed_document_are_told_before_and_after(world: World, manager: FlaskClient) -> None:
    product = world.product(stock=5)
    order = world.order(world.customer(), (product, 1, "100"))
    lines = [LineRequest(product, Decimal(2), Decimal(90), Decimal(5)), LineRequest(product, Decimal(1), Decimal(100))]
    world.run(change_order, order["id"], lines=lines)
    sku = world.value("SELECT sku FROM product WHERE id = :id", id=product)
    page = text_of(manager.get(f"/history/sales_order/{order['id']}"))
    assert f"{sku} × 1 × 100 → now {sku} × 2 × 90 − 5 %, {sku} × 1 × 100" in page


def test_every_kind_is_looked_up(app: Flask) -> None:
    browser = signed_in(app, "admin")
    for record_type in KINDS:
        assert browser.get(f"/history/{record_type}/999999999").status_code == 404, record_type


def test_a_write_off_is_seen_with_its_invoice(world: World, app: Flask) -> None:
    order = world.order(world.customer(), (world.product(stock=5), 1))
    [invoice] = world.confirm(order)["invoices"]
    world.set_rule("write_off", is_active=False)
    world.run(write_off, invoice["id"], amount=Decimal(1), reason="rounding")
    written = world.value("SELECT id FROM write_off WHERE invoice_id = :id", id=invoice["id"])
    assert signed_in(app, "manager").get(f"/history/write_off/{written}").status_code == 200
    assert signed_in(app, "auditor").get(f"/history/write_off/{written}").status_code == 404
    seen = {row["record_id"] for row in _all_rows(app, world.token("auditor")) if row["record_type"] == "write_off"}
    assert seen == set()


def test_the_steps_of_a_rule_stand_in_its_history_before_and_after(world: World, app: Flask) -> None:
    manager = world.value("SELECT id FROM role WHERE code = 'manager'")
    steps = [{"approver": "superior"}, {"approver": "role", "role_id": manager, "from_measure": Decimal(900)}]
    world.set_rule("credit", steps=steps)
    rule = world.value("SELECT id FROM approval_rule WHERE kind = 'credit'")
    rows = world.rows("SELECT changes FROM audit_row WHERE action = 'approval_rule.steps_changed'")
    before = [{"approver": "role", "role_id": manager, "from_measure": "0.000"}]
    after = [
        {"approver": "superior", "from_measure": "0"},
        {"approver": "role", "role_id": manager, "from_measure": "900"},
    ]
    assert rows == [({"steps": [before, after]},)]
    world.user("keeper", "admin", language="en")
    page = text_of(signed_in(app, "keeper").get(f"/history/approval_rule/{rule}"))
    name = world.value("SELECT name FROM role WHERE code = 'manager'")
    assert (
        "Steps changed" in page
        and "The requester" in page
        and f"Role {name}, Who approves A role, Needed above 900" in page
    )
    world.set_rule("credit", steps=steps)
    assert len(world.rows("SELECT id FROM audit_row WHERE action = 'approval_rule.steps_changed'")) == 1


def test_the_page_of_a_record_leads_to_its_history(world: World, manager: FlaskClient, app: Flask) -> None:
    customer = world.customer()
    assert f'href="/history/customer/{customer}"' in manager.get(f"/customers/{customer}").text
    assert "/history/" not in signed_in(app, "sales").get(f"/customers/{customer}").text
    assert 'href="/history/company/1"' in signed_in(app, "admin").get("/settings").text


def test_what_does_not_exist_looks_like_what_is_not_open(world: World, app: Flask) -> None:
    """Foreign customers, kinds the reader has no permission for, ids and kinds that do not exist."""
    foreign = world.customer("Somebody else's")
    auditor = signed_in(app, "auditor")
    user = world.actor_of("sales").user_id
    kept = [f"/history/customer/{foreign}", f"/history/app_user/{user}", "/history/customer/999999999"]
    for address in [*kept, "/history/nothing/1", "/history/audit_row/1", "/history/company/1"]:
        answer = auditor.get(address)
        assert answer.status_code == 404, address
        assert "Somebody else" not in answer.text
    token = world.token("auditor")
    for query in (f"record_type=customer&record_id={foreign}", "record_type=nothing&record_id=1"):
        answer = app.test_client().get(f"/api/v1/history?{query}", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 404


# all of it ------------------------------------------------------------------------------------------------------------
def test_the_trail_shows_only_what_the_reader_may_see(world: World, app: Flask) -> None:
    foreign = world.customer("Canary Trading")
    own = world.run(_customer_of, "Own Trading", world.actor_of("auditor").user_id, context=world.context())["id"]
    auditor, token = signed_in(app, "auditor"), world.token("auditor")
    page = auditor.get("/audit").text
    assert "Own Trading" in page or world.value("SELECT code FROM customer WHERE id = :id", id=own) in page
    assert "Canary Trading" not in page and str(foreign) not in page
    assert "<b>Signed in</b>" not in auditor.get("/audit?type=app_user").text
    rows = _all_rows(app, token)
    assert {row["record_type"] for row in rows} & {"app_user", "company", "payment_terms"} == set()
    assert foreign not in {row["record_id"] for row in rows if row["record_type"] == "customer"}
    assert own in {row["record_id"] for row in rows if row["record_type"] == "customer"}
    everything = _all_rows(app, world.token("admin"))
    assert foreign in {row["record_id"] for row in everything}
    assert len(everything) >= world.value("SELECT count(*) FROM audit_row") - 1


def _customer_of(plan: Any, name: str, owner_id: int) -> Any:
    from core.customers import create_customer

    return create_customer(plan, {"name": name, "owner_id": owner_id})


def _all_rows(app: Flask, token: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": "7"}
    client = app.test_client()
    while True:
        answer = client.get("/api/v1/audit", query_string=query, headers={"Authorization": f"Bearer {token}"}).json
        rows += answer["items"]
        if answer["next_cursor"] is None:
            break
        query["cursor"] = answer["next_cursor"]
    assert len({row["id"] for row in rows}) == len(rows)
    assert [row["recorded_at"] for row in rows] == sorted((row["recorded_at"] for row in rows), reverse=True)
    return rows


def test_filters(world: World, manager: FlaskClient) -> None:
    world.confirm(world.order(world.customer(), (world.product(stock=1), 1)))
    who = world.actor_of("admin").user_id
    assert manager.get(f"/audit?who={who}&type=product").status_code == 200
    confirmed = manager.get("/audit?action=sales_order.confirmed").text
    assert "<b>Confirmed</b>" in confirmed and "<b>Created</b>" not in confirmed
    assert "Nothing fits" in manager.get("/audit?since=2001-01-01&until=2001-01-02").text
    for query in ("after=x", "who=x", "since=9999-12-31", "until=0001-01-01", "type=%00", "action=nothing"):
        assert manager.get(f"/audit?{query}").status_code == 200, query


def test_the_trail_is_closed_to_others(app: Flask) -> None:
    browser = signed_in(app, "sales")
    assert browser.get("/audit").status_code == browser.get("/history/customer/1").status_code == 403


def test_exports_and_uncovered_fields_show_well(world: World, manager: FlaskClient) -> None:
    customer = world.customer()

    def told(plan: Any) -> dict[str, Any]:
        exported = {"rows": 12, "format": "xlsx", "filters": {"city": "Lyon"}}
        record(plan, "list.exported", "list", 0, label="customers", changes=exported)
        record(plan, "field.unmasked", "customer", customer, changes={"field": "phone"})
        return {}

    world.run(told)
    page = text_of(manager.get("/audit"))
    assert re.search(r"Exported .{0,80}Rows 12 .{0,40}Format xlsx .{0,40}Filters City Lyon", page), page[:2000]
    assert re.search(r"Uncovered a field .{0,80}Field phone", page)


# complete -------------------------------------------------------------------------------------------------------------
def test_every_action_that_is_recorded_has_words(world: World) -> None:
    for (action,) in world.rows("SELECT DISTINCT action FROM audit_row"):
        assert action_name(action) != action, action
    from tests.architecture.hooks import sources

    written = set()
    for module in sources().values():
        import ast

        for node in ast.walk(module):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "record" and len(node.args) > 1:
                given = node.args[1]
                if isinstance(given, ast.Constant):
                    written.add(str(given.value))
    assert len(written) > 20
    assert {action for action in written if action_name(action) == action} == set()
    assert set(ACTIONS) >= {action for action in written if not action.endswith((".created", ".changed"))}


def test_every_field_that_the_session_records_has_words() -> None:
    from core.database import Base
    from core.models_registry import import_all_models
    from tests.architecture.hooks import planned_tables

    import_all_models()
    unnamed = {
        f"{mapper.class_.__tablename__}.{column.name}"
        for mapper in Base.registry.mappers
        if mapper.class_.__tablename__ not in planned_tables() and getattr(mapper.class_, "__audited__", True)
        for column in mapper.class_.__table__.c
        if column.name not in FIELDS and column.name not in UNTOLD and column.name not in ("year",)
    }
    assert unnamed == set()


def test_secrets_never_stand_in_the_trail(world: World) -> None:
    hashes = [row[0] for row in world.rows("SELECT password_hash FROM app_user WHERE password_hash IS NOT NULL")]
    hashes += [row[0] for row in world.rows("SELECT token_hash FROM api_token")]
    trail = "\n".join(row[0] for row in world.rows("SELECT changes::text FROM audit_row"))
    assert hashes and not any(value in trail for value in hashes)
    assert {"password_hash", "token_hash"} <= HIDDEN
