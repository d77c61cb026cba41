"""The fields that lists declare as editable: each saved where it stands and taken back, for many at once, by the
record's own command; nothing of a mask, of a foreign row, or of what a record takes from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event

from core.customers import save_contact
from core.lists.edits import EDITINGS, edit_record
from core.suppliers import create_supplier
from crm.pipeline import change_opportunity, create_opportunity
from tests.web.lists.pages import read_list
from tests.web.pages_sell.conftest import Shop
from tests.world import new_key

VALUES = {
    "opportunities": {
        "amount": "1200.50",
        "expected_close_on": "2027-03-31",
        "budget": "9000",
        "schedule": "second quarter",
        "source": "fair",
        "competitor": "Globex",
        "name": "Renamed",
    },
    "contacts": {
        "title": "Head of purchasing",
        "phone": "+86 139 0000 1111",
        "email": "new@quick.example",
        "decision_power": "signs",
        "preferred_channel": "wechat",
        "do_not_call": "yes",
        "is_active": "",
    },
}


@pytest.fixture
def people(shop: Shop) -> list[int]:
    customer = shop.ids["customer"]
    given = {"title": "Buyer", "phone": "+49 372 035188", "email": "horst@quick.example", "decision_power": "budget"}
    return [shop.world.run(save_contact, customer, {"name": f"Horst {n}", **given})["id"] for n in range(3)]


@pytest.fixture
def deals(shop: Shop) -> list[int]:
    values = {"amount": Decimal(700), "source": "web", "budget": Decimal(800)}
    return [
        shop.world.run(create_opportunity, shop.ids["customer"], {"name": f"Deal {n}", **values})["id"]
        for n in range(3)
    ]


@pytest.fixture
def unseeing(shop: Shop) -> Iterator[str]:
    """Somebody who may change contacts and sees no phone."""
    actor = shop.actors["manager"]
    shop.actors["unseeing"] = replace(actor, permissions=actor.permissions - {"phones.read"})
    yield "unseeing"
    del shop.actors["unseeing"]


def row_of(shop: Shop, list_name: str, record_id: int) -> dict[str, str]:
    """The editable fields of a record as their forms write them."""
    editing = EDITINGS[list_name]
    columns = ", ".join(editing.fields.values())
    table = editing.model.__tablename__
    [found] = shop.world.rows(f"SELECT {columns} FROM {table} WHERE id = :id", id=record_id)
    texts = ({True: "yes", False: "", None: ""}.get(value, str(value)) for value in found)
    return dict(zip(editing.fields, texts, strict=True))


def column_of(shop: Shop, table: str, name: str, ids: list[int]) -> list[Any]:
    found = shop.world.rows(f"SELECT {name} FROM {table} WHERE id = ANY (:ids) ORDER BY id", ids=ids)
    return [row[0] for row in found]


def latest_job(shop: Shop) -> int:
    return int(shop.world.value("SELECT max(id) FROM bulk_job"))


@pytest.mark.parametrize("name", sorted(EDITINGS))
def test_every_field_declared_is_offered(shop: Shop, name: str, people: list[int], deals: list[int]) -> None:
    if name == "suppliers":
        made = {"name": new_key(), "country": "CN"}
        record_id = shop.world.run(create_supplier, made)["id"]
    else:
        record_id = {"contacts": people[0], "opportunities": deals[0]}.get(name) or shop.ids[
            {"customers": "customer", "products": "tea"}[name]
        ]
    asked = shop.post(f"/lists/{name}/act", {"action": "edit", "id": record_id}).text
    for column in EDITINGS[name].fields:
        assert f'<option value="{column}"' in asked
        assert shop.client("admin").get(f"/lists/{name}/{record_id}/{column}").status_code == 200, column


@pytest.mark.parametrize("name", sorted(VALUES))
def test_each_field_is_saved_where_it_stands_and_taken_back(
    shop: Shop, name: str, people: list[int], deals: list[int]
) -> None:
    record_id = {"contacts": people, "opportunities": deals}[name][0]
    before = row_of(shop, name, record_id)
    assert list(VALUES[name]) == list(EDITINGS[name].fields)
    for column, value in VALUES[name].items():
        here = f"/lists/{name}/{record_id}/{column}"
        assert shop.post(here, {"value": value, "was": before[column]}).status_code == 303, column
        now = row_of(shop, name, record_id)
        assert now[column] not in (before[column], None)
        assert now[column].startswith(value)
        assert {**now, column: ""} == {**before, column: ""}
        assert shop.post(here, {"value": "x", "was": before[column]}).status_code in (409, 422), column
        assert shop.post(here, {"value": before[column], "was": value}).status_code == 303, column
        assert row_of(shop, name, record_id) == before
    table = EDITINGS[name].model.__tablename__
    told = "SELECT count(*) FROM audit_row WHERE record_type = :type AND record_id = :id"
    assert shop.world.value(told, type=table, id=record_id) == 1 + 2 * len(VALUES[name])


def test_deals_are_changed_together_and_taken_back(shop: Shop, deals: list[int]) -> None:
    sent = {"action": "edit", "column": "expected_close_on", "value": "2027-06-30", "confirmed": "yes", "id": deals}
    assert shop.post("/lists/opportunities/act", sent).status_code == 303
    days = [f"{day}" for day in column_of(shop, "opportunity", "expected_close_on", deals)]
    assert days == ["2027-06-30"] * 3
    assert column_of(shop, "opportunity", "version", deals) == [2] * 3
    shop.world.run(change_opportunity, deals[1], {"expected_close_on": None})
    assert shop.post(f"/lists/jobs/{latest_job(shop)}/undo", {}).status_code == 303
    assert column_of(shop, "opportunity", "expected_close_on", deals) == [None] * 3
    page = html.unescape(shop.client("admin").get(f"/lists/jobs/{latest_job(shop)}").text)
    assert "2 taken back" in page
    assert "Deal 1" in page


def test_a_deal_keeps_what_it_has_from_elsewhere_and_refuses_what_is_none(shop: Shop, deals: list[int]) -> None:
    for column in ("owner", "probability", "stage", "customer", "number", "lost_reason"):
        assert shop.client("admin").get(f"/lists/opportunities/{deals[0]}/{column}").status_code == 404, column
    for column, value, was, status in (
        ("name", "", "Deal 0", 422),
        ("amount", "much", "700.00", 422),
        ("amount", "-1", "700.00", 409),
        ("expected_close_on", "31.3.", "", 422),
    ):
        answer = shop.post(f"/lists/opportunities/{deals[0]}/{column}", {"value": value, "was": was})
        assert (answer.status_code, column) == (status, column)
        assert 'id="value-error"' in answer.text
    sent = {"action": "edit", "column": "amount", "value": "-1", "confirmed": "yes", "id": deals}
    assert shop.post("/lists/opportunities/act", sent).status_code == 303
    assert "3 refused" in shop.client("admin").get(f"/lists/jobs/{latest_job(shop)}").text
    assert column_of(shop, "opportunity", "amount", deals) == [Decimal(700)] * 3


def test_people_are_no_longer_called_all_at_once(shop: Shop, people: list[int]) -> None:
    sent = {"action": "edit", "column": "do_not_call", "value": "yes", "confirmed": "yes", "id": people}
    assert shop.post("/lists/contacts/act", sent).status_code == 303
    assert column_of(shop, "contact", "do_not_call", people) == [True] * 3
    assert shop.post(f"/lists/jobs/{latest_job(shop)}/undo", {}).status_code == 303
    assert column_of(shop, "contact", "do_not_call", people) == [False] * 3


def test_a_masked_phone_is_not_edited_in_the_list(shop: Shop, people: list[int], unseeing: str) -> None:
    client, here = shop.client(unseeing), f"/lists/contacts/{people[0]}/phone"
    page = client.get("/contacts").text
    assert f"/lists/contacts/{people[0]}/title" in page
    assert f"/lists/contacts/{people[0]}/phone" not in page
    assert client.get(here).status_code == 404
    assert shop.post(here, {"value": "1", "was": ""}, unseeing).status_code == 403
    asked = shop.post("/lists/contacts/act", {"action": "edit", "id": people}, unseeing).text
    assert 'value="title"' in asked
    assert 'value="phone"' not in asked
    sent = {"action": "edit", "column": "phone", "value": "1", "confirmed": "yes", "id": people}
    assert shop.post("/lists/contacts/act", sent, unseeing).status_code == 200
    assert column_of(shop, "contact", "phone", people) == ["+49 372 035188"] * 3


def test_only_who_may_and_only_rows_he_sees(shop: Shop, people: list[int], deals: list[int]) -> None:
    world, other = shop.world, shop.world.customer(f"Foreign {new_key()}", owner_id=shop.actors["manager"].user_id)
    foreign = {
        "contacts": world.run(save_contact, other, {"name": "Hidden", "title": "Buyer"})["id"],
        "opportunities": world.run(create_opportunity, other, {"name": "Hidden", "amount": Decimal(1)})["id"],
    }
    for name, column, own in (("contacts", "title", people), ("opportunities", "source", deals)):
        table = EDITINGS[name].model.__tablename__
        before = column_of(shop, table, column, [foreign[name]])
        assert shop.client("sales").get(f"/lists/{name}/{foreign[name]}/{column}").status_code == 404
        in_place = shop.post(f"/lists/{name}/{foreign[name]}/{column}", {"value": "x", "was": before[0] or ""}, "sales")
        assert in_place.status_code in (404, 409)
        sent = {"action": "edit", "column": column, "value": "x", "confirmed": "yes", "id": [*own, foreign[name]]}
        assert shop.post(f"/lists/{name}/act", sent, "sales").status_code == 303
        assert column_of(shop, table, column, own) == ["x"] * 3
        assert column_of(shop, table, column, [foreign[name]]) == before
        assert shop.post(f"/lists/{name}/act", sent, "warehouse").status_code in (403, 404)
    assert read_list(shop.client("sales"), "/contacts").ids()
    assert not read_list(shop.client("warehouse"), "/contacts").ids()


def test_a_contact_is_locked_after_its_customer(shop: Shop, people: list[int]) -> None:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, text: str, *_more: Any) -> None:
        if "FOR NO KEY UPDATE" in text or "FOR UPDATE" in text:
            seen.append("contact" if "FROM contact" in text else "customer" if "FROM customer" in text else "other")

    engine = shop.world.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        shop.world.run(edit_record, "contacts", people[0], "title", "Head", "Buyer")
    finally:
        event.remove(engine, "before_cursor_execute", note)
    rows = [name for name in seen if name != "other"]
    assert rows[0] == "customer"
    assert "contact" in rows
