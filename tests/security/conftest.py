"""The whole application on a company with a document of every kind, and a signed-in browser per role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from core.approvals.deputies import delegate
from core.categories import save_category
from core.custom_fields.commands import create_field
from core.customers import save_address, save_contact
from core.permissions import ROLES
from core.suppliers import create_supplier
from crm.activities import record_activity
from crm.orders.cancel import cancel_order
from crm.orders.correction import QuantityRequest
from crm.orders.return_goods import return_goods
from crm.pipeline import create_opportunity
from crm.pricing import LineRequest
from crm.quotations import create_quotation
from finance.write_offs import write_off
from tests.conftest import DatabaseUrls
from tests.world import PASSWORD, World
from web.app import create_app

SETTINGS = SimpleNamespace(
    secret_key="for tests only, thirty-two bytes!",
    environment="test",
    language="en",
    time_zone="Asia/Shanghai",
)


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures that a test makes by the hundred are not written down one by one."""
    monkeypatch.setattr("web.errors.log", SimpleNamespace(error=lambda *_arguments, **_named: None))


Visitor = Callable[[str | None], FlaskClient]


@pytest.fixture(scope="module")
def world(module_database: DatabaseUrls) -> World:
    """One company with a document of every kind and a user for each role."""
    world = World.set_up(module_database.app)
    for role in ROLES:
        if role != "admin":
            world.user(role, role)
    customer, product = world.customer(), world.product(stock=50)
    deal = world.run(create_opportunity, customer, {"name": "Deal", "amount": Decimal(100)})
    lines = [LineRequest(product, Decimal(1))]
    world.run(create_quotation, opportunity_id=deal["id"], lines=lines)
    order = world.order(customer, (product, 2))
    world.confirm(order)
    world.ship(order)
    world.pay(customer, "500")
    returned = [QuantityRequest(order["lines"][0]["id"], Decimal(1))]
    world.run(return_goods, order["id"], lines=returned)
    world.order(customer, (product, 1))
    world.run(save_contact, customer, {"name": "Li Ming"})
    world.run(save_address, customer, {"kind": "shipping", "street": "Harbour Road 1"})
    world.run(record_activity, customer, {"kind": "task", "subject": "Call back"})
    world.run(create_supplier, {"name": "Suzhou Precision", "country": "CN"})
    world.user("leaver", "sales")
    gone = world.order(customer, (product, 1))
    world.confirm(gone)
    world.run(cancel_order, gone["id"])
    world.pay(customer, "1", reference=gone["number"])
    world.run(save_category, {"name": "Tea"})
    world.run(create_field, {"record_type": "supplier", "key": "grade", "label": "Grade", "kind": "text"})
    _approvals(world, customer, product)
    return world


def _approvals(world: World, customer: int, product: int) -> None:
    """A request that waits, a write-off, and a deputy."""
    order = world.order(customer, (product, 1))
    [invoice] = world.confirm(order)["invoices"]
    world.ask("write_off", {"invoice_id": invoice["id"], "amount": "9", "why": "small"}, "finance")
    world.set_rule("write_off", is_active=False)
    world.run(write_off, invoice["id"], amount=Decimal(1), reason="rounding")
    world.set_rule("write_off", is_active=True)
    giving = world.context(actor=world.actor_of("leaver"))
    world.run(delegate, world.actor_of("sales").user_id, since=None, until=giving.today, context=giving)


@pytest.fixture(scope="module")
def app(world: World) -> Flask:
    return create_app(SETTINGS)


@pytest.fixture(scope="module")
def visitor(app: Flask, world: World) -> Iterator[Visitor]:
    """A browser signed in as a role, kept for the module; None is nobody."""
    browsers: dict[str | None, FlaskClient] = {None: app.test_client()}

    def open_browser(role: str | None) -> FlaskClient:
        if role not in browsers:
            browser = app.test_client()
            app.config["WTF_CSRF_ENABLED"] = False
            browser.post("/sign-in", data={"login": role, "password": PASSWORD})
            app.config["WTF_CSRF_ENABLED"] = True
            browsers[role] = browser
        return browsers[role]

    yield open_browser


def values_of(world: World) -> dict[str, Any]:
    """A valid value for every argument that routes take."""
    tables = {
        "order_id": "sales_order",
        "customer_id": "customer",
        "opportunity_id": "opportunity",
        "quotation_id": "quotation",
        "product_id": "product",
        "payment_id": "payment",
        "entry_id": "journal_entry",
        "allocation_id": "payment_allocation",
        "user_id": "app_user",
        "credit_note_id": "credit_note",
        "invoice_id": "invoice",
        "period_id": "fiscal_period",
        "shipment_id": "shipment",
        "warehouse_id": "warehouse",
        "account_id": "account",
        "document_id": "stock_document",
        "contact_id": "contact",
        "address_id": "address",
        "activity_id": "activity",
        "supplier_id": "supplier",
        "bank_account_id": "bank_account",
        "category_id": "product_category",
        "task_id": "ledger_task",
        "role_id": "role",
        "message_id": "mail_message",
        "provider_id": "oidc_provider",
        "identity_id": "oidc_identity",
        "request_id": "approval_request",
        "rule_id": "approval_rule",
        "field_id": "custom_field",
        "delegation_id": "approval_delegation",
        "write_off_id": "write_off",
    }
    values: dict[str, Any] = {}
    with world.database.reading() as connection:
        for name, table in tables.items():
            values[name] = connection.execute(text(f"SELECT min(id) FROM {table}")).scalar()
        # Somebody who visits no page: ending his sessions signs nobody else out.
        leaver = text("SELECT id FROM app_user WHERE login = 'leaver'")
        values["user_id"] = connection.execute(leaver).scalar()
    return values
