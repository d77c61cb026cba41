"""Customers from a file: checked, brought in, met again, decided, killed half way, and taken back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.customers import create_customer
from core.imports import ahead
from core.imports.commands import decide_rows, pause_import, resume_import, start_import, undo_import
from core.imports.kinds import KINDS
from core.imports.models import Action
from crm.owners import change_customer
from tests.imports.conftest import Importer, csv_file
from tests.scenarios.house import refused
from tests.world import World

ROOT = Path(__file__).resolve().parents[2]
HEADS = ["客户名称", "电话", "邮箱", "城市", "联系人"]
# All that an import of customers writes, apart from the trail, the import itself and the series of numbers.
TOUCHED = ("customer", "customer_account", "customer_ownership", "contact", "address")


def table_of(count: int) -> list[list[Any]]:
    rows = [[f"上海第{n}食品有限公司", f"138{n:08d}", f"a{n}@example.com", "上海", f"王{n}"] for n in range(count)]
    return [HEADS, *rows]


def content_of(world: World, *tables: str) -> dict[str, list[Any]]:
    return {table: world.rows(f"SELECT to_jsonb(t) FROM {table} AS t ORDER BY 1") for table in tables}


def test_each_refused_row_says_why_and_the_others_come_in(importer: Importer) -> None:
    rows = [
        HEADS,
        ["蓝天贸易有限公司", "13812345678", "a@example.com", "上海", "林薇"],
        ["", "13912345678", "", "", ""],
        ["白云贸易有限公司", "", "no address", "", ""],
        ["蓝天贸易有限责任公司", "", "", "", ""],
        ["长" * 201, "", "", "", ""],
    ]
    batch = importer.bring_in("customers", rows, existing="create")
    assert importer.rows(batch["id"]) == [
        (2, "done", "create", []),
        (3, "bad", None, ["required"]),
        (4, "bad", None, ["not_an_email"]),
        (5, "bad", None, ["import_same_in_file"]),
        (6, "bad", None, ["too_long"]),
    ]
    assert (batch["rows_created"], batch["rows_bad"]) == (1, 4)


def test_a_refused_row_names_all_that_is_wrong_with_it(importer: Importer) -> None:
    rows = [
        ["客户名称", "电话", "邮箱", "国家", "信用额度", "联系人", "联系人职务"],
        ["白云贸易有限公司", "1" * 201, "no address", "Nowhere", "-1", "林薇", "长" * 201],
        ["", "", "no address", "", "many", "", ""],
        ["青山贸易有限公司", "", "no address", "", "-1", "", ""],
    ]
    batch = importer.check(importer.upload("customers", ("a.csv", csv_file(rows))))
    found = importer.world.rows("SELECT reasons FROM import_row WHERE batch_id = :id ORDER BY line", id=batch["id"])
    assert [{reason["field"]: reason["code"] for reason in reasons} for (reasons,) in found] == [
        {
            "country": "unknown_country", "phone": "too_long", "email": "not_an_email",
            "credit_limit": "not_an_amount", "contact_title": "too_long",
        },
        {"name": "required", "email": "not_an_email", "credit_limit": "not_a_number"},
        {"email": "not_an_email", "credit_limit": "not_an_amount"},
    ]  # fmt: skip


def test_a_dry_run_writes_nothing(importer: Importer) -> None:
    before = content_of(importer.world, *TOUCHED, "number_series")
    checked = importer.check(importer.upload("customers", ("a.csv", csv_file(table_of(5)))))
    assert (checked["state"], checked["rows_created"]) == ("checked", 5)
    assert content_of(importer.world, *TOUCHED, "number_series") == before


@pytest.mark.parametrize(
    ("existing", "city", "state"), [("skip", "苏州", "skipped"), ("update", "上海", "done"), ("create", "苏州", "bad")]
)
def test_what_is_done_with_a_customer_there_is(importer: Importer, existing: str, city: str, state: str) -> None:
    world = importer.world
    values = {"name": "上海第0食品有限公司", "city": "苏州", "industry": "食品"}
    customer_id = world.run(create_customer, values)["id"]
    batch = importer.check(importer.upload("customers", ("a.csv", csv_file(table_of(1)))), existing)
    if existing != "create":
        importer.start(batch["id"])
    [(_, found, _, reasons)] = importer.rows(batch["id"])
    assert (found, reasons) == (state, ["duplicate_customer"] if state == "bad" else [])
    assert world.rows("SELECT city, industry FROM customer") == [(city, "食品")]
    if existing == "update":
        undone = importer.undo(batch["id"])
        assert (undone["state"], undone["rows_undone"]) == ("undone", 1)
        assert world.rows("SELECT id, city, phone FROM customer") == [(customer_id, "苏州", None)]


def test_rows_that_ask_wait_for_a_person(importer: Importer) -> None:
    world = importer.world
    for n in range(3):
        world.run(create_customer, {"name": f"上海第{n}食品有限公司", "city": "苏州"})
    batch = importer.bring_in("customers", table_of(4), existing="ask")
    assert (batch["rows_created"], batch["rows_asked"]) == (1, 3)
    importer.run(decide_rows, batch["id"], Action.UPDATE, [1])
    importer.run(decide_rows, batch["id"], Action.SKIP, [2])
    batch = importer.start(batch["id"])
    assert (batch["rows_created"], batch["rows_updated"], batch["rows_skipped"], batch["rows_asked"]) == (1, 1, 1, 1)
    assert world.value("SELECT count(*) FROM customer WHERE city = '上海'") == 2


def test_somebody_else_s_customer_is_refused_by_its_owner_s_name(world: World) -> None:
    world.run(create_customer, {"name": "上海第0食品有限公司", "phone": "13800000000"})
    importer = Importer(world, world.user("sales", "sales"))
    batch = importer.bring_in("customers", table_of(2), existing="update")
    [(state, reasons)] = world.rows("SELECT state, reasons FROM import_row WHERE line = 2")
    assert (state, reasons[0]["code"], reasons[0]["data"]["owner"]) == ("bad", "duplicate_customer", "Admin")
    assert (batch["rows_created"], batch["rows_updated"], batch["rows_bad"]) == (1, 0, 1)
    assert world.value("SELECT phone FROM customer WHERE name = '上海第0食品有限公司'") == "13800000000"


def test_each_record_s_trail_names_the_import(importer: Importer) -> None:
    batch = importer.bring_in("customers", table_of(1))
    found = importer.world.rows(
        "SELECT action, channel, reason, actor_id FROM audit_row WHERE channel = 'import' ORDER BY id"
    )
    mine = {row[0]: tuple(row[1:]) for row in found}
    assert mine["customer.created"] == ("import", "customers.csv", importer.actor.user_id)
    assert {"customer.created", "contact.created", "import_batch.checked", "import_batch.done"} <= mine.keys()
    importer.undo(batch["id"])
    assert importer.world.value("SELECT count(*) FROM audit_row WHERE action = 'customer.deleted'") == 1


def test_undone_the_database_is_as_before_but_for_numbers_and_trail(importer: Importer) -> None:
    world = importer.world
    world.run(create_customer, {"name": "早有客户", "city": "苏州"})
    before = content_of(world, *TOUCHED)
    batch = importer.bring_in("customers", table_of(1200))
    assert batch["rows_created"] == 1200
    undone = importer.undo(batch["id"])
    assert (undone["state"], undone["rows_undone"], undone["rows_kept"]) == ("undone", 1200, 0)
    assert content_of(world, *TOUCHED) == before
    assert world.value("SELECT last_value FROM number_series WHERE kind = 'CUS'") == 1201  # a number is given once


def test_nothing_is_undone_on_which_something_was_built(importer: Importer) -> None:
    world = importer.world
    batch = importer.bring_in("customers", table_of(3))
    first, second, _ = [found for (found,) in world.rows("SELECT id FROM customer ORDER BY name")]
    world.order(first, (world.product(stock=5), 1))
    world.run(change_customer, second, {"city": "苏州"})
    with refused("import_built_upon", count=2) as caught:
        importer.run(undo_import, batch["id"])
    assert {(fact["record_id"], fact["what"]) for fact in caught.value.data["built"]} == {
        (first, "sales_order"), (second, "changed"),
    }  # fmt: skip
    assert world.value("SELECT count(*) FROM customer") == 3


def test_the_database_itself_lets_no_other_customer_go(importer: Importer) -> None:
    batch = importer.bring_in("customers", table_of(1))
    for state in ("done", "undone"):
        assert importer.batch(batch["id"])["state"] == "done"
        with pytest.raises(Exception, match="posted_row"), importer.world.database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE import_batch SET state = %s", (state,))
            connection.exec_driver_sql("SELECT set_config('countinghouse.viewer', 'all', true)")
            connection.exec_driver_sql("DELETE FROM customer_ownership")
            connection.exec_driver_sql("DELETE FROM customer_account")


def test_paused_it_stands_still_and_goes_on_where_it_was(importer: Importer) -> None:
    uploaded = importer.upload("customers", ("a.csv", csv_file(table_of(KINDS["customers"].batch + 100))))
    importer.check(uploaded)
    importer.run(start_import, uploaded["id"])
    importer.work(most=1)
    importer.run(pause_import, uploaded["id"])
    importer.work()
    assert importer.batch(uploaded["id"])["rows_worked"] == KINDS["customers"].batch
    # What was made ready is for the step that would have followed, and for no other.
    assert len(ahead._here.kept.rows) == 100
    ahead._here.kept = ahead._here.kept._replace(rows=[])
    importer.run(resume_import, uploaded["id"])
    importer.work()
    done = importer.batch(uploaded["id"])
    assert (done["state"], done["rows_created"]) == ("done", KINDS["customers"].batch + 100)
    assert importer.world.value("SELECT count(*) FROM customer") == KINDS["customers"].batch + 100


WORKER = """
import os, sys
from core import clock, database as db
from core.command import run
from core.context import Context
from core.imports.kinds import KINDS
from core.jobs import execute, free_leases, lease_events, load_consumers
from core.outbox import apply_event
from core.plan import Plan
db.configure(db.Database(sys.argv[1]))
load_consumers(["crm.imports"])
object.__setattr__(KINDS["customers"], "batch", 100)
dies_at, seen = int(sys.argv[2]), 0
apply = Plan.apply
def dying(plan, *, commit=True):
    global seen
    seen += 1
    if seen == dies_at:
        os.kill(os.getpid(), 9)
    apply(plan, commit=commit)
    if seen == dies_at - 1 and commit and dies_at % 2:
        os.kill(os.getpid(), 9)
Plan.apply = dying
free_leases()
while events := lease_events():
    for event_id, _ in events:
        waiting = [event_id]
        while waiting:
            waiting = run(apply_event, waiting[0], context=Context(route="worker", channel="worker")).data["next"]
"""


# The batches at which a worker ends; each takes up what the one before left.
POINTS = (1, 2, 3, 4, 5)


def worker_killed_at(url: str, point: int) -> int:
    """A worker of its own that kills itself before (odd points: after) its so-many-th batch is committed; 0 where it
    came to the end of the work."""
    done = subprocess.run(
        [sys.executable, "-c", WORKER, url, str(point)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False, capture_output=True,
    )  # fmt: skip
    assert done.returncode in (0, -signal.SIGKILL), done.stderr.decode()[-2000:]
    return done.returncode


def test_killed_ten_times_it_is_whole_and_undone_it_is_gone(importer: Importer, fresh_database: Any) -> None:
    """What was killed comes to exactly what was never killed, row by row; and back."""
    world, count = importer.world, 1000
    before, table = content_of(world, *TOUCHED), csv_file(table_of(count))
    uploaded = importer.upload("customers", ("a.csv", table))
    importer.check(uploaded)
    whole = [(line, "done", "create", []) for line in range(2, count + 2)]
    kills, url = 0, fresh_database.system
    importer.run(start_import, uploaded["id"])
    for point in POINTS:
        kills += worker_killed_at(url, point) != 0
    while worker_killed_at(url, 10**6):
        pass
    assert importer.rows(uploaded["id"]) == whole
    assert world.value("SELECT count(*) FROM customer") == count
    again = importer.bring_in("customers", table)
    assert (again["rows_created"], again["rows_skipped"]) == (0, count)
    assert world.value("SELECT count(*) FROM customer") == count
    importer.run(undo_import, uploaded["id"])
    for point in POINTS:
        kills += worker_killed_at(url, point) != 0
    while worker_killed_at(url, 10**6):
        pass
    assert kills == 2 * len(POINTS)
    assert importer.batch(uploaded["id"])["rows_undone"] == count
    assert content_of(world, *TOUCHED) == before
