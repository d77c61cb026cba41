"""What was just done is taken back from the message that says so, as long as nobody changed it since."""

from __future__ import annotations

import html
import re
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from core.custom_fields.commands import create_field
from core.customers import save_address, save_contact
from core.outbox import apply_event
from core.roles import create_role
from core.suppliers import create_supplier
from crm.activities import complete_activity, record_activity, reopen_activity
from crm.pipeline import create_opportunity
from inventory.catalog import set_reorder_point
from tests.web.pages_sell.conftest import Shop
from tests.web.pages_sell.merging import Sheet
from tests.world import new_key

_TOAST = re.compile(r'<div class="toast[^"]*"[^>]*>.*?<span>(.*?)</span>(.*?)</div>', re.S)
_UNDO = re.compile(r'<form method="post" action="([^"]*)">.*?data-undo', re.S)
_numbers = count(1)
# The form of each type, and entries that replace others, are new, or empty what stands there. Names that no two records
# may have carry a number, in front: spaces do not tell names apart, nor then “1 2” from “12”.
FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "customer": (
        "/customers/{customer}/edit",
        {
            "name": "{number} Lake & Sons",
            "phone": "",
            "city": "南京",
            "credit_limit": "7000",
            "note": "New",
            "custom-grade": "A",
        },
    ),
    "contact": ("/customers/{customer}/contacts/{contact}", {"title": "Buyer", "phone": "13900000001"}),
    "address": ("/customers/{customer}/addresses/{address}", {"street": "Quay 1", "region": "江苏"}),
    "opportunity": (
        "/opportunities/{opportunity}/edit",
        {"name": "2027", "amount": "99.50", "expected_close_on": "2031-03-04", "budget": "12", "source": "Fair"},
    ),
    "product": ("/products/{product}/edit", {"name": "Tea", "price": "12.5", "cost": "7", "description": "Dried"}),
    "supplier": (
        "/suppliers/{supplier}/edit",
        {"name": "{number} Liquids", "city": "Leeds", "email": "us@example.com"},
    ),
}
# What a new record of a customer's begins with.
PARTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "contact": (save_contact, {"name": "李明朗", "title": "采购"}),
    "address": (save_address, {"kind": "shipping", "street": "人民路 1 号", "city": "苏州"}),
    "opportunity": (create_opportunity, {"name": "2026 年度供货", "amount": Decimal(260000)}),
}


@pytest.fixture(scope="module", autouse=True)
def more(shop: Shop) -> None:
    field = {"record_type": "customer", "key": "grade", "label": "Grade", "kind": "text", "mask": None}
    shop.world.run(create_field, field)


def new_form(shop: Shop, name: str) -> str:
    """The address of the form of a new record of a type, which no other test has changed."""
    world, path, number = shop.world, FORMS[name][0], next(_numbers)
    if name == "supplier":
        values = {"name": f"Exotic Liquids {number}", "country": "GB"}
        return path.format(supplier=world.run(create_supplier, values)["id"])
    if name == "product":
        return path.format(product=world.product(stock=10, price="96"))
    seller = shop.actors["sales"].user_id
    values = {"phone": f"0512-6587{number:04}", "credit_limit": Decimal(100000), "owner_id": seller}
    ids = {"customer": world.customer(**values)}
    if name in PARTS:
        command, begun = PARTS[name]
        ids[name] = world.run(command, ids["customer"], begun)["id"]
    return path.format(**ids)


def message(client: Any, path: str) -> tuple[str, str]:
    """The message on the next page, and the address that takes back what it says."""
    answer = client.get(path)
    found = _TOAST.search(answer.text)
    assert found, path
    undo = _UNDO.search(found[2])
    return html.unescape(found[1]), html.unescape(undo[1]) if undo else ""


def send(client: Any, path: str, **values: Any) -> tuple[str, str]:
    """Sends a form and answers the message it ends in."""
    answer = client.post(path, data={"idempotency_key": new_key(), **values})
    assert answer.status_code == 303, answer.text
    return message(client, answer.location)


def changed(shop: Shop, name: str, role: str = "admin") -> tuple[Sheet, Sheet, str]:
    """The form of a new record as it was, the same after some of its entries were saved, and the way back."""
    number = next(_numbers)
    entries = {field: entry.format(number=number) for field, entry in FORMS[name][1].items()}
    before = Sheet.open(shop.client(role), new_form(shop, name))
    after = Sheet.open(before.client, before.path)
    answer = before.client.post(before.path, data={**before.values.to_dict(), **entries, "idempotency_key": new_key()})
    assert answer.status_code == 303, answer.text
    _text, undo = message(before.client, answer.location)
    assert undo
    return before, Sheet.open(after.client, after.path), undo


def entries_of(sheet: Sheet) -> dict[str, str]:
    return {
        name: text
        for name, text in sheet.values.items()
        if name not in ("version", "base", "idempotency_key", "csrf_token")
    }


@pytest.mark.parametrize("name", FORMS)
def test_a_saved_form_is_taken_back(shop: Shop, name: str) -> None:
    before, after, undo = changed(shop, name)
    assert all(after.values[field] != before.values[field] for field in FORMS[name][1])
    assert send(after.client, undo) == ("Taken back", "")
    assert entries_of(Sheet.open(after.client, after.path)) == entries_of(before)


@pytest.mark.parametrize("name", FORMS)
def test_what_somebody_changed_since_is_left(shop: Shop, name: str) -> None:
    _before, after, undo = changed(shop, name)
    field = next(iter(FORMS[name][1]))
    entry = after.values[field]
    theirs = Sheet.open(shop.client("manager"), after.path)
    assert theirs.send({field: f"{entry} 2"}) == 303, theirs.text
    text, again = send(after.client, undo)
    assert text.startswith("Not taken back: Manager1 changed it since.") and not again
    assert Sheet.open(after.client, after.path).values[field] == f"{entry} 2"


def test_a_second_time_takes_nothing_more_back(shop: Shop) -> None:
    before, after, undo = changed(shop, "supplier")
    send(after.client, undo)
    text, _ = send(after.client, undo)
    assert text.startswith("Not taken back: ")
    assert entries_of(Sheet.open(after.client, after.path)) == entries_of(before)


def test_a_change_is_taken_back_by_who_made_it(shop: Shop) -> None:
    _before, after, undo = changed(shop, "supplier")
    text, _ = send(shop.client("manager"), undo)
    assert text.startswith("Not taken back: Admin1 changed it since.")
    assert entries_of(Sheet.open(after.client, after.path)) == entries_of(after)


@pytest.mark.parametrize(("name", "role", "status"), [("product", "sales", 403), ("nothing", "admin", 404)])
def test_who_may_not_change_takes_nothing_back(shop: Shop, name: str, role: str, status: int) -> None:
    version = shop.world.value("SELECT version FROM product WHERE id = :id", id=shop.ids["tea"])
    answer = shop.post(f"/undo/{name}/{shop.ids['tea']}/{version}", {}, role=role)
    assert answer.status_code == status


def test_a_colleague_s_record_is_not_there(shop: Shop) -> None:
    theirs = shop.world.customer("Not ours")
    assert shop.post(f"/undo/customer/{theirs}/1", {}, role="sales").status_code == 404


def test_what_a_record_began_with_is_not_taken_back(shop: Shop) -> None:
    customer = shop.post("/customers/new", {"name": "Began", "country": "CN", "lifecycle": "new"}).location
    number = int(re.findall(r"\d+", customer)[0])
    client = shop.client()
    text, _ = send(client, f"/undo/customer/{number}/1")
    assert text == "There was nothing to take back: no field had changed."


def test_a_form_saved_as_it_is_offers_nothing(shop: Shop) -> None:
    sheet = Sheet.open(shop.client(), new_form(shop, "supplier"))
    assert sheet.send() == 303
    assert message(sheet.client, sheet.path.removesuffix("/edit"))[1] == ""


def test_what_one_does_not_see_comes_back(shop: Shop) -> None:
    world = shop.world
    permissions = ("home.read", "suppliers.read", "suppliers.write")
    world.user(
        "clerk", world.run(create_role, {"name": "Clerk", "permissions": permissions, "row_scope": "all"})["code"]
    )
    shop.actors["clerk"] = world.actor_of("clerk")
    kept = {"name": "Masked", "country": "GB", "phone": "020 7946 0000"}
    there = f"/suppliers/{world.run(create_supplier, kept)['id']}"
    sheet = Sheet.open(shop.client("clerk"), f"{there}/edit")
    assert "•" in sheet.values["phone"] and not sheet.values["email"]
    assert sheet.send({"phone": "1", "email": "us@example.com"}) == 303
    assert send(sheet.client, message(sheet.client, there)[1])[0] == "Taken back"
    assert world.rows("SELECT phone, email FROM supplier WHERE name = 'Masked'") == [("020 7946 0000", None)]


# stages ---------------------------------------------------------------------------------------------------------------
@pytest.fixture
def deal(shop: Shop) -> int:
    values = {"name": "Steps", "amount": Decimal(10), "budget": Decimal(5), "schedule": "Q3"}
    return int(shop.world.run(create_opportunity, shop.ids["customer"], values)["id"])


def stage_of(shop: Shop, deal: int) -> Any:
    return shop.world.rows(
        "SELECT stage.code, deal.stage_kind, deal.lost_reason, deal.competitor, deal.closed_at IS NULL"
        " FROM opportunity AS deal JOIN pipeline_stage AS stage ON stage.id = deal.stage_id WHERE deal.id = :id",
        id=deal,
    )[0]


def open_stages(shop: Shop) -> list[str]:
    rows = shop.world.rows("SELECT code FROM pipeline_stage WHERE kind = 'open' ORDER BY position")
    return [code for (code,) in rows]


def test_a_deal_moved_on_and_back_returns_to_its_stage(shop: Shop, deal: int) -> None:
    client, (first, second, *_) = shop.client(), open_stages(shop)
    _, undo = send(client, f"/opportunities/{deal}/move", stage=second, next="/opportunities/board")
    assert stage_of(shop, deal)[0] == second
    assert send(client, undo)[0] == "Taken back"
    assert stage_of(shop, deal)[0] == first


def test_a_move_back_is_taken_back_though_the_stage_asks_for_something(shop: Shop) -> None:
    before, stage = shop.world.rows(
        "SELECT asking.code, following.code FROM pipeline_stage AS asking JOIN pipeline_stage AS following"
        " ON following.position = asking.position + 1 WHERE asking.exit_criteria IS NOT NULL ORDER BY asking.position"
    )[0]
    values = {"name": "Bare", "amount": Decimal(10)}
    deal = shop.world.run(create_opportunity, shop.ids["customer"], values, stage=stage)["id"]
    client = shop.client()
    _, undo = send(client, f"/opportunities/{deal}/move", stage=before)
    assert shop.post(f"/opportunities/{deal}/move", {"stage": stage}).status_code == 409
    assert send(client, undo)[0] == "Taken back"
    assert stage_of(shop, deal)[0] == stage


def test_a_deal_that_was_not_lost_is_open_again(shop: Shop, deal: int) -> None:
    client, before = shop.client(), stage_of(shop, deal)
    _, undo = send(client, f"/opportunities/{deal}/lose", lost_reason="price", competitor="Acme")
    assert tuple(stage_of(shop, deal)) == ("lost", "lost", "price", "Acme", False)
    assert send(client, undo)[0] == "Taken back"
    assert stage_of(shop, deal) == before


def test_a_move_to_where_it_stands_takes_back_nothing_older(shop: Shop, deal: int) -> None:
    client, (_first, second, *_) = shop.client(), open_stages(shop)
    send(client, f"/opportunities/{deal}/move", stage=second)
    assert send(client, f"/opportunities/{deal}/move", stage=second)[1] == ""


# single steps ---------------------------------------------------------------------------------------------------------
def test_a_task_marked_as_done_waits_again(shop: Shop) -> None:
    task = {"kind": "task", "subject": "Call back", "due_on": shop.world.context().today}
    made = shop.world.run(record_activity, shop.ids["customer"], task)
    client, there = shop.client("sales"), f"/customers/{shop.ids['customer']}"
    _, undo = send(client, f"/activities/{made['id']}/done", version=made["version"], next=there)
    assert send(client, undo) == ("It waits again", "")
    assert shop.world.value("SELECT done_at FROM activity WHERE id = :id", id=made["id"]) is None
    _, undo = send(client, f"/activities/{made['id']}/done", next=there)
    for command in (reopen_activity, complete_activity):
        shop.world.run(command, made["id"])
    assert send(client, undo)[0].startswith("Left as it is")


def test_following_and_no_more(shop: Shop) -> None:
    client, record = shop.client("manager"), f"/talk/customer/{shop.ids['customer']}"
    followed = "SELECT count(*) FROM follower WHERE record_id = :id AND user_id = :user AND stopped_at IS NULL"
    who = {"id": shop.ids["customer"], "user": shop.actors["manager"].user_id}
    _, undo = send(client, f"{record}/follow", next=f"/customers/{shop.ids['customer']}")
    assert shop.world.value(followed, **who) == 1
    _, again = send(client, undo)
    assert shop.world.value(followed, **who) == 0
    send(client, again)
    assert shop.world.value(followed, **who) == 1


def test_a_dismissed_alert_is_open_again(shop: Shop) -> None:
    world = shop.world
    product = world.product(stock=3, sku="LOW", name="Low")
    world.run(set_reorder_point, product, world.value("SELECT id FROM warehouse WHERE is_default"), Decimal(8))
    for (event,) in world.rows("SELECT id FROM outbox_event WHERE state = 'pending' ORDER BY id"):
        world.run(apply_event, event)
    alert = world.value("SELECT id FROM stock_alert WHERE product_id = :id", id=product)
    client = shop.client()
    _, undo = send(client, f"/stock/alerts/{alert}/dismiss", tab="open")
    assert send(client, undo)[0] == "The alert is open again"
    assert world.value("SELECT dismissed_at FROM stock_alert WHERE id = :id", id=alert) is None
    world.receive(product, 10)
    for (event,) in world.rows("SELECT id FROM outbox_event WHERE state = 'pending' ORDER BY id"):
        world.run(apply_event, event)
    assert send(client, undo)[0].startswith("Not taken back: there is no such alert")


def test_an_archived_bank_account_is_in_use_again(shop: Shop) -> None:
    sent = {"name": "Second bank", "number": "1", "kind": "bank"}
    assert shop.post("/payments/bank-accounts/new", sent).status_code == 303
    account = shop.world.value("SELECT id FROM bank_account WHERE name = 'Second bank'")
    active = "SELECT is_active FROM bank_account WHERE id = :id"
    client = shop.client()
    _, undo = send(client, f"/payments/bank-accounts/{account}/archive")
    assert shop.world.value(active, id=account) is False
    send(client, undo)
    assert shop.world.value(active, id=account) is True


def test_a_reorder_point_is_put_back_and_never_written_over_unseen(shop: Shop) -> None:
    world, client = shop.world, shop.client()
    product = world.product()
    warehouse = world.value("SELECT id FROM warehouse WHERE is_default")
    point = "SELECT quantity FROM reorder_point WHERE product_id = :id"
    there = f"/products/{product}/reorder-point"
    _, undo = send(client, there, warehouse_id=warehouse, quantity="8", was="")
    assert world.value(point, id=product) == 8
    stale = shop.post(there, {"warehouse_id": warehouse, "quantity": "9", "was": ""})
    assert stale.status_code == 409 and "it now says “8”" in html.unescape(stale.text)
    assert re.search(r'name="was" value="8"><input class="n" name="quantity"[^>]* value="9"', stale.text)
    send(client, undo)
    assert world.rows(point, id=product) == []
    assert client.post(undo, data={"idempotency_key": new_key()}).status_code == 409
