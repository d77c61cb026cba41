"""Two ways to write: records that people edit go through the session, money and stock through the plan, never the other
way round; and no statement reaches a scoped table unregistered."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest

from core.context import Context
from core.customers import save_address, save_contact
from core.database import Base
from core.outbox import apply_event
from core.statements import REGISTRY
from crm.owners import change_customer
from crm.pricing import LineRequest
from tests.architecture.hooks import PLUMBING, Seen, planned_tables, registered_texts, scoped_tables, watched
from tests.database_server import DatabaseUrls
from tests.integrity.conftest import live_a_little
from tests.scenarios.house import House

BEYOND_THE_VIEWER = {
    "finding.Hit8.products",  # entries of what belongs to nobody
    "finding.Hit8.suppliers",  # the same
    "closing.drafts",  # what a month still holds; whoever closes months sees everything
    "periods.month",  # the same
    "work.counts",  # sent with the look-up of the session, which sets the viewer for row security
    "notices.owner",  # the worker
    "notices.order",  # the worker
    "digest.due_tasks",  # the worker
    "talk.people",  # who else may see a record that the actor was shown
    "talk.readers",  # who may be told of it; each is asked by what he sees himself
    "terms.list",  # how many customers have these terms, for who keeps the settings
    "users.customers_owned",  # what would stay behind with a role that does not read customers, for who manages users
    "roles.owners",  # whose customers nobody would read, for who changes a role
    "leaving.open_work",  # what would stay behind, for who manages users
    "departures.customers",  # what somebody who leaves has in hand, for who manages users
    "departures.work",  # the same
    "departure_job.move_other_activities",  # the worker
    "departure_job.live_shares",  # the worker
    "owners.customers_of_owner",  # whoever manages users hands over all of one who leaves
}


@pytest.fixture(scope="module")
def seen(database_server) -> Iterator[Seen]:  # type: ignore[no-untyped-def]
    urls: DatabaseUrls = database_server.clone(f"{database_server.template}_architecture_{os.getpid()}")
    with watched() as seen:
        house = House.set_up(urls.app)
        house.user("sales", "sales")
        live_a_little(house)
        customer = house.customer(phone="010-88886666")
        house.run(change_customer, customer, {"city": "北京"})
        house.run(save_contact, customer, {"name": "林薇"})
        house.run(save_address, customer, {"kind": "shipping", "street": "建国路 1 号"})
        for (event,) in house.rows("SELECT id FROM outbox_event ORDER BY id"):
            house.run(apply_event, event, context=Context())
    yield seen
    house.database.dispose()
    database_server.drop(urls.name)


def test_money_and_stock_are_planned() -> None:
    assert {
        "sales_order", "sales_order_line", "invoice", "credit_note", "payment", "payment_allocation", "journal_entry",
        "journal_line", "stock_level", "stock_move", "product_valuation", "reservation", "shipment", "customer_account",
    } <= planned_tables()  # fmt: skip


def test_the_session_writes_no_planned_table(seen: Seen) -> None:
    assert "customer" in seen.session_writes
    assert seen.session_writes & planned_tables() == set()


def test_every_statement_of_a_command_is_registered(seen: Seen) -> None:
    known = registered_texts()
    assert len(seen.statements) > 40
    unknown = {text for text in seen.statements - known if not text.startswith("WITH w0 AS (")}
    assert unknown == set()


def test_no_raw_statement_of_a_command_touches_a_scoped_table(seen: Seen) -> None:
    raw = {text for text in seen.raw if not text.startswith(PLUMBING)}
    touched = {text: {name for name in scoped_tables() if re.search(rf"\b{name}\b", text)} for text in raw}
    assert {text: names for text, names in touched.items() if names} == {}


def test_registered_statements_declare_their_tables() -> None:
    tables = set(Base.metadata.tables)
    for statement in list(REGISTRY.values()):
        named = set(re.findall(r"\b(?:FROM|JOIN|INTO|UPDATE|TABLE)\s+(\w+)", statement.text)) & tables
        assert named <= statement.tables, (statement.name, named - statement.tables)
        assert statement.tables <= tables | {"alembic_version"}, (statement.name, statement.tables - tables)


def test_system_statements_on_scoped_tables_are_few_and_known() -> None:
    """`system` statements hold no predicate: on scoped tables only those on this list may, each with its reason."""
    scoped = scoped_tables()  # which loads the models, and their statements with them
    found = {
        statement.name.split("[")[0]
        for statement in list(REGISTRY.values())
        if statement.scope == "system" and statement.tables & scoped and not statement.name.startswith("integrity.")
    }
    assert found - BEYOND_THE_VIEWER == set()


def test_statements_by_root_start_from_an_id() -> None:
    """`by_root` is read beside a root that was loaded with the predicate: from its id, never from a text or a date."""
    searching = {
        statement.name
        for statement in list(REGISTRY.values())
        if statement.scope == "by_root"
        and statement.tables & scoped_tables()
        and not any(re.search(r"(^|_)ids?$", name) for name in statement.parameter_names)
    }
    assert searching == set()


def test_a_line_request_is_plain_data() -> None:
    assert LineRequest.__dataclass_params__.frozen  # type: ignore[attr-defined]
